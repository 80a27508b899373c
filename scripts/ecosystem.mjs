/** Runs packages that depend on ws on the built drop-in, installed as a user would: by an override. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { root } from './steps.mjs';

const home = `${root}/conformance/ecosystem`;
const lock = `${home}/package-lock.json`;
/** Written by npm when it has installed everything. */
const installed = `${home}/node_modules/.package-lock.json`;

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) install();
await import('../conformance/ecosystem/main.mjs');

function install() {
  const flags = [
    '--omit=optional',
    '--omit=peer',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const { status } = spawnSync('npm', ['ci', ...flags], { cwd: home, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
