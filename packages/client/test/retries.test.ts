/** Events with `retries`, against a stock server. */

import type { Socket as ServerSocket } from 'socket.io';
import { expect, test } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

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
