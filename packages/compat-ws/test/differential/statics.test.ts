import { once } from 'node:events';
import { Duplex, PassThrough, type Writable } from 'node:stream';
import { describe } from 'vitest';
import { frame } from '../../../ws/test/rig/raw-frame.ts';
import { differ } from './rig/differ.ts';
import type { PerMessageDeflateLike, WsModule } from './rig/modules.ts';
import type { Recorder } from './rig/recorder.ts';

const HEADERS = [
  '',
  'foo',
  'foo, bar',
  'foo,,bar',
  ',foo',
  'foo,',
  ' foo',
  'foo ',
  'foo ,bar',
  'foo\t;\tbar',
  'foo;bar',
  'foo;bar=',
  'foo;bar=baz',
  'foo;bar="baz"',
  'foo;bar="b\\az"',
  'foo;bar="b az"',
  'foo;bar="',
  'foo;bar=""',
  'foo;bar="b"x',
  'foo;bar = baz',
  'foo; bar=1; bar=2',
  'foo; bar, foo; baz',
  'foo;;bar',
  'foo;=bar',
  'foo=bar',
  '=',
  ';',
  'f(o',
  'foo;b r',
  'é',
  'foo;bar=é',
  '__proto__',
  'foo;__proto__=1',
  'constructor',
  'toString; valueOf',
  'foo;bar="\\"',
  'a'.repeat(300),
  'foo\r\n',
  'foo; bar="a,b"',
];

const FORMATS: readonly unknown[] = [
  {},
  { foo: {} },
  { foo: [{}] },
  { foo: { bar: true } },
  { foo: { bar: 'baz', n: 5 } },
  { foo: [{ bar: [true, 'x'] }, { baz: [1] }], other: {} },
];

const FRAMES: readonly object[] = [
  { fin: true, opcode: 1 },
  { fin: false, opcode: 2, rsv1: true },
  { fin: true, opcode: 9, mask: false, readOnly: true },
  { fin: true, opcode: 1, mask: true, readOnly: false, generateMask: (mask: Buffer) => mask.fill(0xaa) },
  { fin: true, opcode: 1, mask: true, readOnly: true, generateMask: (mask: Buffer) => mask.fill(0x01) },
  {
    fin: true,
    opcode: 2,
    mask: true,
    readOnly: true,
    maskBuffer: Buffer.alloc(4),
    generateMask: (mask: Buffer) => mask.fill(0),
  },
];

