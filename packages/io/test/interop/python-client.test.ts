import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Server, type Socket } from '@hawser/io';
import { afterEach, describe, expect, it } from 'vitest';

const PROGRAM = join(__dirname, 'python-client.py');

/** Debian's own Python, for which its package python3-socketio is. */
const PYTHON = '/usr/bin/python3';
const isThere = spawnSync(PYTHON, ['-c', 'import socketio, requests, websocket']).status === 0;
const reason = isThere ? '' : ' (skipped: needs python3-socketio, python3-requests and python3-websocket)';
if (!isThere) console.log(`python-socketio${reason}`);

let io: Server;
afterEach(() => io.close());

describe.skipIf(!isThere)(`python-socketio${reason}`, () => {
  for (const transports of ['polling', 'websocket', 'polling,websocket']) {
    it(`client and server understand each other over ${transports}`, async () => {
      const { url, seen } = await serve();
      expect(await visit(url, transports)).toEqual([
        ['greeting', { token: 'secret' }],
        ['answer', 'hellø', 1, { deep: [null, true] }],
        ['binary answer', { bytes: '00ff' }, { deep: [{ bytes: '78' }] }],
        ['feed', 'no news'],
        ['said', 'to all'],
        ['question', 'what is it?'],
        ['transport', transports === 'polling' ? 'polling' : 'websocket'],
        ['disconnect'],
      ]);
      expect(seen).toEqual(['an answer', Buffer.from([3, 4]), 'server namespace disconnect']);
    });
  }
});

async function serve(): Promise<{ url: string; seen: unknown[] }> {
  const seen: unknown[] = [];
  const http = createServer();
  io = new Server(http);
  io.on('connection', (socket: Socket) => {
    socket.emit('greeting', socket.handshake.auth);
    socket.on('echo', (...args: unknown[]) => (args.pop() as (...answer: unknown[]) => void)(...args));
    socket.on('say', (text: string) => io.emit('said', text));
    socket.on('ask me', () =>
      socket.emit('question', 'what is it?', (...answer: unknown[]) => {
        seen.push(...answer);
        socket.emit('understood');
      }),
    );
    socket.on('end it', () => socket.disconnect(true));
    socket.on('disconnect', (why: string) => seen.push(why));
  });
  io.of('/feed').on('connection', (socket: Socket) => {
    socket.on('latest', (answer: (news: string) => void) => answer('no news'));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, seen };
}

async function visit(url: string, transports: string): Promise<unknown[]> {
  const child = spawn(PYTHON, [PROGRAM, url, transports], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
