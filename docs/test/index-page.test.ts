import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { markdownFiles } from './markdown-files.ts';

const INDEX = 'docs/README.md';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** They have an index of their own, or are listed as a folder. */
const GROUPS = /^docs\/(reference\/api|decisions)\//;

it('the index of the documentation lists every page', () => {
  const text = readFileSync(join(ROOT, INDEX), 'utf8');
  const listed = [...text.matchAll(/\]\(([^)#]+)/g)].map(([, path = '']) => join(dirname(INDEX), path));
  const pages = markdownFiles().filter((page) => page.startsWith('docs/') && !GROUPS.test(page));
  expect(pages.filter((page) => page !== INDEX && !listed.includes(page))).toEqual([]);
});
