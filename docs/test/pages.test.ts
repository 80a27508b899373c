import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runPage } from './console-page.ts';
import { markdownFiles } from './markdown-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const pages = markdownFiles().filter((page) =>
  readFileSync(`${ROOT}/${page}`, 'utf8').includes('```console'),
);

describe('documentation', () => {
  it('names every bound of the server with its default', () => {
    const source = readFileSync(`${ROOT}/packages/ws/src/options.ts`, 'utf8');
    const reference = readFileSync(`${ROOT}/docs/reference/server.md`, 'utf8').replace(/ +/g, ' ');
    const defaults = /const DEFAULT_BOUNDS[^{]*\{([^}]*)\}/.exec(source)?.[1] ?? '';
    const rows = [...defaults.matchAll(/(\w+): ([^,]+),/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll('_', ''),
    ]);
    expect(rows.length).toBeGreaterThan(9);
    for (const [name, value] of rows) expect(reference).toContain(`| \`${name}\` | ${value} |`);
  });

  for (const page of pages) {
    it(`${page} shows what its reader will see`, async () => {
      for (const { command, expected, actual } of await runPage(page)) {
        expect({ command, output: actual }).toEqual({ command, output: expected });
      }
    });
  }
});
