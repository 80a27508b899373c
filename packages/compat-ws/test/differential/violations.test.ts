import type { Duplex } from 'node:stream';
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
import { openSide, ROLES, type Role, type Side } from './rig/sides.ts';

type Bytes = (side: Side) => Buffer[];

const INVALID_TEXT = Buffer.from([
  0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xcf, 0x83, 0xce, 0xbc, 0xce, 0xb5, 0xed, 0xa0, 0x80,
]);

/** What a peer does wrong. */
const VIOLATIONS: Readonly<Record<string, Bytes>> = {
  'RSV1 without an extension': (side) => [side.encode(TEXT, 'x', { rsv: 4 })],
  RSV2: (side) => [side.encode(TEXT, 'x', { rsv: 2 })],
  RSV3: (side) => [side.encode(BINARY, 'x', { rsv: 1 })],
  'RSV1 on a continuation': (side) => [
    side.encode(TEXT, 'x', { fin: false }),
    side.encode(CONTINUATION, 'y', { rsv: 4 }),
  ],
  'RSV1 on a ping': (side) => [side.encode(PING, '', { rsv: 4 })],
  'RSV3 on a close': (side) => [side.encode(CLOSE, '', { rsv: 1 })],
  'opcode 3': (side) => [side.encode(3)],
  'opcode 7': (side) => [side.encode(7, 'abc')],
  'opcode 11': (side) => [side.encode(11)],
  'opcode 15': (side) => [side.encode(15)],
  'a continuation of nothing': (side) => [side.encode(CONTINUATION, 'x')],
  'a continuation after the end': (side) => [
    side.encode(TEXT, 'a', { fin: false }),
    side.encode(CONTINUATION, 'b'),
    side.encode(CONTINUATION, 'c'),
  ],
  'text within a fragmented message': (side) => [
    side.encode(TEXT, 'a', { fin: false }),
    side.encode(TEXT, 'b'),
  ],
  'binary within a fragmented message': (side) => [
    side.encode(TEXT, 'a', { fin: false }),
    side.encode(BINARY, 'b', { fin: false }),
  ],
  'a fragmented ping': (side) => [side.encode(PING, 'x', { fin: false })],
  'a fragmented close': (side) => [side.encode(CLOSE, '', { fin: false })],
  'a ping of 126 bytes': (side) => [side.encode(PING, Buffer.alloc(126))],
  'a ping of 65536 bytes': (side) => [side.encode(PING, Buffer.alloc(65_536))],
  'a close frame of one byte': (side) => [side.encode(CLOSE, 'x')],
  'the wrong masking': (side) => [frame(TEXT, 'x', { mask: side.role === 'client' })],
  'the wrong masking of a ping': (side) => [frame(PING, 'x', { mask: side.role === 'client' })],
  'invalid UTF-8 in short text': (side) => [side.encode(TEXT, INVALID_TEXT)],
  'invalid UTF-8 in long text': (side) => [
    side.encode(TEXT, Buffer.concat([Buffer.alloc(70_000, 'a'), INVALID_TEXT])),
  ],
  'invalid UTF-8 in fragments': (side) => [
    side.encode(TEXT, Buffer.from([0xce]), { fin: false }),
    side.encode(CONTINUATION, Buffer.from([0xce])),
  ],
  'text that ends within a character': (side) => [side.encode(TEXT, Buffer.from([0xce]))],
  'invalid UTF-8 in a close reason': (side) => [
    side.encode(CLOSE, Buffer.concat([closePayload(1000), INVALID_TEXT])),
  ],
  'a length above 2^53': () => [],
  'a good message before': (side) => [side.encode(TEXT, 'good'), side.encode(3)],
  'a good ping before': (side) => [side.encode(PING, 'good'), side.encode(TEXT, INVALID_TEXT)],
};

const CODES = [
  0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1012, 1013, 1014, 1015, 1016, 2999, 3000,
  4999, 5000, 65535,
];

