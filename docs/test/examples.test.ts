import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, '.cache', 'examples');
const EXAMPLE = /@example\n \* ```ts\n([\s\S]*?)\n \* ```/g;

it('every example in a docstring compiles', () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const examples = [
    'packages/protocol/src',
    'packages/ws/src',
    'packages/compat-websocket/src',
    'packages/engine/src',
    'packages/io/src',
    'packages/client/src',
  ].flatMap(examplesBelow);
  expect(examples.length).toBeGreaterThanOrEqual(3);
  examples.forEach((example, index) => {
    writeFileSync(join(FOLDER, `example-${index}.mts`), `${example}\nexport {};\n`);
  });
  writeFileSync(
    join(FOLDER, 'tsconfig.json'),
    '{ "extends": "../../tsconfig.json", "compilerOptions": { "noUnusedLocals": false }, "include": ["*.mts"] }\n',
  );
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', FOLDER], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

function examplesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(join(ROOT, folder, name), 'utf8').matchAll(EXAMPLE)])
    .map(([, body = '']) => body.replace(/^ \* ?/gm, ''));
}
