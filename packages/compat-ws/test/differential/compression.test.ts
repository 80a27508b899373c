import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { constants, deflateRawSync } from 'node:zlib';
import { describe } from 'vitest';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  frame,
  PING,
  TEXT,
} from '../../../ws/test/rig/raw-frame.ts';
import { departs, differ } from './rig/differ.ts';
import type { Socket, WsModule } from './rig/modules.ts';
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

function streamOf(socket: Socket): Duplex {
  return (socket as unknown as { readonly _socket: Duplex })._socket;
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

  differ(`${role} compresses only what it is not told not to`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, { deflate: { threshold: 0, zlibDeflateOptions: null } });
    for (const compress of [undefined, null, 0, 1]) side.socket.send(LONG, { compress } as object);
    await side.wire.frames(4);
    await side.end();
  });

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

  departs(`${role} is closed while it compresses`, 'it leaves as it is', async (ws, log) => {
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

  /** How a socket ends while it compresses; what is said on its wire is nobody's to hear. */
  const ENDS: Readonly<Record<string, (socket: Socket) => void>> = {
    'it is terminated': (socket) => socket.terminate(),
    'it is terminated while it closes': (socket) => {
      socket.close(1000, 'bye');
      socket.terminate();
    },
    'its stream is destroyed': (socket) => streamOf(socket).destroy(),
  };
  for (const [end, run] of Object.entries(ENDS)) {
    for (const times of [1, 100]) {
      differ(`${role} drops what it compresses, ${times} times the text, when ${end}`, async (ws, log) => {
        const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
        const { socket } = side;
        const done = ['first', 'second', 'plain'].map(
          (name) =>
            new Promise<void>((resolve) => {
              socket.send(LONG.repeat(times), { compress: name !== 'plain' }, (error) => {
                log.note('callback', name, error, socket.readyState);
                resolve();
              });
            }),
        );
        socket.ping('ping', undefined, log.callback('callback', 'ping'));
        socket.once('close', () => log.note('callback', 'close'));
        run(socket);
        side.probe('ended');
        await Promise.all([side.closed, ...done]);
      });
    }
  }

  differ(
    `${role} counts what it compresses until it is sent, and what is sent behind it`,
    async (ws, log) => {
      const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
      const { socket } = side;
      const count = (what: string): void => {
        const sender = (socket as unknown as { _sender: { _bufferedBytes: number } })._sender;
        log.note('socket', what, socket.bufferedAmount, sender._bufferedBytes);
      };
      socket.send('plain', { compress: false });
      count('sent at once');
      socket.send(LONG);
      count('compressed');
      socket.send('plain', { compress: false });
      socket.send(Buffer.alloc(100));
      count('behind it');
      socket.ping('ping');
      socket.pong('pong');
      count('control frames behind it');
      socket.close(1000, 'bye');
      count('and the close frame');
      await side.end();
    },
  );

  differ(`${role} writes to its stream ahead of what it compresses`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
    side.socket.send(LONG);
    streamOf(side.socket).write(frame(PING, 'raw', { mask: role === 'client' }));
    await side.wire.frames(2);
    await side.end();
  });

  differ(`${role} answers in the chunk of the close frame, compressed`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
    side.socket.on('message', (data) => side.socket.send(`${data}!`, log.callback('callback', 'sent')));
    side.peer.write(Buffer.concat([side.encode(TEXT, LONG), side.encode(CLOSE, closePayload(1000))]));
    await side.drain();
  });

  for (const [name, args] of [
    ['the arguments that it is given', null],
    ['a code of its own', [1001, 'zz']],
  ] as const) {
    differ(
      `${role} sends last words, compressed, in a close() that a program put there, and closes with ${name}`,
      async (ws, log) => {
        const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
        const { socket } = side;
        const { close } = socket;
        socket.close = (...given) => {
          log.note('socket', 'close', ...given, socket.readyState);
          socket.send(LONG, log.callback('callback', 'last words'));
          close.apply(socket, (args ?? given) as typeof given);
        };
        side.say(CLOSE, closePayload(4000, 'theirs'));
        await side.drain();
      },
    );
  }

  differ(`${role} is asked to close for a violation, and sends last words, compressed`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
    const { socket } = side;
    const { close } = socket;
    socket.close = (...given) => {
      socket.send(LONG, log.callback('callback', 'last words'));
      close.apply(socket, given);
    };
    side.say(3);
    await side.drain();
  });

  differ(`${role} sends many compressed messages of one turn in order`, async (ws, log) => {
    const side = await openDeflating(role, ws, log, { deflate: { threshold: 0 } });
    for (let i = 0; i < 600; i++) side.socket.send(`${i} ${LONG.slice(0, 100)}`);
    await side.wire.frames(600);
    await side.end();
  });

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
