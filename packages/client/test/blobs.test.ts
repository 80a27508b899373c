/** Blobs, which are read only when they are sent. */

import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket as ServerSocket } from 'socket.io';
import { expect, test, vi } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { type Rig, startServer } from './rig/servers.ts';

async function startListening(): Promise<Rig & { heard: unknown[]; connections: () => number }> {
  const heard: unknown[] = [];
  let connections = 0;
  const rig = await startServer({}, (io) => {
    io.on('connection', (peer: ServerSocket) => {
      connections++;
      peer.on('said', (what: unknown, answer: () => void) => {
        heard.push(what);
        answer();
      });
    });
  });
  return { ...rig, heard, connections: () => connections };
}

/** Returns a blob of a file that is not there any more. */
async function openUnreadable(): Promise<Blob> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-'));
  const file = join(folder, 'gone');
  await writeFile(file, 'gone');
  const blob = await openAsBlob(file);
  await rm(folder, { recursive: true });
  return blob;
}

test.each(
  ['websocket', 'polling'].flatMap((transport) =>
    [0, 5].map((retries): [string, number] => [transport, retries]),
  ),
)(
  'what is sent with a blob that cannot be read goes out over the next connection: %s, %i retries',
  async (transport, retries) => {
    const { url, heard, connections } = await startListening();
    const unreadable = await openUnreadable();
    const socket = connect(url, { transports: [transport], retries, autoConnect: false });
    const say = (what: unknown) =>
      socket.emitWithAck('said', what).then(
        () => 'answered',
        (error: Error) => error.message,
      );
    // The first one leaves alone, the others together.
    const told = Promise.all([0, 'before it', unreadable, 'behind it'].map(say));
    socket.connect();
    expect((await told).slice(1)).toEqual(['answered', 'socket has been disconnected', 'answered']);
    expect([heard, connections()]).toEqual([[0, 'before it', 'behind it'], 2]);
  },
);

test.each(['websocket', 'polling'])(
  'what is sent with a blob that is read when the connection ends goes out over the next one, once: %s',
  async (transport) => {
    const { url, heard, connections, io } = await startListening();
    const socket = connect(url, { transports: [transport] });
    await eventOf(socket, 'connect');
    const readers: ((bytes: ArrayBuffer) => void)[] = [];
    const slow = Object.assign(new Blob(['slow']), {
      arrayBuffer: () => new Promise<ArrayBuffer>((resolve) => readers.push(resolve)),
    });
    const answers = [slow, 'behind it'].map((what) => socket.emitWithAck('said', what));
    const gone = eventOf(socket, 'disconnect');
    for (const peer of io.of('/').sockets.values()) peer.conn.close();
    await gone;
    await vi.waitFor(() => expect(readers).toHaveLength(2));
    const bytes = new TextEncoder().encode('slow').buffer as ArrayBuffer;
    for (const onRead of readers) onRead(bytes);
    await Promise.all(answers);
    expect([heard, connections()]).toEqual([[Buffer.from('slow'), 'behind it'], 2]);
  },
);
