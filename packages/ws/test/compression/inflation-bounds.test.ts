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
});
