import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const HOME = join(__dirname, '..');
const ROOT = join(HOME, '../..');

describe('types', () => {
  it.each([
    ['programs.mts', '@types/ws', 'node_modules/@types/ws/index.d.mts'],
    ['programs.mts', 'ours', 'packages/compat-ws/wrapper.d.mts'],
    ['programs.cts', '@types/ws', 'node_modules/@types/ws/index.d.ts'],
    ['programs.cts', 'ours', 'packages/compat-ws/index.d.ts'],
  ])('%s compiles against %s', (program, whose, declarations) => {
    const folder = join(ROOT, '.cache', `types-${program}-${whose === 'ours' ? 'ours' : 'theirs'}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: {
        erasableSyntaxOnly: false,
        paths: { ws: [join(ROOT, declarations)] },
        skipLibCheck: false,
      },
      files: [join(HOME, 'test/types', program)],
      include: [],
      exclude: [],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', cwd: ROOT });
    // Declarations of others, which are checked along with ours, are theirs to mend.
    const faults = stdout.split('\n').filter((line) => line.startsWith('packages/'));
    expect(faults).toEqual([]);
  });
});
