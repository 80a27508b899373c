import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';
import { describe } from 'vitest';
import { BINARY, CONTINUATION, PING, TEXT } from '../../../ws/test/rig/raw-frame.ts';
import { departs, differ } from './rig/differ.ts';
import type { WsModule } from './rig/modules.ts';
import type { Recorder } from './rig/recorder.ts';
import { openSide, ROLES, type Role, type Side, type SideOptions } from './rig/sides.ts';

const NO_TAKEOVER = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

/** Opens a side that agreed on permessage-deflate. */
function openDeflating(
  role: Role,
  ws: WsModule,
  log: Recorder,
  {
    agreement = 'permessage-deflate',
    deflate = {},
    options = {},
  }: {
    agreement?: string;
    deflate?: object;
    options?: NonNullable<SideOptions['options']>;
  } = {},
): Promise<Side> {
  return openSide(role, ws, log, {
    options: { ...options, perMessageDeflate: deflate },
    headers: { 'Sec-WebSocket-Extensions': agreement },
  });
}

/** Deflates as the peer would, without any context. */
function deflate(text: string | Buffer): Buffer {
  const deflated = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  return deflated.subarray(0, -4);
}

const LONG = 'all work and no play '.repeat(200);

describe.each(ROLES)('compression by a %s', (role) => {
  for (const agreement of ['permessage-deflate', NO_TAKEOVER]) {
    for (const threshold of [undefined, 0, 5]) {
      differ(`${role} compresses under "${agreement}" from ${threshold} bytes`, async (ws, log) => {
        const side = await openDeflating(role, ws, log, { agreement, deflate: { threshold } });
        side.probe();
        for (const data of [LONG, LONG, Buffer.from(LONG), new Blob([LONG]), Buffer.alloc(1024)]) {
          side.socket.send(data as Buffer, log.callback('callback', 'sent'));
        }
        side.socket.send('five5', { compress: false });
        side.socket.send(LONG, { compress: false }, log.callback('callback', 'not compressed'));
        side.socket.send(LONG, { compress: true }, log.callback('callback', 'compressed'));
        side.socket.ping('ping', undefined, log.callback('callback', 'ping'));
        side.socket.close(1000, 'in order');
        await side.end();
      });
    }

    differ(`${role} compresses fragments under "${agreement}"`, async (ws, log) => {
      const side = await openDeflating(role, ws, log, { agreement, deflate: { threshold: 0 } });
      side.socket.send('a'.repeat(2000), { fin: false });
      side.socket.send('b'.repeat(2000), { fin: false, compress: false });
      side.socket.send('', { fin: true });
      side.socket.send('plain', { fin: false, compress: false });
      side.socket.send('c'.repeat(2000), { fin: true, compress: true });
      side.socket.send(LONG);
      await side.wire.frames(6);
      await side.end();
    });

    differ(`${role} inflates under "${agreement}"`, async (ws, log) => {
      const side = await openDeflating(role, ws, log, { agreement });
      side.say(TEXT, deflate(LONG), { rsv: 4 });
      side.say(TEXT, 'plain');
      side.say(BINARY, deflate(Buffer.alloc(100_000, 5)), { rsv: 4 });
      side.say(TEXT, Buffer.from([0]), { rsv: 4 });
      side.say(PING, 'between');
      const deflated = deflate('in three fragments');
      side.say(TEXT, deflated.subarray(0, 3), { rsv: 4, fin: false });
      side.say(PING, 'within');
      side.say(CONTINUATION, deflated.subarray(3, 5), { fin: false });
      side.say(CONTINUATION, deflated.subarray(5));
      await side.end(1000, 'in order');
    });
  }

  differ(`${role} without context compresses nothing below its threshold`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, { agreement: NO_TAKEOVER, deflate: { threshold: 4201 } });
    side.socket.send(LONG);
    side.socket.send(`${LONG}!`);
    await side.wire.frames(2);
    await side.end();
  });

  departs(
    `${role} with context compresses nothing below its threshold`,
    'it counts always',
    async (ws, log) => {
      const side = await openDeflating(role, ws, log, { deflate: { threshold: 4201 } });
      side.socket.send(LONG);
      await side.wire.frames(1);
      await side.end();
    },
  );

  departs(`${role} does not deflate what would become longer`, 'fewer bytes', async (ws, log) => {
    const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
    for (const text of ['', 'four', 'five5']) side.socket.send(text);
    await side.wire.frames(3);
    await side.end();
  });

  departs(`${role} names broken data itself`, 'zlib says it in more than one way', async (ws, log) => {
    const side = await openDeflating(role, ws, log);
    side.say(BINARY, Buffer.from([0xff, 0xff, 0xff]), { rsv: 4 });
    await side.drain();
  });

  differ(`${role} inflates with what it inflated before`, async (ws, log) => {
    const side = await openDeflating(role, ws, log);
    const dictionary = Buffer.from(LONG);
    side.say(TEXT, deflate(LONG), { rsv: 4 });
    for (let i = 0; i < 3; i++) {
      const deflated = deflateRawSync(LONG, { finishFlush: constants.Z_SYNC_FLUSH, dictionary });
      side.say(TEXT, deflated.subarray(0, -4), { rsv: 4 });
    }
    await side.end();
  });

  const BROKEN: Readonly<Record<string, (side: Side) => void>> = {
    'a ping with RSV1': (side) => side.say(PING, 'x', { rsv: 4 }),
    'a continuation with RSV1': (side) => {
      side.say(TEXT, deflate('x'), { rsv: 4, fin: false });
      side.say(CONTINUATION, 'y', { rsv: 4 });
    },
    'RSV1 and RSV2': (side) => side.say(TEXT, deflate('x'), { rsv: 6 }),
    'invalid text inside': (side) => side.say(TEXT, deflate(Buffer.from([0xff, 0xff])), { rsv: 4 }),
    'more than maxPayload inside': (side) => side.say(TEXT, deflate(LONG), { rsv: 4 }),
    'maxPayload deflated': (side) =>
      side.say(BINARY, deflate(Buffer.from('0123456789'.repeat(10))), { rsv: 4 }),
  };
  for (const [name, say] of Object.entries(BROKEN)) {
    differ(`${role} receives ${name}`, async (ws, log) => {
      const side = await openDeflating(role, ws, log, { options: { maxPayload: 100 } });
      say(side);
      if (name === 'maxPayload deflated') await side.end();
      else await side.drain();
    });
  }

  differ(`${role} counts what waits to be compressed`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
    side.socket.send(randomBytes(200_000));
    side.socket.send(randomBytes(200_000));
    log.note('socket', 'waits', side.socket.bufferedAmount > 0);
    side.socket.terminate();
    await side.closed;
  });

  departs(`${role} is closed while it compresses`, 'the close is answered at once', async (ws, log) => {
    const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
    const called = new Promise<void>((resolve) => {
      side.socket.send(randomBytes(8_000_000), (error) => {
        log.note('callback', 'sent', error);
        resolve();
      });
    });
    await side.end(1001, 'leaving');
    await called;
  });

  departs(
    `${role} breaks off compressing when it is terminated`,
    'the error has other words',
    async (ws, log) => {
      const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
      const called = ['first', 'second'].map(
        (name) =>
          new Promise<void>((resolve) => {
            side.socket.send(LONG.repeat(100), (error) => {
              log.note('callback', name, error);
              resolve();
            });
          }),
      );
      side.socket.terminate();
      await Promise.all([side.closed, ...called]);
    },
  );

  differ(`${role} still compresses what was sent before the close`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, {
      deflate: { threshold: 0, level: 9, concurrencyLimit: 1 },
    });
    for (let i = 0; i < 5; i++) side.socket.send(`${i}${LONG}`, log.callback('callback', `${i}`));
    side.socket.close(1001, 'behind them');
    await side.end();
  });

  differ(`${role} compresses with the zlib options it is given`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, {
      deflate: {
        threshold: 0,
        zlibDeflateOptions: { level: 1, memLevel: 3, chunkSize: 1024, strategy: 2 },
        zlibInflateOptions: { chunkSize: 1024 },
      },
    });
    side.socket.send(LONG);
    await side.wire.frames(1);
    side.say(TEXT, deflate(LONG), { rsv: 4 });
    await side.end();
  });
});
