/**
 * The chaos run, tested: it fails when its server breaks a promise, and says which.
 * Run with `node --test chaos/test/chaos.test.mjs`, after a build.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.mjs', import.meta.url));

describe('a short run fails', () => {
  for (const [broken, said] of [
    ['journal', /put \d+, acknowledged in life 1, is lost/],
    ['twice', /put \d+ was taken twice in life 1/],
    ['order', /news \d+ of life 1 after \d+/],
    ['gap', /news \d+ of life 1 is missing before \d+/],
  ]) {
    test(`when its server breaks the promise of ${broken}`, { timeout: 60_000 }, async () => {
      const args = ['--seconds', '2', '--clients', '5', '--break', broken];
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      const [chunks, [code]] = await Promise.all([child.stderr.toArray(), once(child, 'exit')]);
      assert.match(Buffer.concat(chunks).toString(), said);
      assert.equal(code, 1);
    });
  }
});
