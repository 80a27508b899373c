import type { Socket as Stream } from 'node:net';
import { expect, test } from 'vitest';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';

/** Notes what a stream is given, write by write. */
function spyWrites(stream: Stream): string[] {
  const writes: string[] = [];
  const write = stream.write;
  stream.write = (chunk: Buffer | string, ...rest: never[]) => {
    writes.push(Buffer.from(chunk as Buffer).toString('latin1'));
    return write.call(stream, chunk as Buffer, ...rest);
  };
  return writes;
}

test('answer to CONNECT leaves in a write of its own, and without events it is the only one', async () => {
  const { io, port } = await startServer();
  let writes: string[] = [];
  io.engine.on('connection', (conn: { request: { socket: Stream } }) => {
    writes = spyWrites(conn.request.socket);
  });
  io.of('/silent').on('connection', () => {});
  io.on('connection', (socket) => {
    socket.emit('first');
    socket.emit('second');
  });
  const raw = await openRaw(port);
  writes.length = 0;
  raw.send('40/silent,');
  expect(await raw.messages.next()).toMatch(/^40\/silent,/);
  expect(writes).toEqual([expect.stringContaining('40/silent')]);
  writes.length = 0;
  raw.send('40');
  for (const start of ['40', '42["first"]', '42["second"]']) {
    expect((await raw.messages.next()).startsWith(start)).toBe(true);
  }
  expect(writes).toEqual([expect.stringContaining('40{'), expect.stringContaining('first')]);
});
