import { inspect } from 'node:util';
import { describe } from 'vitest';
import { departs, differ } from './rig/differ.ts';
import { openSide, ROLES, startServer } from './rig/sides.ts';

const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);

/** A Blob as another library, or another realm, has it. */
class ForeignBlob {
  readonly size = 2;
  readonly type = '';
  readonly [Symbol.toStringTag] = 'Blob';

  stream(): void {}

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array([104, 105]).buffer;
  }
}

/** Everything that a program may send, and what it may not. */
const DATA: Readonly<Record<string, () => unknown>> = {
  'a string': () => 'text é',
  'an empty string': () => '',
  'a Buffer': () => Buffer.from([9, 8, 7]),
  'an empty Buffer': () => Buffer.alloc(0),
  'a Uint8Array': () => bytes,
  'a view on a part': () => bytes.subarray(2, 5),
  'a Uint16Array': () => new Uint16Array([1, 513]),
  'a Float64Array on a part': () => new Float64Array(new ArrayBuffer(24), 8, 1),
  'a DataView': () => new DataView(bytes.buffer, 1, 3),
  'an ArrayBuffer': () => bytes.buffer.slice(0, 4),
  'a SharedArrayBuffer': () => new SharedArrayBuffer(3),
  'a Blob': () => new Blob(['blob']),
  'an empty Blob': () => new Blob([]),
  'a Blob of others': () => new ForeignBlob(),
  'a number': () => 42,
  zero: () => 0,
  'minus zero': () => -0,
  NaN: () => Number.NaN,
  'a fraction': () => 1.5,
  null: () => null,
  undefined: () => undefined,
  false: () => false,
  true: () => true,
  'an object': () => ({ a: 1 }),
  'an array': () => [1, 2, 300],
  'a bigint': () => 10n,
  'a symbol': () => Symbol('s'),
  'a function': () => () => {},
  'a Date': () => new Date(0),
  'a String object': () => new String('wrapped'),
};

const OPTIONS: readonly object[] = [
  { binary: true },
  { binary: false },
  { compress: true },
  { compress: false },
  { fin: true },
  { mask: true },
  { mask: false },
  {},
  { binary: undefined },
  { binary: null },
  { compress: undefined },
  { fin: undefined },
  { fin: null },
  { mask: undefined },
  { mask: null },
  { fin: true, binary: undefined, compress: null, mask: undefined },
];

