/** Blobs, which are read only when they are sent. */

import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeWebSocket } from '@hawser/client';
import { expect, test, vi } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { startListening } from './rig/servers.ts';

/** Returns a blob of a file that is not there any more. */
async function openUnreadable(): Promise<Blob> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-'));
  const file = join(folder, 'gone');
  await writeFile(file, 'gone');
  const blob = await openAsBlob(file);
  await rm(folder, { recursive: true });
  return blob;
}

/** Returns a blob that cannot be asked for its bytes, as one of a DOM that is laid over Node. */
async function makeForeign(): Promise<Blob> {
  return Object.assign(new Blob(['foreign']), { arrayBuffer: undefined as never });
}

/** Returns a blob, and of each time that it is asked for its bytes what hands them over. */
function makeSlow(): { slow: Blob; readers: (() => void)[] } {
  const readers: (() => void)[] = [];
  const bytes = new TextEncoder().encode('slow').buffer;
  const arrayBuffer = () => new Promise((resolve) => readers.push(() => resolve(bytes)));
  return { slow: Object.assign(new Blob(['slow']), { arrayBuffer }) as Blob, readers };
}

const UNREADABLE = { 'whose file is gone': openUnreadable, 'of a DOM': makeForeign };

test.each(
  ['websocket', 'polling'].flatMap((transport) =>
    Object.entries(UNREADABLE).flatMap(([kind, make]) =>
      [0, 5].map((retries) => ({ transport, kind, make, retries })),
    ),
  ),
)(
  'what is sent with a blob $kind, which cannot be read, goes out over the next connection: $transport, $retries retries',
  async ({ transport, make, retries }) => {
    const { url, heard, connections } = await startListening();
    const socket = connect(url, { transports: [transport], retries, autoConnect: false });
    const say = (what: unknown) =>
      socket.emitWithAck('said', what).then(
        () => 'answered',
        (error: Error) => error.message,
      );
    // The first one leaves alone, the others together.
    const told = Promise.all([0, 'before it', await make(), 'behind it'].map(say));
    socket.connect();
    expect((await told).slice(1)).toEqual(['answered', 'socket has been disconnected', 'answered']);
    expect([heard, connections()]).toEqual([[0, 'before it', 'behind it'], 2]);
  },
);

test('blobs that cannot be read, each in its own way, end the connection with one error', async () => {
  const { url } = await startListening();
  const socket = connect(url, { autoConnect: false, reconnection: false });
  const gone = eventOf(socket, 'disconnect');
  socket.emit('said', 0, () => {});
  for (const make of Object.values(UNREADABLE)) socket.emit('said', await make(), () => {});
  socket.connect();
  expect((await gone)[0]).toBe('transport error');
});

test.each(['websocket', 'polling'])(
  'what is sent with a blob that is read when the connection ends goes out over the next one, once: %s',
  async (transport) => {
    const { url, heard, connections, io, http } = await startListening();
    const socket = connect(url, { transports: [transport] });
    await eventOf(socket, 'connect');
    const { id } = socket.io.engine;
    const { slow, readers } = makeSlow();
    const answers = [slow, 'behind it'].map((what) => socket.emitWithAck('said', what));
    const gone = eventOf(socket, 'disconnect');
    for (const peer of io.of('/').sockets.values()) peer.conn.close();
    await gone;
    const requested: string[] = [];
    http.on('request', (request) => requested.push(request.url!));
    await vi.waitFor(() => expect(readers).toHaveLength(2));
    for (const finish of readers) finish();
    await Promise.all(answers);
    expect([heard, connections()]).toEqual([[Buffer.from('slow'), 'behind it'], 2]);
    expect(requested.filter((path) => path.includes(id))).toEqual([]);
  },
);

test('what is sent with a blob goes out over the next connection where the WebSocket is closing when that is read', async () => {
  const { url, heard, connections } = await startListening();
  const socket = connect(url, { transports: ['websocket'] });
  await eventOf(socket, 'connect');
  const { slow, readers } = makeSlow();
  const answers = [slow, 'behind it'].map((what) => socket.emitWithAck('said', what));
  await vi.waitFor(() => expect(readers).toHaveLength(1));
  const { ws } = socket.io.engine.transport as NodeWebSocket;
  ws.close();
  readers[0]!();
  await vi.waitFor(() => expect(readers).toHaveLength(2));
  readers[1]!();
  await Promise.all(answers);
  expect([heard, connections()]).toEqual([[Buffer.from('slow'), 'behind it'], 2]);
});
