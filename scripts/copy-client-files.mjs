/** Copies the client's bundles to where the server finds them: see docs/decisions/0051-client-files.md. */
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.mjs';

const from = join(root, 'packages/client/dist');
const to = join(root, 'packages/io/client-dist');

rmSync(to, { recursive: true, force: true });
mkdirSync(to);
for (const name of readdirSync(from)) {
  if (/^socket\.io\..*js(\.map)?$/.test(name)) copyFileSync(join(from, name), join(to, name));
}
