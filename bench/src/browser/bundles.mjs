import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What is compared unless bundles are named: the minified modules, those of this tree when it is built. */
const DEFAULT_BUNDLES = Object.freeze({
  '@hawser/client': '../../../packages/client/dist/socket.io.esm.min.js',
  'socket.io-client': '../../../node_modules/socket.io-client/dist/socket.io.esm.min.js',
});

/** The default bundles that are there. */
export function defaultBundles() {
  return Object.entries(DEFAULT_BUNDLES)
    .map(([name, path]) => ({ name, path: fileURLToPath(new URL(path, import.meta.url)) }))
    .filter(({ path }) => existsSync(path));
}

/** Reads a bundle: whether a page imports it as a module or finds `io` in its globals, and what it weighs. */
export function readBundle({ name, path }) {
  const source = readFileSync(path);
  return {
    name,
    source,
    isModule: /\.(esm|mjs)\b/.test(basename(path)),
    rawBytes: source.length,
    gzipBytes: gzipSync(source, { level: 9 }).length,
    brotliBytes: brotliCompressSync(source).length,
  };
}
