/** Bundles the client for browsers: the files that `socket.io-client` has in its `dist/`, by the same names. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const home = fileURLToPath(new URL('../packages/client', import.meta.url));
const { version } = JSON.parse(readFileSync(`${home}/package.json`, 'utf8'));
const BANNER = `/*! Hawser v${version}, a client for Socket.IO, MIT License */`;

/** Browsers with classes that have private fields: since 2021. */
const TARGET = 'es2022';

const BUNDLES = [
  { file: 'socket.io.js', format: 'umd', isMinified: false },
  { file: 'socket.io.min.js', format: 'umd', isMinified: true },
  { file: 'socket.io.esm.min.js', format: 'es', isMinified: true },
  { file: 'socket.io.msgpack.min.js', format: 'umd', isMinified: true, parser: 'socket.io-msgpack-parser' },
];

/** A script tag gives one name, so the bundle for it exports the function alone. */
const SCRIPT_ENTRY = 'script-entry';

for (const { file, format, isMinified, parser } of BUNDLES) {
  const isScript = format === 'umd';
  const bundle = await rolldown({
    input: isScript ? SCRIPT_ENTRY : `${home}/dist/esm/index.js`,
    platform: 'browser',
    transform: { target: TARGET },
    plugins: [modules(parser)],
  });
  await bundle.write({
    file: `${home}/dist/${file}`,
    format,
    name: 'io',
    exports: isScript ? 'default' : 'named',
    minify: isMinified,
    sourcemap: true,
    banner: BANNER,
  });
  await bundle.close();
}

/** Makes the entry of a script, and puts `parser` in the place of the one that the client has. */
function modules(parser) {
  return {
    name: 'hawser-client',
    resolveId(source) {
      if (source === SCRIPT_ENTRY) return `${home}/dist/esm/${SCRIPT_ENTRY}.js`;
      if (parser !== undefined && source === './default-parser.js')
        return `${home}/dist/esm/parser-of-choice.js`;
      return null;
    },
    load(id) {
      if (id.endsWith(`${SCRIPT_ENTRY}.js`)) return "export { io as default } from './io.js';";
      if (id.endsWith('parser-of-choice.js')) {
        return `import { Decoder, Encoder } from '${parser}'; export const defaultParser = { Decoder, Encoder };`;
      }
      return null;
    },
  };
}
