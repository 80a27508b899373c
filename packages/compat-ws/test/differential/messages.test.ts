import { describe } from 'vitest';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  PING,
  PONG,
  TEXT,
} from '../../../ws/test/rig/raw-frame.ts';
import { departs, differ } from './rig/differ.ts';
import { openSide, ROLES } from './rig/sides.ts';

const BINARY_TYPES = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const;
const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000];

describe.each(ROLES)('messages that a %s receives', (role) => {
  differ(`${role} emits text, binary, ping and pong`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.probe();
    side.say(TEXT, 'héllo');
    side.say(TEXT);
    side.say(BINARY, Buffer.from([1, 2, 3]));
    side.say(BINARY);
    side.say(PING, 'p');
    side.say(PING);
    side.say(PONG, 'q');
    side.say(PONG);
    await side.end(3001, 'bye');
  });

  for (const perMessageDeflate of [false, true]) {
    differ(
      `${role} gives each event a turn when told so, compressed: ${perMessageDeflate}`,
      async (ws, log) => {
        const options = { allowSynchronousEvents: false, perMessageDeflate };
        const side = await openSide(role, ws, log, { options });
        for (const event of ['message', 'ping', 'pong']) {
          side.socket.on(event, () => {
            setImmediate(() => log.note('socket', `turn of ${event}`));
            process.nextTick(() => log.note('socket', `tick of ${event}`));
            Promise.resolve().then(() => log.note('socket', `reaction to ${event}`));
          });
        }
        side.peer.write(
          side.encode(TEXT, 'one'),
          side.encode(PING, 'p'),
          side.encode(PONG, 'q'),
          side.encode(BINARY, 'two'),
          side.encode(TEXT, 'three', { fin: false }),
          side.encode(CONTINUATION, '!'),
        );
        await side.end(3001, 'bye');
      },
    );
  }

  differ(`${role} gives each event a turn, also when its peer has left meanwhile`, async (ws, log) => {
    const options = { allowSynchronousEvents: false };
    // When the end is heard, and the state changes, is a matter of time.
    const side = await openSide(role, ws, log, { options, isUnwatched: true });
    log.watch('socket', side.socket, ['message', 'close']);
    side.peer.write(...['1', '2', '3', '4', '5'].map((text) => side.encode(TEXT, text)));
    side.peer.stream.end();
    await side.closed;
  });

  differ(`${role} joins fragments with control frames between them`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.say(TEXT, 'a', { fin: false });
    side.say(PING, 'between');
    side.say(CONTINUATION, 'b', { fin: false });
    side.say(CONTINUATION, '', { fin: false });
    side.say(CONTINUATION, 'c');
    side.say(BINARY, '', { fin: false });
    side.say(CONTINUATION, '');
    await side.end();
  });

  differ(`${role} takes messages of every length encoding`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    for (const length of LENGTHS) side.say(BINARY, Buffer.alloc(length, 7));
    for (const length of LENGTHS) side.say(TEXT, 'é'.repeat(length / 2));
    await side.end();
  });

  differ(`${role} takes a frame byte by byte`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    for (const byte of side.encode(TEXT, 'slow')) side.peer.write(Buffer.from([byte]));
    await side.end();
  });

  differ(`${role} takes a message longer than one chunk with the close behind it`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const text = Buffer.alloc(300_000, 'ab');
    side.peer.write(side.encode(TEXT, text), side.encode(CLOSE, closePayload(1001, 'at once')));
    await side.drain();
  });

  differ(`${role} answers pings unless autoPong is off`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { autoPong: false } });
    side.say(PING, 'unanswered');
    side.say(TEXT, 'x');
    await side.end();
  });

  departs(`${role} answers pings where autoPong is undefined`, 'RFC 6455 5.5.2', async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { autoPong: undefined } });
    side.say(PING, 'answered');
    await side.end();
  });

  departs(`${role} does not ask a foreign pong() to answer pings`, 'the core answers', async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.pong = () => log.note('socket', 'pong');
    side.say(PING, 'answered');
    await side.end();
  });

  differ(`${role} answers each ping of a burst`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.peer.write(...Array.from({ length: 50 }, (_none, index) => side.encode(PING, `${index}`)));
    await side.end();
  });

  differ(`${role} answers a thousand pings, one after the other`, async (ws, log) => {
    const side = await openSide(role, ws, log, { isUnwatched: true });
    for (let i = 0; i < 1000; i++) {
      side.say(PING, `${i}`);
      await side.wire.frames(1);
    }
    await side.end();
  });

  differ(`${role} sends from within a listener what its state lets it`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const { socket } = side;
    for (const event of ['message', 'ping', 'close'] as const) {
      socket.on(event as 'message', () => {
        log.attempt('socket', `send in ${event}`, () => socket.send(event, log.callback('callback', event)));
        log.attempt('socket', `ping in ${event}`, () => socket.ping(event));
        side.probe(event);
      });
    }
    side.say(TEXT, 'x');
    side.say(PING, 'y');
    await side.wire.frames(5);
    await side.end(1000, 'bye');
    await new Promise((resolve) => setImmediate(resolve));
  });

  differ(`${role} takes invalid text when it skips the validation`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { skipUTF8Validation: true } });
    side.say(TEXT, Buffer.from([0xff, 0xfe]));
    await side.end();
  });

  differ(`${role} takes an invalid close reason then`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { skipUTF8Validation: true } });
    side.socket.onclose = (event) => log.note('onclose', 'called', event);
    side.say(CLOSE, Buffer.concat([closePayload(1000), Buffer.from([0xff, 0x61])]));
    await side.drain();
  });

  differ(`${role} judges the close code then`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { skipUTF8Validation: true } });
    side.say(CLOSE, Buffer.concat([closePayload(999), Buffer.from([0xff])]));
    await side.drain();
  });

  for (const type of BINARY_TYPES) {
    differ(`${role} emits binary messages as ${type}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      side.socket.binaryType = type as 'nodebuffer';
      side.probe();
      side.socket.on('message', async (data: unknown) => {
        if (data instanceof Blob)
          log.note(`blob of ${data.size}`, 'bytes', Buffer.from(await data.arrayBuffer()));
      });
      side.socket.onmessage = (event) => log.note('onmessage', 'called', event);
      side.say(BINARY, 'whole');
      side.say(BINARY);
      side.say(BINARY, Buffer.alloc(100_000, 1));
      side.say(TEXT, 'text');
      side.say(TEXT, 'frag', { fin: false });
      side.say(CONTINUATION, 'ment');
      await side.end();
    });
  }

  for (const type of BINARY_TYPES) {
    differ(`${role} emits messages in fragments as ${type}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      side.socket.binaryType = type as 'nodebuffer';
      side.say(BINARY, 'ab', { fin: false });
      side.say(CONTINUATION, '', { fin: false });
      side.say(PING, 'between');
      side.say(CONTINUATION, Buffer.alloc(70_000, 5), { fin: false });
      side.say(CONTINUATION, 'c');
      side.say(TEXT, 'te', { fin: false });
      side.say(CONTINUATION, 'xt');
      side.say(BINARY, '', { fin: false });
      side.say(CONTINUATION);
      side.say(BINARY, 'whole');
      await side.end();
    });
  }

  differ(`${role} shapes a message by the type of when it ends`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.once('ping', () => {
      side.socket.binaryType = 'fragments';
    });
    side.say(BINARY, 'a', { fin: false });
    side.say(PING);
    side.say(CONTINUATION, 'b');
    await side.end();
  });

  differ(`${role} ignores a binaryType that there is not`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    for (const type of ['nope', undefined, 'arraybuffer', '']) {
      log.attempt('socket', `binaryType = ${type}`, () => {
        side.socket.binaryType = type as 'nodebuffer';
      });
      side.probe();
    }
    await side.end();
  });

  differ(`${role} changes how binary messages arrive within a listener`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.once('message', () => {
      side.socket.binaryType = 'arraybuffer';
    });
    side.peer.write(side.encode(BINARY, 'one'), side.encode(BINARY, 'two'));
    await side.end();
  });

  for (const allowSynchronousEvents of [true, false]) {
    differ(
      `${role} emits messages of one chunk with allowSynchronousEvents ${allowSynchronousEvents}`,
      async (ws, log) => {
        const side = await openSide(role, ws, log, { options: { allowSynchronousEvents } });
        side.socket.on('message', (data) => {
          queueMicrotask(() => log.note('socket', 'microtask after', data));
          process.nextTick(() => log.note('socket', 'tick after', data));
        });
        side.socket.on('ping', (data) => queueMicrotask(() => log.note('socket', 'microtask after', data)));
        side.socket.on('pong', (data) => queueMicrotask(() => log.note('socket', 'microtask after', data)));
        side.peer.write(
          side.encode(TEXT, '1'),
          side.encode(PING, '2'),
          side.encode(TEXT, '3'),
          side.encode(PONG, '4'),
          side.encode(BINARY, '5'),
        );
        await side.end();
      },
    );
  }

  differ(`${role} emits nothing behind the close frame`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.peer.write(
      side.encode(CLOSE, closePayload(1000)),
      side.encode(TEXT, 'late'),
      side.encode(PING, 'late'),
    );
    await side.drain();
  });

  differ(`${role} still emits what arrives after its own close frame`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.close(4000, 'done');
    side.probe();
    await side.wire.frames(1);
    side.say(TEXT, 'still');
    await side.end(4001, 'too');
  });
});
