import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOT_OURS = /(^|\/)(node_modules|\.cache|dist)\//;

/** Returns the Markdown files of the project, as paths from its root. */
export function markdownFiles(): string[] {
  const below = ['docs', 'packages', 'bench', 'conformance'].flatMap((folder) =>
    readdirSync(`${ROOT}/${folder}`, { recursive: true }).map((name) => `${folder}/${name}`),
  );
  return [...readdirSync(ROOT), ...below].filter((name) => name.endsWith('.md') && !NOT_OURS.test(name));
}
