import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runPage } from './console-page.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const pages = [
  'README.md',
  ...readdirSync(`${ROOT}/packages`).map((name) => `packages/${name}/README.md`),
  ...readdirSync(`${ROOT}/docs`, { recursive: true })
    .map((name) => `docs/${name}`)
    .filter((name) => name.endsWith('.md')),
];

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

  for (const page of pages.filter((path) => readFileSync(`${ROOT}/${path}`, 'utf8').includes('```console'))) {
    it(`${page} shows what its reader will see`, async () => {
      for (const { command, expected, actual } of await runPage(page)) {
        expect({ command, output: actual }).toEqual({ command, output: expected });
      }
    });
  }
});
