import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The inputs that are kept, a folder for each target. */
export const CORPUS_FOLDER = fileURLToPath(new URL('../corpus', import.meta.url));

/** @returns `[{ file, input }]` in the order of their names */
export function readCorpus(folder, target) {
  const home = join(folder, target);
  if (!existsSync(home)) return [];
  return readdirSync(home)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      file: join(home, name),
      input: JSON.parse(readFileSync(join(home, name), 'utf8')).input,
    }));
}

/** Keeps an input, with what it showed; returns the file. */
export function keepInput(folder, target, { input, rule, seed }) {
  const home = join(folder, target);
  mkdirSync(home, { recursive: true });
  const digest = createHash('sha1').update(JSON.stringify(input)).digest('hex').slice(0, 10);
  const file = join(home, `${digest}.json`);
  writeFileSync(file, `${JSON.stringify({ rule, seed, input }, null, 2)}\n`);
  return file;
}