describe('the parts that are exported', () => {
  differ('extension and subprotocol parse as they do', (ws, log) => {
    for (const header of HEADERS) {
      log.attempt('extension', JSON.stringify(header), () => ws.extension.parse(header));
      log.attempt('subprotocol', JSON.stringify(header), () => ws.subprotocol.parse(header));
    }
    for (const extensions of FORMATS) {
      log.attempt('extension', 'format', () => ws.extension.format(extensions as object));
    }
  });

  differ('Sender.frame writes frames', (ws, log) => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
      for (const options of FRAMES) {
        const list = ws.Sender.frame(Buffer.alloc(length, 0x61), { ...options });
        log.note(
          'sender',
          'frame',
          Buffer.concat(list),
          list.every((part) => Buffer.isBuffer(part)),
        );
      }
    }
  });

  differ('Sender.frame masks in place unless the payload is read-only', (ws, log) => {
    for (const readOnly of [true, false]) {
      const payload = Buffer.from('payload');
      const list = ws.Sender.frame(payload, {
        fin: true,
        opcode: 2,
        mask: true,
        readOnly,
        generateMask: (mask: Buffer) => mask.fill(1),
      });
      log.note('sender', 'frame', readOnly, Buffer.concat(list));
    }
  });

  differ('a sender sends alone', async (ws, log) => {
    const out = new PassThrough();
    const sender = new ws.Sender(out);
    const done = (what: string) => log.callback('callback', what);
    const options = { binary: false, compress: false, fin: true, mask: false };
    log.attempt('sender', 'send', () => sender.send('text', options, done('text')));
    log.attempt('sender', 'send', () =>
      sender.send(Buffer.from('bytes'), { ...options, binary: true }, done('bytes')),
    );
    log.attempt('sender', 'send', () =>
      sender.send(new Uint8Array([1]), { ...options, fin: false }, done('more')),
    );
    log.attempt('sender', 'send', () => sender.send(new ArrayBuffer(2), options, done('last')));
    log.attempt('sender', 'ping', () => sender.ping('p', false, done('ping')));
    log.attempt('sender', 'pong', () => sender.pong(Buffer.alloc(0), false, done('pong')));
    log.attempt('sender', 'ping', () => sender.ping(Buffer.alloc(126), false, done('ping')));
    log.attempt('sender', 'sendFrame', () =>
      sender.sendFrame([Buffer.from([0x81, 1]), Buffer.from('x')], done('frame')),
    );
    log.attempt('sender', 'sendFrame', () => sender.sendFrame([Buffer.from([0x81, 0])], done('frame')));
    log.attempt('sender', 'close', () => sender.close(1004, '', false, done('close')));
    log.attempt('sender', 'close', () => sender.close(1000, 'x'.repeat(124), false, done('close')));
    log.attempt('sender', 'close', () => sender.close(1000, 'bye', false, done('close')));
    log.attempt('sender', 'close', () => sender.close(undefined, undefined, false, done('close')));
    out.end();
    const chunks: Buffer[] = [];
    for await (const chunk of out) chunks.push(chunk as Buffer);
    log.note('wire', 'bytes', Buffer.concat(chunks));
  });

  for (const isServer of [true, false]) {
    for (const options of [
      {},
      { binaryType: 'arraybuffer' },
      { allowSynchronousEvents: false },
      { maxPayload: 5 },
      { skipUTF8Validation: true },
    ]) {
      differ(
        `a receiver of a ${isServer ? 'server' : 'client'} reads alone with ${JSON.stringify(options)}`,
        async (ws, log) => {
          const mask = isServer;
          await receive(ws, log, { isServer, ...options }, [
            frame(1, 'text', { mask }),
            frame(2, 'b', { mask, fin: false }),
            frame(9, 'ping', { mask }),
            frame(0, 'c', { mask }),
            frame(10, 'pong', { mask }),
            frame(1, Buffer.from([0x61, 0xff].slice(0, 1)), { mask }),
            frame(8, Buffer.from([3, 0xe8, 0x61]), { mask }),
            frame(1, 'late', { mask }),
          ]);
          await receive(ws, log, { isServer, ...options }, [frame(1, 'too long', { mask })]);
          await receive(ws, log, { isServer, ...options }, [frame(3, '', { mask })]);
        },
      );
    }
  }

  differ('permessage-deflate negotiates', (ws, log) => {
    log.note('deflate', 'name', ws.PerMessageDeflate.extensionName);
    for (const options of [
      undefined,
      {},
      { serverNoContextTakeover: true, clientMaxWindowBits: 10 },
      { clientMaxWindowBits: false },
      { serverMaxWindowBits: true },
    ]) {
      log.attempt('deflate', 'offer', () => new ws.PerMessageDeflate(options).offer());
      for (const offers of [
        [{}],
        [{ server_no_context_takeover: [true] }],
        [{ client_max_window_bits: ['10'] }],
        [{ x: ['1'] }],
        [{ client_max_window_bits: ['10', '11'] }],
        [{ server_max_window_bits: [true] }],
        [{ client_no_context_takeover: ['x'] }],
      ]) {
        for (const isServer of [true, false]) {
          log.attempt('deflate', `accept ${JSON.stringify(offers)}`, () => {
            const deflate = new ws.PerMessageDeflate({ ...options, isServer }, isServer);
            deflate.accept(structuredClone(offers) as never);
            return deflate.params;
          });
        }
      }
    }
  });

  differ('permessage-deflate tells one callback of all that it is given', async (ws, log) => {
    const deflate = new ws.PerMessageDeflate({ serverNoContextTakeover: true }, true);
    deflate.accept([{}]);
    let calls = 0;
    await new Promise<void>((resolve) => {
      const callback = (error: Error | null): void => {
        log.note('deflate', 'called back', error);
        if (++calls === 2) resolve();
      };
      deflate.compress(Buffer.from('one'), true, callback);
      deflate.compress(Buffer.from('two'), true, callback);
    });
    deflate.cleanup();
  });

  differ('permessage-deflate compresses and decompresses alone', async (ws, log) => {
    const sides = [true, false].map((isServer) => {
      const deflate = new ws.PerMessageDeflate({ threshold: 0, isServer }, isServer);
      deflate.accept([{}]);
      return deflate;
    }) as [PerMessageDeflateLike, PerMessageDeflateLike];
    for (const text of ['', 'hello', 'hello again, hello again', 'x'.repeat(70_000)]) {
      const deflated = await new Promise<Buffer>((resolve, reject) => {
        sides[0].compress(Buffer.from(text), true, (error, data) => (error ? reject(error) : resolve(data!)));
      });
      await new Promise<void>((resolve) => {
        sides[1].decompress(deflated, true, (error, data) => {
          log.note('deflate', 'inflated', error, data);
          resolve();
        });
      });
    }
    sides[0].cleanup();
    sides[1].cleanup();
  });

  differ('the classes look as they do', (ws, log) => {
    for (const name of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const) {
      log.note(name, 'of the class', ws.WebSocket[name], Object.getOwnPropertyDescriptor(ws.WebSocket, name));
      log.note(name, 'of the prototype', Object.getOwnPropertyDescriptor(ws.WebSocket.prototype, name));
    }
    for (const name of [
      'binaryType',
      'bufferedAmount',
      'extensions',
      'isPaused',
      'protocol',
      'readyState',
      'url',
      'onopen',
      'onmessage',
      'onclose',
      'onerror',
    ]) {
      const descriptor = Object.getOwnPropertyDescriptor(ws.WebSocket.prototype, name);
      log.note(
        name,
        'is',
        descriptor?.enumerable,
        descriptor?.configurable,
        typeof descriptor?.get,
        typeof descriptor?.set,
      );
    }
    for (const name of [
      'close',
      'ping',
      'pong',
      'send',
      'terminate',
      'pause',
      'resume',
      'addEventListener',
      'removeEventListener',
      'emitClose',
      'setSocket',
    ]) {
      log.note(name, 'is', typeof (ws.WebSocket.prototype as unknown as Record<string, unknown>)[name]);
    }
    for (const name of ['address', 'close', 'handleUpgrade', 'shouldHandle', 'completeUpgrade']) {
      log.note(name, 'is', typeof (ws.WebSocketServer.prototype as unknown as Record<string, unknown>)[name]);
    }
    log.note(
      'names',
      'are',
      ws.WebSocket.name,
      ws.WebSocketServer.name,
      ws.Receiver.name,
      ws.Sender.name,
      ws.PerMessageDeflate.name,
    );
    const socket = new ws.WebSocket(null as never, undefined, {});
    log.note('enumerable', 'for in', enumerated(socket));
    const duplex = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done();
      },
    });
    log.note('server', 'is', new ws.WebSocketServer({ noServer: true }).constructor.name, duplex.destroyed);
  });
});

async function receive(ws: WsModule, log: Recorder, options: object, frames: Buffer[]): Promise<void> {
  const receiver = new ws.Receiver(options) as Writable;
  log.watch('receiver', receiver, ['message', 'ping', 'pong', 'conclude', 'error', 'finish']);
  const settled = Promise.race([
    once(receiver, 'conclude'),
    new Promise((resolve) => receiver.once('error', resolve)),
  ]);
  receiver.write(Buffer.concat(frames), log.callback('callback', 'written'));
  if (frames.length === 1) receiver.end();
  await Promise.race([settled, new Promise((resolve) => receiver.once('finish', resolve))]);
  await new Promise((resolve) => setImmediate(resolve));
}

/** Public names only. */
function enumerated(value: object): string[] {
  const names: string[] = [];
  for (const name in value) if (!name.startsWith('_')) names.push(name);
  return names.sort();
}
