import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(__dirname, '../../..');
const FOLDER = join(ROOT, '.cache', 'compat-websocket-types');

test('a program written for @types/websocket compiles with our built types', () => {
  mkdirSync(FOLDER, { recursive: true });
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { paths: { websocket: ['../../packages/compat-websocket/dist/index.d.ts'] } },
    include: ['../../packages/compat-websocket/test/types/program.ts'],
  };
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', FOLDER, '--listFilesOnly'], {
    encoding: 'utf8',
  });
  expect(stdout).not.toContain('@types/websocket');
  expect(spawnSync(process.execPath, [tsc, '-p', FOLDER], { encoding: 'utf8' }).stdout).toBe('');
});
