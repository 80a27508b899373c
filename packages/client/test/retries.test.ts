/** Events with `retries`, against a stock server. */

import { NodeWebSocket } from '@hawser/client';
import type { Socket as ServerSocket } from 'socket.io';
import { expect, test } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { startListening, startServer } from './rig/servers.ts';

test('the first queued event is sent once at each connect, and the others behind it in order', async () => {
  const seen: unknown[] = [];
  const rig = await startServer({}, (io) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.on('number', (value: number, answer: () => void) => {
        seen.push(value);
        answer();
      });
    });
  });
  const socket = connect(rig.url, { retries: 1, autoConnect: false });
  const send = (value: number) => new Promise((resolve) => socket.emit('number', value, resolve));
  const first = [1, 2, 3].map(send);
  socket.connect();
  await Promise.all(first);
  socket.disconnect();
  const second = [4, 5].map(send);
  socket.connect();
  await Promise.all(second);
  // Whatever was sent twice came before this.
  await send(6);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
});

test('an event that was on its way when the connection broke is sent again, once', async () => {
  const seen: string[] = [];
  const rig = await startServer({}, (io) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.on('save', (value: string, answer: () => void) => {
        seen.push(value);
        if (seen.length === 1) socket.conn.close();
        else answer();
      });
    });
  });
  const socket = connect(rig.url, { retries: 3, transports: ['websocket'] });
  await new Promise((resolve) => socket.emit('save', 'a', resolve));
  await new Promise((resolve) => socket.emit('save', 'b', resolve));
  expect(seen).toEqual(['a', 'a', 'b']);
});

test('a late answer to an earlier try settles the event', async () => {
  const answers: ((text: string) => void)[] = [];
  const { url } = await startServer({}, (io) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.on('save', (answer: (text: string) => void) => {
        answers.push(answer);
        if (answers.length === 2) answers[0]!('to the first try');
      });
      socket.on('answer again', (done: () => void) => {
        for (const answer of answers.slice(1)) answer('to another');
        done();
      });
    });
  });
  const socket = connect(url, { retries: 5, ackTimeout: 200, transports: ['websocket'] });
  await eventOf(socket, 'connect');
  const answered: unknown[] = [];
  const settled = new Promise<void>((resolve) => {
    socket.emit('save', (error: Error | null, text: string) => {
      answered.push([error, text]);
      resolve();
    });
  });
  await settled;
  await new Promise((resolve) => socket.volatile.emit('answer again', resolve));
  expect(answered).toEqual([[null, 'to the first try']]);
});

class Particular extends NodeWebSocket {
  override doWrite(packet: never, data: string | Uint8Array): void {
    // As memory that a browser's WebSocket does not take.
    if (Buffer.from(data as string).includes('refused')) throw new Error('no such memory');
    super.doWrite(packet, data);
  }
}

test.each([
  ['an event', 'refused', {}],
  ['the last part of an event', Buffer.from('refused'), {}],
  ['a part of an event', [Buffer.from('refused'), Buffer.from('the rest of it')], {}],
  ['a blob', new Blob(['refused']), {}],
  ['an event that has tries left', 'refused', { ackTimeout: 20_000 }],
])(
  '%s that a transport cannot send ends one connection, and what is behind it goes out',
  async (_, refused, options) => {
    const { url, heard, connections } = await startListening();
    const socket = connect(url, { transports: [Particular], retries: 5, ...options });
    const told: unknown[] = [];
    const say = (what: unknown) =>
      new Promise<void>((resolve) => {
        socket.emit('said', what, (error: Error | null) => {
          told.push(error?.message);
          resolve();
        });
      });
    await Promise.all([1, refused, 2].map(say));
    expect(told).toEqual([undefined, 'socket has been disconnected', undefined]);
    expect([heard, connections()]).toEqual([[1, 2], 2]);
  },
);

test('an event that a transport cannot send is not sent again where a program connects by itself', async () => {
  const { url } = await startServer({}, (io) => {
    io.on('connection', (peer: ServerSocket) => peer.on('said', (answer: () => void) => answer()));
  });
  const socket = connect(url, { transports: [Particular], retries: 5, reconnection: false });
  await eventOf(socket, 'connect');
  const gone = eventOf(socket, 'disconnect');
  const refused = new Promise((resolve) => socket.emit('refused', resolve));
  expect((await gone)[0]).toBe('transport error');
  expect(await refused).toMatchObject({ message: 'socket has been disconnected' });
  socket.connect();
  await new Promise((resolve) => socket.emit('said', resolve));
});

test.each([
  ['reports', false],
  ['reports, and throws of,', true],
])('an event is sent again where a WebSocket %s its end while it takes it', async (_, throws) => {
  const { url, heard } = await startListening();
  let hasEnded = false;
  class Ending extends NodeWebSocket {
    override doWrite(packet: never, data: string): void {
      if (hasEnded || !String(data).includes('first')) {
        super.doWrite(packet, data);
        return;
      }
      hasEnded = true;
      this.ws.onclose!({ code: 1006, reason: '' } as never);
      if (throws) throw new Error('it has ended');
    }
  }
  const socket = connect(url, { transports: [Ending], retries: 5, ackTimeout: 20_000 });
  await eventOf(socket, 'connect');
  const answers = ['first', 'second'].map((what) => socket.emitWithAck('said', what));
  await Promise.all(answers);
  expect(heard).toEqual(['first', 'second']);
});
