import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const VERSION = '1.4.5';
const CACHE_DIRECTORY = fileURLToPath(new URL('../.cache', import.meta.url));
const PACKAGE_FOLDERS = [
  new URL('../../node_modules/', import.meta.url),
  new URL('../.cache/node_modules/', import.meta.url),
];
const ARCHITECTURES = Object.freeze({ x64: 'x64', arm64: 'aarch64' });

/** The registry package that holds Bun's binary for this system. */
export function bunPackageName() {
  return `@oven/bun-${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;
}

/** The path of Bun's binary, or undefined. */
export function findBun() {
  return PACKAGE_FOLDERS.map((folder) => fileURLToPath(new URL(`${bunPackageName()}/bin/bun`, folder))).find(
    (path) => existsSync(path),
  );
}

/** Fetches the binary into the git-ignored cache folder; the project's own node_modules stays untouched. */
export async function installBun() {
  mkdirSync(CACHE_DIRECTORY, { recursive: true });
  const packageSpec = `${bunPackageName()}@${VERSION}`;
  const args = ['install', '--prefix', CACHE_DIRECTORY, '--no-save', '--workspaces=false', packageSpec];
  const npm = spawn('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const stop = () => npm.kill();
  process.once('exit', stop);
  const [code] = await once(npm, 'close');
  process.off('exit', stop);
  if (code !== 0) throw new Error(`npm could not install ${packageSpec} (exit code ${code})`);
}
