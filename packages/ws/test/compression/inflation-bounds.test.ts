import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { deflate, OFFER, RSV1 } from '../rig/compressed.ts';
import { Queue } from '../rig/queue.ts';
import { BINARY, frame } from '../rig/raw-frame.ts';
import { openRaw } from '../rig/raw-peer.ts';
import { startServer } from '../rig/servers.ts';

describe('RFC 7692 8 what a peer can make us do', () => {
  test.each([
    ['messages that become large', 131_072, 8],
    ['messages that stay small', 1, 512],
  ])('server inflates only so many %s before others have their turn', async (_, byteLength, max) => {
    const total = max * 5;
    const done = new Queue<true>();
    let count = 0;
    let most = 0;
    let inTurn = 0;
    const { port } = await startServer({
      compression: true,
      message: () => {
        if (inTurn++ === 0) {
          setImmediate(() => {
            inTurn = 0;
          });
        }
        most = Math.max(most, inTurn);
        if (++count === total) done.push(true);
      },
    });
    const peer = await openRaw(port, OFFER);
    const message = frame(BINARY, deflate(Buffer.alloc(byteLength)), { rsv: RSV1 });
    peer.write(...Array.from({ length: total }, () => message));
    await done.next();
    // One more is inflated on another thread, and delivered before the turn in which it came back ends.
    expect(most).toBeLessThanOrEqual(max + 1);
  });

  // 7.2.3.4: each of them has to be inflated apart.
  test('server inflates no message of many last blocks before others have their turn', async () => {
    const seen = new Queue<string>();
    const { port } = await startServer({
      compression: true,
      message: (_, data) => {
        seen.push(`${data}`);
        setImmediate(() => seen.push('others'));
      },
    });
    const peer = await openRaw(port, OFFER);
    const lastBlocks = Buffer.concat(Array.from({ length: 200 }, () => deflateRawSync('')));
    const payload = Buffer.concat([lastBlocks, deflate('x')]);
    const message = frame(BINARY, payload, { rsv: RSV1 });
    peer.write(...Array.from({ length: 100 }, () => message));
    const reports = await seen.take(200);
    expect(reports.filter((report) => report === 'x')).toHaveLength(100);
    // At most one is delivered in the turn in which the one before came back.
    expect(reports.join(' ')).not.toContain('x x x');
  });
});
