import { once } from 'node:events';
import type { Duplex, Writable } from 'node:stream';
import { describe } from 'vitest';
import { BINARY, PING, TEXT } from '../../../ws/test/rig/raw-frame.ts';
import { differ } from './rig/differ.ts';
import type { Socket } from './rig/modules.ts';
import { openSide, ROLES, startServer } from './rig/sides.ts';

/** What programs reach for although nobody promised it. */
interface Inside {
  readonly _socket: Duplex;
  readonly _receiver: Writable & Readonly<Record<string, unknown>>;
  readonly _sender: Readonly<Record<string, unknown>> & { readonly _queue: readonly unknown[] };
  readonly [name: string]: unknown;
}

function inside(socket: Socket): Inside {
  return socket as unknown as Inside;
}

const FLAGS = [
  '_autoPong',
  '_binaryType',
  '_closeCode',
  '_closeFrameReceived',
  '_closeMessage',
  '_closeTimeout',
  '_closeTimer',
  '_errorEmitted',
  '_isServer',
  '_paused',
  '_protocol',
  '_readyState',
  '_redirects',
  '_req',
];

const SETTINGS = {
  allowSynchronousEvents: false,
  maxBufferedChunks: 11,
  maxFragments: 22,
  maxPayload: 33,
  skipUTF8Validation: true,
};

describe.each(ROLES)('private members of a %s', (role) => {
  differ(`${role} has its flags while it is open, closing and closed`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const note = (when: string): void => {
      const socket = inside(side.socket);
      for (const name of FLAGS)
        log.note(when, name, name === '_closeTimer' ? socket[name] !== null : socket[name]);
    };
    note('open');
    side.socket.close(1001, 'leaving');
    note('closing');
    await side.end(1001, 'leaving');
    note('closed');
  });

  for (const options of [{}, SETTINGS]) {
    differ(`${role} has a receiver with its settings: ${JSON.stringify(options)}`, async (ws, log) => {
      const side = await openSide(role, ws, log, { options });
      side.socket.binaryType = 'arraybuffer';
      const receiver = inside(side.socket)._receiver;
      for (const name of Object.keys(SETTINGS)) log.note('receiver', name, receiver[`_${name}`]);
      log.note('receiver', 'others', receiver._binaryType, receiver._isServer, receiver.writable);
      log.note('receiver', 'class', receiver instanceof ws.Receiver);
      receiver.on('conclude', log.callback('receiver', 'conclude'));
      await side.end(1000, 'bye');
    });
  }

  for (const peer of ['answers', 'closes at the same time', 'leaves']) {
    differ(
      `${role} has a receiver that concludes with the peer's close, where it ${peer}`,
      async (ws, log) => {
        const side = await openSide(role, ws, log);
        const conclude = log.callback('receiver', 'conclude');
        inside(side.socket)._receiver.on('conclude', (code, reason) => {
          conclude(code, String(reason), side.socket.readyState);
        });
        if (peer === 'leaves') {
          side.peer.stream.destroy();
          await side.closed;
          return;
        }
        side.socket.close(4001, 'mine');
        log.note('receiver', 'close() returned');
        if (peer === 'answers') await side.wire.frames(1);
        await side.end(4002, 'theirs');
      },
    );
  }

  differ(`${role} reads what is written to its receiver`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const receiver = inside(side.socket)._receiver;
    const bytes = Buffer.concat([
      side.encode(TEXT, 'by hand'),
      side.encode(PING, 'p'),
      side.encode(BINARY, 'bytes'),
    ]);
    receiver.write(bytes.subarray(0, 3));
    receiver.write(bytes.subarray(3));
    await side.wire.frames(1);
    side.say(TEXT, 'by the wire');
    await side.end();
  });

  differ(`${role} fails on what is written to its receiver`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    inside(side.socket)._receiver.write(side.encode(3, 'x'));
    await side.drain();
  });

  differ(`${role} reads what is pushed into its socket`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    inside(side.socket)._socket.push(side.encode(TEXT, 'pushed'));
    await side.end();
  });

  differ(`${role} has a sender that counts`, async (ws, log) => {
    const side = await openSide(role, ws, log, {
      options: { perMessageDeflate: { threshold: 0 } },
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    });
    const sender = inside(side.socket)._sender;
    const note = (): void =>
      log.note('sender', 'state', sender._bufferedBytes, sender._queue.length, sender._state);
    note();
    for (const text of ['first', 'second', 'third']) {
      side.socket.send(text.repeat(100));
      note();
    }
    log.note('sender', 'class', sender instanceof ws.Sender);
    await side.wire.frames(3);
    note();
    await side.end();
  });

  differ(`${role} whose socket is ended by hand`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.send('before', log.callback('callback', 'before'));
    inside(side.socket)._socket.end();
    await side.wire.framesToEnd();
    side.peer.stream.end();
    await side.closed;
    side.probe();
  });

  differ(`${role} whose socket is destroyed with an error`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    inside(side.socket)._socket.destroy(new Error('by hand'));
    await side.closed;
    side.probe();
  });

  differ(`${role} whose socket is paused by hand`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const socket = inside(side.socket)._socket;
    socket.pause();
    side.say(TEXT, 'waits');
    await new Promise((resolve) => setImmediate(resolve));
    log.note('socket', 'resumes', socket.isPaused());
    socket.resume();
    await side.end();
  });
});

describe('private members of a server', () => {
  differ('server has its HTTP server and its state', async (ws, log) => {
    const server = await startServer(ws, log);
    const note = (when: string): void => {
      const { _server, _state, _shouldEmitClose, _removeListeners } = server as unknown as Record<
        string,
        unknown
      >;
      log.note(
        when,
        'members',
        typeof _server,
        _server === null,
        _state,
        _shouldEmitClose,
        typeof _removeListeners,
      );
    };
    note('running');
    const closed = once(server, 'close');
    server.close();
    note('closing');
    await closed;
    note('closed');
  });
});
