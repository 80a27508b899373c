import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const HOME = join(__dirname, '..');
const ROOT = join(HOME, '../..');

describe('the default import', () => {
  test.each([
    ['default-import.mts', 'socket.io', 'node_modules/socket.io/dist/index.d.ts'],
    ['default-import.mts', 'ours', 'packages/io/wrapper.d.mts'],
    ['default-call.mts', 'ours', 'packages/io/wrapper.d.mts'],
  ])('%s compiles against %s', (program, whose, declarations) => {
    const folder = join(ROOT, '.cache', `io-types-${program}-${whose}`);
    mkdirSync(folder, { recursive: true });
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { paths: { 'socket.io': [join(ROOT, declarations)] } },
      files: [join(HOME, 'test/types', program)],
      include: [],
      exclude: [],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', cwd: ROOT });
    expect(stdout).toBe('');
  });

  test('has all that the index exports', () => {
    const index = readFileSync(join(HOME, 'src/index.ts'), 'utf8');
    const exported = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)]
      .flatMap(([, names]) => names!.split(','))
      .map((name) => name.replace('type ', '').trim())
      .filter((name) => name !== '');
    const wrapper = readFileSync(join(HOME, 'wrapper.d.mts'), 'utf8');
    const aliases = [...wrapper.matchAll(/^ {2}export (?:import|type) (\w+)/gm)].map(([, name]) => name);
    expect(aliases.sort()).toEqual(exported.sort());
  });
});

test.each(['protocol', 'ws', 'engine', 'io', 'client'])(
  'the declarations of %s have no default imports, which need esModuleInterop',
  (name) => {
    const folder = join(ROOT, 'packages', name, 'dist');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.d.ts'),
    );
    expect(files.length).toBeGreaterThan(0);
    const defaultImport = /^import (type )?\w+(,| from )/m;
    expect(files.filter((file) => defaultImport.test(readFileSync(join(folder, file), 'utf8')))).toEqual([]);
  },
);
