/**
 * The soak test, tested: it fails when its server leaks, and judges readings as it says.
 * Run with `node --test soak/test/soak.test.mjs`, after a build.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { judgeGrowth } from '../src/growth.mjs';

const MAIN = fileURLToPath(new URL('../src/main.mjs', import.meta.url));

describe('a short soak fails', { concurrency: true }, () => {
  for (const [leak, quantity] of [
    ['memory', 'heapBytes'],
    ['buffers', 'externalBytes'],
    ['handles', 'handles'],
    ['descriptors', 'descriptors'],
  ]) {
    const skip = leak === 'descriptors' && process.platform !== 'linux' ? 'only Linux tells them' : false;
    test(`when its server leaks ${leak}, and says so`, { skip, timeout: 60_000 }, async () => {
      const args = ['--minutes', '0.01', '--connections', '60', '--plant-leak', leak];
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [chunks, [code]] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
      assert.match(Buffer.concat(chunks).toString(), new RegExp(`server +${quantity} .*GROWS`));
      assert.equal(code, 1);
    });
  }
});

test('growth is judged by medians, after a warm-up', () => {
  const reading = (heapBytes) => ({ heapBytes, externalBytes: 0, rssBytes: 0, handles: 9, descriptors: 9 });
  const grows = (heaps) => judgeGrowth(heaps.map(reading)).filter(({ isTooMuch }) => isTooMuch).length > 0;
  const mb = 1_000_000;
  assert.equal(grows([1, 20 * mb, 20 * mb, 20 * mb, 20 * mb]), false, 'what grows while warming up');
  assert.equal(
    grows([1, 1, 20 * mb, 20 * mb, 20 * mb, 90 * mb, 20 * mb, 20 * mb, 20 * mb]),
    false,
    'one peak',
  );
  assert.equal(grows([1, 1, 20 * mb, 21 * mb, 22 * mb]), true, 'what grows all the time');
});