describe.each(ROLES)('a peer of a %s', (role) => {
  for (const [name, bytes] of Object.entries(VIOLATIONS)) {
    differ(`${role} fails on ${name}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      const sent = bytes(side);
      side.peer.write(...(sent.length > 0 ? sent : [tooLong(role)]));
      await side.drain();
    });
  }

  departs(`${role} fails at once on a fragment of invalid UTF-8`, 'RFC 6455 8.1', async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.say(TEXT, INVALID_TEXT, { fin: false });
    side.say(PING, 'still here');
    await side.end();
  });

  for (const code of CODES) {
    differ(`${role} judges close code ${code}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      await side.end(code, 'why');
    });
  }

  differ(`${role} answers an empty close frame`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.say(CLOSE);
    await side.drain();
  });

  differ(`${role} takes a message of just maxPayload bytes, and none of one more`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { maxPayload: 10 } });
    side.say(TEXT, '0123456789');
    side.say(BINARY, '01234', { fin: false });
    side.say(CONTINUATION, '56789');
    side.say(PING, 'longer than ten bytes');
    side.say(TEXT, '0123456789a');
    await side.drain();
  });

  differ(`${role} counts fragments against maxPayload`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { maxPayload: 10 } });
    side.say(BINARY, '0123456789', { fin: false });
    side.say(CONTINUATION, '', { fin: false });
    side.say(CONTINUATION, 'x', { fin: false });
    await side.drain();
  });

  differ(`${role} counts fragments against maxFragments`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { maxFragments: 3 } });
    side.say(TEXT, 'a', { fin: false });
    side.say(CONTINUATION, 'b', { fin: false });
    side.say(CONTINUATION, 'c');
    side.say(TEXT, 'a', { fin: false });
    side.say(CONTINUATION, 'b', { fin: false });
    side.say(CONTINUATION, 'c', { fin: false });
    side.say(CONTINUATION, 'd');
    await side.drain();
  });

  differ(`${role} has no limits where they are zero`, async (ws, log) => {
    const side = await openSide(role, ws, log, {
      options: { maxPayload: 0, maxFragments: 0, maxBufferedChunks: 0 },
    });
    side.say(TEXT, 'a', { fin: false });
    for (let i = 0; i < 20_000; i++) side.say(CONTINUATION, 'b', { fin: false });
    side.say(CONTINUATION, 'c');
    await side.end();
  });

  differ(`${role} fails after more fragments than it takes by default`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.say(BINARY, '', { fin: false });
    const fragment = side.encode(CONTINUATION, 'b', { fin: false });
    side.peer.write(...Array.from({ length: 16_384 }, () => fragment));
    await side.drain();
  });

  for (const maxBufferedChunks of [1, 2, 3]) {
    differ(`${role} keeps an unfinished frame from ${maxBufferedChunks} chunks at most`, async (ws, log) => {
      const side = await openSide(role, ws, log, { options: { maxBufferedChunks } });
      const stream = (side.socket as unknown as { readonly _socket: Duplex })._socket;
      const chunkRead = () => new Promise((resolve) => stream.once('data', resolve));
      side.say(TEXT, 'whole');
      const bytes = Buffer.concat([side.encode(BINARY, '0123456789'), side.encode(PING, 'x')]);
      for (let at = 0; at < bytes.length - 2; at += 4) {
        const read = chunkRead();
        side.peer.write(bytes.subarray(at, at + 4));
        if ((await Promise.race([read, side.closed.then(() => 'closed')])) === 'closed') break;
      }
      await side.end();
    });
  }

  for (const maxPendingAutoPongs of [undefined, 5, 0]) {
    differ(`${role} answers so many pings of one chunk: ${maxPendingAutoPongs}`, async (ws, log) => {
      const options = maxPendingAutoPongs === undefined ? {} : { maxPendingAutoPongs };
      const side = await openSide(role, ws, log, { options, isUnwatched: true });
      const pings = Array.from({ length: maxPendingAutoPongs ?? 60 }, (_, i) => side.encode(PING, `${i}`));
      side.peer.write(Buffer.concat(pings));
      await side.wire.frames(pings.length);
      if (maxPendingAutoPongs === 0) {
        side.peer.write(Buffer.concat(Array.from({ length: 200 }, (_, i) => side.encode(PING, `${i}`))));
        await side.wire.frames(200);
      }
      await side.end();
    });
  }

  differ(`${role} terminates who pings beyond those`, async (ws, log) => {
    const side = await openSide(role, ws, log, { isUnwatched: true });
    side.peer.write(Buffer.concat(Array.from({ length: 70 }, (_, i) => side.encode(PING, `${i}`))));
    await side.wire.frames(60);
    await side.end();
  });

  differ(`${role} emits the error of an end without a close frame as 1006`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.say(TEXT, 'x');
    side.peer.stream.end();
    await side.drain();
  });

  differ(`${role} closes as 1006 when the stream ends within a frame`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.peer.write(side.encode(TEXT, 'whole'), side.encode(TEXT, 'half').subarray(0, 4));
    side.peer.stream.end();
    await side.drain();
  });

  differ(`${role} reports a violation behind its own close frame at once`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const reported = new Promise((resolve) => side.socket.once('error', resolve));
    side.socket.close(4000);
    await side.wire.framesToClose();
    side.say(3);
    await reported;
    log.note('socket', 'reported', side.socket.readyState);
    await side.drain();
  });

  differ(`${role} reports a violation within a listener that closes`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.on('error', () => {
      log.attempt('socket', 'close', () => side.socket.close(4000));
      side.probe();
    });
    side.say(3);
    await side.drain();
  });
});

/** A frame of which only the header is said. */
function tooLong(role: Role): Buffer {
  const header = Buffer.alloc(role === 'server' ? 14 : 10, 0xff);
  header[0] = 0x82;
  header[1] = role === 'server' ? 0xff : 0x7f;
  header[2] = 0x00;
  return header;
}
