import { Duplex } from 'node:stream';
import { Endpoint } from '@hawser/protocol/websocket';
import { describe, expect, test } from 'vitest';
import { resolveCompression } from '../../src/compression/compression-options.ts';
import { Compressor } from '../../src/compression/compressor.ts';
import { NodeNatives } from '../../src/natives.ts';
import { StreamConnection } from '../../src/stream-connection.ts';
import { TurnFlusher } from '../../src/turn-flusher.ts';
import { compressible, deflate, RSV1 } from '../rig/compressed.ts';
import { Queue } from '../rig/queue.ts';
import { frame, TEXT } from '../rig/raw-frame.ts';
import { turn } from '../rig/slow-peers.ts';

describe('RFC 6455 5.5.2 heartbeat of a connection that compresses', () => {
  test('server does not give up a client while it inflates its message, however long that takes', async () => {
    const settings = resolveCompression(true)!;
    const compressor = new Compressor({ ...settings, maxJobs: 1 }, 'server');
    const received = new Queue<number>();
    const connection = new StreamConnection(
      new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }),
      {
        endpoint: new Endpoint(
          {
            role: 'server',
            maxMessageBytes: 1_000_000,
            closeTimeoutMs: 10,
            pingIntervalMs: 10,
            pingTimeoutMs: 10,
          },
          new NodeNatives(),
        ),
        maxBufferedBytes: 1_000_000,
        maxUnwrittenBytes: 1_000_000,
        slowConsumer: 'close',
        flusher: new TurnFlusher(),
        events: {
          message: (_peer, data) => received.push(data.length),
          ping: () => {},
          pong: () => {},
          drain: () => {},
          failed: (error) => {
            throw error;
          },
          closing: () => {},
          closed: () => {},
        },
      },
      compressor.agree(settings.wanted),
      () => null,
    );
    // Others are inflated before.
    let finishOthers = () => {};
    compressor.jobs.run((done) => {
      finishOthers = done;
    });
    connection.start(null, frame(TEXT, deflate(compressible('large', 400_000)), { rsv: RSV1 }), () => {});
    for (let nowMs = 0; nowMs < 200; nowMs += 5) {
      connection.tick(nowMs);
      await turn();
    }
    expect(connection.isOpen).toBe(true);
    finishOthers();
    expect(await received.next()).toBe(400_000);
    connection.terminate();
  });
});
