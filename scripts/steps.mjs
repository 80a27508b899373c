/** Runs the steps of a check, says how long each took, and stops at the first that fails. */
import { spawn, spawnSync } from 'node:child_process';
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

/**
 * As {@link runStep}, beside others: it shows what the program wrote when that has ended.
 * @returns {Promise<void>} fulfilled when the program has succeeded
 */
export async function startStep(name, file, args = []) {
  const startMs = performance.now();
  const child = spawn(process.execPath, [`${root}/${file}`, ...args], { cwd: root });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const status = await new Promise((resolve) => child.on('error', resolve).on('close', resolve));
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  process.stdout.write(`\n> ${name}\n${Buffer.concat(output)}`);
  if (status !== 0) {
    console.error(`  ${name}: FAILED after ${seconds} s`);
    process.exit(1);
  }
  console.log(`  ${name}: ok, ${seconds} s`);
}
