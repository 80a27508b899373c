/** Runs the steps of a check one by one, says how long each took, and stops at the first that fails. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a program of this workspace in its root.
 * @param {string} name - what the step is called in the output
 * @param {string} file - the program's JavaScript, relative to the root
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] - added to the environment
 */
export function runStep(name, file, args = [], env = {}) {
  const startMs = performance.now();
  console.log(`\n> ${name}`);
  const { status, error } = spawnSync(process.execPath, [`${root}/${file}`, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`  ${name}: ok, ${seconds} s`);
    return;
  }
  console.error(`  ${name}: FAILED after ${seconds} s${error === undefined ? '' : `: ${error.message}`}`);
  process.exit(1);
}
