import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { markdownFiles } from './markdown-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FENCED = /^ *```[\s\S]*?^ *```$/gm;
const CODE = /`[^`\n]*`/g;
const LINK = /\]\(([^)\s]+)\)/g;
const HEADING = /^#{1,6} (.+)$/gm;
const ANCHOR = /<a id="([^"]+)"/g;
const ABSOLUTE = /^[a-z]+:/;

it('every link between the pages leads to a file, and every fragment to a heading of it', () => {
  expect(markdownFiles().flatMap(deadLinksOf)).toEqual([]);
});

function deadLinksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(FENCED, '').replace(CODE, 'code');
  return [...text.matchAll(LINK)]
    .map(([, target = '']) => target)
    .filter((target) => !ABSOLUTE.test(target) && !leadsSomewhere(page, target))
    .map((target) => `${page}: ${target}`);
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', fragment] = target.split('#');
  const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
  if (!existsSync(file)) return false;
  if (fragment === undefined) return true;
  return statSync(file).isFile() && anchorsOf(readFileSync(file, 'utf8')).has(fragment);
}

/** As GitHub makes them: a heading that repeats an earlier one gets a number. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set([...text.matchAll(ANCHOR)].map(([, id = '']) => id));
  const uses = new Map<string, number>();
  for (const [, heading = ''] of text.replace(FENCED, '').matchAll(HEADING)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/ /g, '-');
    const earlier = uses.get(slug) ?? 0;
    uses.set(slug, earlier + 1);
    anchors.add(earlier === 0 ? slug : `${slug}-${earlier}`);
  }
  return anchors;
}
