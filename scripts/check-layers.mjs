/** Fails on an import between packages that ARCHITECTURE.md does not allow. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { root } from './steps.mjs';

/** The complete list: package -> packages that it may import. */
const ALLOWED = {
  protocol: [],
  ws: ['protocol'],
  'compat-ws': ['ws', 'protocol'],
  'compat-websocket': ['ws', 'protocol'],
  engine: ['protocol', 'ws'],
  io: ['protocol', 'engine'],
  // ws under the `node` condition only
  client: ['protocol', 'ws'],
  cli: ['io', 'client', 'ws'],
};

/** The layers of the core import nothing of the runtime. */
const PURE = ['protocol'];

const IMPORT = /\b(?:from|import|require)\s*\(?\s*'([^']+)'/g;

const faults = Object.keys(ALLOWED).flatMap((name) => {
  const home = join(root, 'packages', name);
  return sourceFiles(home).flatMap((file) =>
    importsOf(file).flatMap((target) => judge(name, home, file, target)),
  );
});

for (const fault of faults) console.error(fault);
console.log(`  ${Object.keys(ALLOWED).length} packages, ${faults.length} forbidden imports`);
process.exit(faults.length === 0 ? 0 : 1);

function sourceFiles(home) {
  return ['src', 'static']
    .map((folder) => join(home, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
    .filter((file) => /\.[cm]?[jt]s$/.test(file));
}

function importsOf(file) {
  // Examples in docstrings import what their reader would.
  const code = readFileSync(file, 'utf8').replace(/^\s*\*.*$/gm, '');
  return [...code.matchAll(IMPORT)].map((match) => match[1]);
}

function judge(name, home, file, target) {
  const where = relative(root, file);
  if (target.startsWith('.')) {
    const isInside = resolve(file, '..', target).startsWith(`${home}/`);
    return isInside ? [] : [`${where}: ${target} leaves the package`];
  }
  if (PURE.includes(name) && isBuiltin(target)) return [`${where}: ${target} in the pure core`];
  const sibling = target === 'hawser' ? 'cli' : /^@hawser\/([^/]+)/.exec(target)?.[1];
  if (sibling === undefined || ALLOWED[name].includes(sibling)) return [];
  return [`${where}: ${name} -> ${sibling} is not an edge of ARCHITECTURE.md`];
}