describe.each(ROLES)('what a %s sends', (role) => {
  for (const [name, make] of Object.entries(DATA)) {
    for (const method of ['send', 'ping', 'pong'] as const) {
      differ(`${role} ${method}s ${name}`, async (ws, log) => {
        const side = await openSide(role, ws, log);
        const { socket } = side;
        log.attempt('socket', method, () => socket[method](make() as Buffer));
        log.attempt('socket', `${method} with a callback`, () =>
          (socket[method] as (...args: unknown[]) => void)(make(), log.callback('callback', name)),
        );
        log.attempt('socket', 'send behind', () => socket.send('behind'));
        await side.wire.frames(1);
        socket.close(1000, 'end');
        await side.end();
      });
    }
  }

  for (const options of OPTIONS) {
    differ(`${role} sends with ${inspect(options)}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      for (const data of ['text', Buffer.from('bytes'), new Blob(['blob'])]) {
        log.attempt('socket', 'send', () =>
          side.socket.send(data as Buffer, options, log.callback('callback', 'send')),
        );
      }
      await side.wire.frames(3);
      await side.end();
    });
  }

  differ(`${role} sends a message in fragments`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const { socket } = side;
    const called = (name: string) => log.callback('callback', name);
    socket.send('a', { fin: false }, called('first'));
    socket.ping('between', undefined, called('ping'));
    socket.send('b', { fin: false, binary: true }, called('second'));
    socket.send('', { fin: true }, called('last'));
    socket.send(Buffer.from('c'), { fin: false });
    socket.send(new Blob(['blob']) as never, { fin: false });
    socket.send('d', { fin: true });
    socket.send('whole', called('whole'));
    await side.wire.frames(8);
    await side.end();
  });

  differ(`${role} tells all that wait behind a blob why it cannot be read`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const { socket } = side;
    const blob = new Blob(['blob']);
    blob.arrayBuffer = async () => {
      throw new Error('not to be read');
    };
    socket.send('before');
    const tell = (what: string) => log.callback('socket', `callback of ${what}`);
    socket.send(blob as never, tell('the blob'));
    socket.send('behind', tell('a text'));
    socket.send(new Blob(['another']) as never, tell('another blob'));
    socket.ping('ping', undefined, tell('a ping'));
    await side.wire.frames(1);
    side.peer.stream.end();
    await side.closed;
  });

  differ(`${role} keeps the order of blobs, messages, pings and its close`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const { socket } = side;
    socket.send(new Blob(['blob 1']) as never, log.callback('callback', 'blob 1'));
    side.probe('behind a blob');
    socket.send('text', log.callback('callback', 'text'));
    socket.ping('ping', undefined, log.callback('callback', 'ping'));
    socket.send(new Blob(['blob 2']) as never, { binary: false }, log.callback('callback', 'blob 2'));
    socket.pong(new Blob(['pong']) as never, undefined, log.callback('callback', 'pong'));
    side.probe('behind everything');
    socket.close(1000, 'end');
    await side.end();
  });

  differ(`${role} sends payloads of every length encoding`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const lengths = [0, 1, 47, 48, 125, 126, 1024, 65_535, 65_536, 300_000];
    for (const length of lengths) {
      side.socket.send(Buffer.alloc(length, length & 0xff));
      side.socket.send('x'.repeat(length));
    }
    await side.wire.frames(2 * lengths.length);
    await side.end();
  });

  differ(`${role} bounds what pings and pongs carry`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const { socket } = side;
    for (const length of [125, 126, 1000]) {
      for (const data of ['x'.repeat(length), Buffer.alloc(length), new Blob(['x'.repeat(length)])]) {
        log.attempt('socket', `ping ${length}`, () => socket.ping(data));
        log.attempt('socket', `pong ${length}`, () =>
          socket.pong(data, undefined, log.callback('socket', 'pong')),
        );
      }
    }
    log.attempt('socket', 'é', () => socket.ping('é'.repeat(63)));
    await side.wire.frames(6);
    await side.end();
  });

  differ(`${role} takes the arguments of ping and pong in every shape`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const { socket } = side;
    const called = (name: string) => log.callback('callback', name);
    for (const method of ['ping', 'pong'] as const) {
      const call = socket[method].bind(socket) as (...args: unknown[]) => void;
      log.attempt('socket', method, () => call());
      log.attempt('socket', method, () => call(called(`${method} only`)));
      log.attempt('socket', method, () => call('data', called(`${method} second`)));
      log.attempt('socket', method, () => call('data', true, called(`${method} third`)));
      log.attempt('socket', method, () => call('data', false, called(`${method} third`)));
      log.attempt('socket', method, () => call('data', undefined, called(`${method} third`)));
      log.attempt('socket', method, () => call(undefined, undefined, called(`${method} third`)));
      log.attempt('socket', method, () => call(null, undefined, null));
    }
    log.attempt('socket', 'send', () => socket.send('data', {}, null as never));
    await side.wire.frames(17);
    await side.end();
  });

  differ(`${role} sends, pings and pongs while it closes, and when it is closed`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const { socket } = side;
    const sendAll = (state: string) => {
      for (const method of ['send', 'ping', 'pong'] as const) {
        for (const data of ['text', Buffer.alloc(5), undefined, 7, new Blob(['blob'])]) {
          const call = socket[method].bind(socket) as (...args: unknown[]) => void;
          log.attempt('socket', `${method} ${state}`, () =>
            call(data, log.callback('callback', `${method} ${state}`)),
          );
          log.attempt('socket', `${method} ${state}`, () => call(data));
          side.probe();
        }
      }
      log.attempt('socket', 'send with options', () =>
        socket.send('x', { binary: true }, log.callback('callback', 'options')),
      );
      log.attempt('socket', 'send with no callback', () => socket.send('x', {}, null as never));
      log.attempt('socket', 'ping with no callback', () => socket.ping('x', undefined, null as never));
      log.attempt('socket', 'pong with no callback', () => socket.pong('x', undefined, null as never));
    };
    socket.close();
    sendAll('closing');
    await side.end();
    sendAll('closed');
    for (const method of ['close', 'terminate', 'pause', 'resume'] as const) {
      log.attempt('socket', method, () => socket[method]());
    }
    side.probe();
    await new Promise((resolve) => setImmediate(resolve));
  });

  differ(`${role} calls back in order, and before the next event`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const order = (name: string) => log.callback('socket', name);
    side.socket.send('1', order('send 1'));
    side.socket.ping('2', undefined, order('ping 2'));
    side.socket.send(Buffer.alloc(100_000), order('send 3'));
    side.socket.pong('4', undefined, order('pong 4'));
    await side.wire.frames(4);
    await side.end();
  });

  differ(`${role} tells what could not be written when the peer is gone`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.terminate();
    side.probe();
    side.socket.send('late', log.callback('callback', 'send'));
    await side.closed;
    side.probe();
    await new Promise((resolve) => setImmediate(resolve));
  });

  differ(`${role} makes masks with generateMask`, async (ws, log) => {
    const side = await openSide(role, ws, log, {
      options: {
        generateMask: (mask: Buffer) => {
          log.note('mask', 'generateMask', mask.length, Buffer.isBuffer(mask));
          mask.fill(0x11);
        },
      },
    });
    side.socket.send('text');
    side.socket.send(Buffer.alloc(100));
    side.socket.ping('p');
    side.socket.close(1000);
    log.note(
      'bytes',
      'raw',
      role === 'client' ? await side.peer.read(2 + 4 + 4 + 2 + 4 + 100 + 2 + 4 + 1) : 'none',
    );
    await side.end();
  });
});

/** The parts of a sender's that a program may call. */
interface Inner {
  readonly _sender: { ping(data: Buffer, mask: boolean): void };
}

describe('what a client alone sends', () => {
  differ('client makes masks with generateMask for what its sender is given', async (ws, log) => {
    const generateMask = (mask: Buffer): unknown => mask.fill(0x11);
    const side = await openSide('client', ws, log, { options: { generateMask } });
    (side.socket as unknown as Inner)._sender.ping(Buffer.from('p'), true);
    log.note('bytes', 'raw', await side.peer.read(2 + 4 + 1));
    await side.end();
  });

  departs('client masks a ping whose mask is null', 'a server would have to fail it', async (ws, log) => {
    const side = await openSide('client', ws, log);
    side.socket.ping('data', null as never);
    await side.wire.frames(1);
    await side.end();
  });

  differ('client throws at send, ping and pong, and not at close and terminate', async (ws, log) => {
    const server = await startServer(ws, log);
    const socket = new ws.WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    socket.on('error', log.callback('socket', 'error'));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    const call = (method: 'send' | 'ping' | 'pong', ...args: unknown[]) =>
      log.attempt('socket', method, () => (socket[method] as (...all: unknown[]) => void)(...args));
    for (const method of ['send', 'ping', 'pong'] as const) {
      call(method, 'x');
      call(method, 'x', log.callback('socket', 'callback'));
      call(method, 'x', {}, log.callback('socket', 'callback'));
      call(method);
    }
    log.attempt('socket', 'pause', () => socket.pause());
    log.attempt('socket', 'resume', () => socket.resume());
    log.note('socket', 'state', socket.readyState, socket.bufferedAmount, socket.isPaused);
    log.attempt('socket', 'close', () => socket.close());
    log.note('socket', 'state', socket.readyState);
    await closed;
    log.note('socket', 'state', socket.readyState);
  });
});
