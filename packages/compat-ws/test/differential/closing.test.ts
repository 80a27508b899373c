import { type EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { describe } from 'vitest';
import { CLOSE, closePayload, PING, TEXT } from '../../../ws/test/rig/raw-frame.ts';
import { departs, differ } from './rig/differ.ts';
import { openSide, ROLES, type Side } from './rig/sides.ts';

const ARGUMENTS: readonly unknown[][] = [
  [],
  [undefined],
  [undefined, 'ignored'],
  [null],
  [1000],
  [1000, ''],
  [1000, 'done'],
  [1000, Buffer.from('bytes')],
  [1000, new Uint8Array([0x61])],
  [1000, 'é'.repeat(61)],
  [1000, 'x'.repeat(123)],
  [1000, 'x'.repeat(124)],
  [1000, Buffer.alloc(124)],
  [3000],
  [4999, 'own'],
  [1004],
  [1005],
  [1006],
  [1015],
  [0],
  [999],
  [2999],
  [5000],
  ['1000'],
  [Number.NaN],
  [{}],
];

/** Pauses a socket, and has its stream hold chunks of messages that the peer sends; returns the stream. */
async function holdChunks(side: Side, ...chunks: readonly (readonly string[])[]): Promise<Socket> {
  const { _socket: stream } = side.socket as unknown as { _socket: Socket };
  side.socket.pause();
  let heldBytes = 0;
  for (const texts of chunks) {
    const chunk = Buffer.concat(texts.map((text) => side.encode(TEXT, text)));
    heldBytes += chunk.length;
    side.peer.write(chunk);
    while (stream.readableLength < heldBytes) await new Promise(setImmediate);
  }
  return stream;
}

describe.each(ROLES)('how a %s closes', (role) => {
  for (const args of ARGUMENTS) {
    differ(
      `${role} closes with (${args
        .map((arg) => JSON.stringify(arg) ?? 'undefined')
        .join(', ')
        .slice(0, 60)})`,
      async (ws, log) => {
        const side = await openSide(role, ws, log);
        log.attempt('socket', 'close', () => (side.socket.close as (...all: unknown[]) => void)(...args));
        side.probe();
        log.attempt('socket', 'close again', () => side.socket.close(1000, 'again'));
        side.probe();
        await side.end();
      },
    );
  }

  differ(`${role} answers the peer's close with its own code and reason`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.on('close', () => side.probe('in close'));
    await side.end(4321, 'see you');
  });

  departs(`${role} closes with a fraction`, 'the caller is told of its mistake', async (ws, log) => {
    const side = await openSide(role, ws, log);
    log.attempt('socket', 'close', () => side.socket.close(1000.5));
    side.socket.terminate();
  });

  departs(
    `${role} closes with bytes that are no UTF-8`,
    'the peer would fail the connection',
    async (ws, log) => {
      const side = await openSide(role, ws, log);
      log.attempt('socket', 'close', () => side.socket.close(1011, Buffer.of(0x61, 0xff)));
      side.probe();
      await side.end();
    },
  );

  differ(`${role} closes from within a message, and gets the rest`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.once('message', () => {
      side.socket.close(1001, 'enough');
      side.probe();
    });
    side.peer.write(
      side.encode(TEXT, 'first'),
      side.encode(TEXT, 'second'),
      side.encode(CLOSE, closePayload(1002)),
    );
    await side.drain();
  });

  departs(
    `${role} terminates from within a message, and gets no more`,
    'terminated is terminated',
    async (ws, log) => {
      const side = await openSide(role, ws, log);
      side.socket.once('message', () => {
        side.socket.terminate();
        side.probe();
      });
      side.peer.write(side.encode(TEXT, 'first'), side.encode(TEXT, 'second'));
      await side.closed;
      side.probe();
    },
  );

  for (const [code, reason] of [
    [4000, 'theirs'],
    [undefined, undefined],
  ] as const) {
    differ(
      `${role} answers a close with ${code} through the close() that a program put there`,
      async (ws, log) => {
        const side = await openSide(role, ws, log);
        const { socket } = side;
        const { close } = socket;
        socket.close = (...args) => {
          log.note('socket', 'close', ...args, socket.readyState);
          socket.send('last words');
          close.apply(socket, args);
          log.note('socket', 'after it', socket.readyState);
        };
        side.say(CLOSE, code === undefined ? '' : closePayload(code, reason));
        await side.drain();
      },
    );
  }

  for (const isClosing of [false, true]) {
    const name = isClosing ? 'closes and terminates' : 'terminates';
    differ(`${role} is asked to answer the peer's close, and ${name}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      const { socket } = side;
      const { close } = socket;
      const { _receiver: receiver } = socket as unknown as { _receiver: EventEmitter };
      receiver.on('conclude', log.callback('receiver', 'conclude'));
      socket.close = (...args) => {
        if (isClosing) close.apply(socket, args);
        socket.terminate();
      };
      side.say(CLOSE, closePayload(4000, 'theirs'));
      await side.closed;
      side.probe();
    });
  }

  differ(`${role} is asked to close for a violation, and terminates`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const { socket } = side;
    socket.close = (...args) => {
      log.note('socket', 'close', ...args, socket.readyState);
      socket.terminate();
    };
    side.say(3);
    await side.closed;
    side.probe();
  });

  differ(`${role} terminates while it closes`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.close(1000);
    side.socket.terminate();
    side.probe();
    await side.closed;
  });

  departs(
    `${role} calls back for what it could send before the close`,
    'written when the turn ends',
    async (ws, log) => {
      const side = await openSide(role, ws, log);
      side.socket.send('before', log.callback('callback', 'before'));
      side.socket.close(1000, 'bye');
      side.socket.send('after', log.callback('callback', 'after'));
      await side.end();
    },
  );

  differ(`${role} and its peer close at the same time`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.close(4000, 'mine');
    side.say(CLOSE, closePayload(4001, 'yours'));
    await side.drain();
  });

  differ(`${role} destroys the socket when the peer does not answer its close`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { closeTimeout: 40 } });
    side.socket.close(1000);
    await side.wire.framesToEnd();
    await side.closed;
    side.probe();
  });

  differ(`${role} destroys the socket when the peer leaves it open behind the close`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { closeTimeout: 40 } });
    side.say(CLOSE, closePayload(1000, 'you go'));
    await side.wire.framesToEnd();
    await side.closed;
    side.probe();
  });

  differ(`${role} has a peer that resets the connection`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    (side.peer.stream as import('node:net').Socket).resetAndDestroy();
    await side.closed;
    side.probe();
  });

  for (const isPaused of [false, true]) {
    differ(
      `${role} destroys a socket with an error (${isPaused ? 'paused' : 'reading'})`,
      async (ws, log) => {
        const side = await openSide(role, ws, log);
        const { _socket: stream } = side.socket as unknown as { _socket: Socket };
        if (isPaused) side.socket.pause();
        stream.emit('error', new Error('the link is lost'));
        log.note('stream', 'destroyed', stream.destroyed);
        side.probe();
        await side.closed;
        side.probe('at last');
      },
    );
  }

  for (const event of ['error', 'close']) {
    differ(`${role} emits what a paused socket holds when that emits ${event}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      const stream = await holdChunks(side, ['one'], ['two', 'three']);
      stream.emit(event, new Error('the link is lost'));
      log.note('stream', 'destroyed', stream.destroyed);
      await side.closed;
      side.probe('at last');
      if (!stream.destroyed) await once(stream.destroy(), 'close');
    });

    differ(`${role} pauses in a listener, where the socket emits ${event}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      const stream = await holdChunks(side, ['one', 'two', 'three'], ['four']);
      side.socket.once('message', () => {
        side.socket.pause();
        stream.emit(event, new Error('the link is lost'));
        side.probe();
      });
      side.socket.resume();
      await side.closed;
      side.probe('at last');
      if (!stream.destroyed) await once(stream.destroy(), 'close');
    });
  }

  differ(
    `${role} pauses at each message, of which each has a turn, when the socket is gone`,
    async (ws, log) => {
      const side = await openSide(role, ws, log, { options: { allowSynchronousEvents: false } });
      const stream = await holdChunks(side, ['one', 'two', 'three'], ['four', 'five']);
      side.socket.on('message', () => {
        side.socket.pause();
        stream.destroy();
      });
      side.socket.resume();
      await side.closed;
      side.probe('at last');
    },
  );

  differ(`${role} emits what came before the peer vanished`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.peer.write(side.encode(TEXT, 'last words'));
    side.peer.stream.end();
    await side.drain();
  });

  departs(
    `${role} answers a ping behind its own close frame`,
    'RFC 6455 5.5.2 demands the pong',
    async (ws, log) => {
      const side = await openSide(role, ws, log);
      side.socket.close(4000, 'done');
      await side.wire.frames(1);
      side.say(PING, 'here');
      await side.end(4001, 'too');
    },
  );

  differ(`${role} emits close through emitClose`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const inner = side.socket as unknown as { emitClose(): void };
    log.attempt('socket', 'emitClose', () => inner.emitClose());
    side.probe();
    side.peer.stream.destroy();
    await new Promise((resolve) => setImmediate(resolve));
  });

  differ(`${role} pauses and resumes`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.pause();
    side.probe('paused');
    side.say(TEXT, 'waits');
    side.socket.pause();
    side.socket.resume();
    side.probe('resumed');
    side.socket.resume();
    await side.end();
  });

  differ(`${role} pauses within a message and resumes later`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.once('message', () => {
      side.socket.pause();
      side.probe('paused');
      setTimeout(() => {
        log.note('socket', 'resuming');
        side.socket.resume();
      }, 20);
    });
    side.say(TEXT, Buffer.alloc(100_000, 'a'));
    side.say(TEXT, Buffer.alloc(100_000, 'b'));
    await side.end();
  });

  differ(`${role} is told with its end what it did not read while paused`, async (ws, log) => {
    const side = await openSide(role, ws, log, { options: { closeTimeout: 60 } });
    side.socket.pause();
    side.socket.close(1000, 'paused');
    side.probe();
    side.say(CLOSE, closePayload(1000));
    await side.wire.framesToEnd();
    await side.closed;
    side.probe();
  });

  differ(`${role} is told what came before it was reset while paused`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const stream = (side.socket as unknown as { readonly _socket: Socket })._socket;
    side.socket.pause();
    side.say(TEXT, 'held');
    side.say(PING, 'held too');
    while (stream.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
    (side.peer.stream as Socket).resetAndDestroy();
    await side.closed;
    side.probe();
  });

  differ(`${role} learns while paused that its peer has left`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.pause();
    side.peer.stream.end();
    await side.closed;
    side.probe();
  });

  differ(`${role} terminates while it is paused`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.pause();
    side.socket.terminate();
    await side.closed;
    side.probe();
  });

  differ(`${role} tells how much it buffers for a peer that does not read`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.peer.stream.pause();
    const chunk = Buffer.alloc(4 * 1024 * 1024);
    let count = 0;
    while (side.socket.bufferedAmount === 0 && count++ < 20) side.socket.send(chunk);
    const before = side.socket.bufferedAmount;
    side.socket.send(chunk);
    // Header and payload.
    log.note('socket', 'grows by', side.socket.bufferedAmount - before - (role === 'client' ? 14 : 10));
    side.socket.terminate();
    await side.closed;
  });
});
