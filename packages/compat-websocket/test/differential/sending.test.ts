import { describe, expect, test } from 'vitest';
import type { connection as Connection, frame as Frame } from 'websocket';
import { LIBRARIES, type Library } from '../rig/libraries.ts';
import { closeOf, openServerSide } from '../rig/pairs.ts';

const CONFIG = { fragmentOutgoingMessages: false, keepalive: false };
const each = Object.entries(LIBRARIES) as [string, Library][];

/** Fills the kernel's buffers until the connection says that it is full. */
function fill(connection: Connection): number {
  const bytes = Buffer.alloc(10_000, 'x');
  let count = 0;
  while (!connection.outputBufferFull || connection.socket.writableLength === 0) {
    connection.sendBytes(bytes);
    count++;
  }
  return count;
}

describe.each(each)('server of %s', (_, library) => {
  test('tells by callbacks, in order, what has left', async () => {
    const { connection, peer } = await openServerSide(library, CONFIG);
    const calls: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      connection.send('one', (error) => calls.push(['one', error ?? null]));
      connection.sendBytes(Buffer.alloc(30_000), (error) => calls.push(['two', error ?? null]));
      connection.sendUTF('three');
      connection.sendUTF('four', (error) => resolve(void calls.push(['four', error ?? null])));
    });
    expect(calls).toEqual([]);
    await all;
    expect(calls).toEqual([
      ['one', null],
      ['two', null],
      ['four', null],
    ]);
    expect((await peer.frame()).payload.toString()).toBe('one');
  });

  test('tells by one callback that all fragments have left', async () => {
    const { connection } = await openServerSide(library, { fragmentationThreshold: 10, keepalive: false });
    const calls: unknown[] = [];
    connection.sendUTF('x'.repeat(95), (error) => calls.push(error ?? null));
    await new Promise<void>((resolve) => connection.sendUTF('behind', () => resolve()));
    expect(calls).toEqual([null]);
  });

  test('gives the callback the error that kept a message', async () => {
    const { connection } = await openServerSide(library, CONFIG);
    connection.drop();
    const error = await new Promise<NodeJS.ErrnoException>((resolve) =>
      connection.sendUTF('late', (failure) => resolve(failure as Error)),
    );
    expect(['ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']).toContain(error.code);
  });

  test('says that a peer which does not read fills it, and when it reads again', async () => {
    const { connection, peer } = await openServerSide(library, CONFIG);
    peer.stream.pause();
    const count = fill(connection);
    const drained = new Promise<void>((resolve) => connection.once('drain', () => resolve()));
    peer.stream.resume();
    for (let i = 0; i < count; i++) expect((await peer.frame()).payload.length).toBe(10_000);
    await drained;
    expect(connection.outputBufferFull).toBe(false);
  });

  test('delivers all that a slow reader was sent before close()', async () => {
    const { connection, peer } = await openServerSide(library, CONFIG);
    peer.stream.pause();
    const count = fill(connection);
    connection.close(1001, 'bye');
    peer.stream.resume();
    for (let i = 0; i < count; i++) await peer.frame();
    expect(await peer.close()).toEqual({ code: 1001, reason: 'bye' });
    peer.stream.end();
    expect(await closeOf(connection)).toEqual({ code: 1001, description: 'bye' });
  });

  test('sends frames that the program wrote', async () => {
    const { connection, peer } = await openServerSide(library, CONFIG);
    const make = (opcode: number, payload: string, fin: boolean): Frame => {
      const frame = Reflect.construct(library.frame, [Buffer.alloc(4), Buffer.alloc(10), connection.config]);
      return Object.assign(frame, { opcode, fin, rsv3: true, binaryPayload: Buffer.from(payload) });
    };
    connection.sendFrame(make(1, 'one', false));
    connection.sendFrame(make(0, 'two', true));
    const whole = make(2, 'three', false);
    connection.fragmentAndSend(whole);
    expect(() => connection.fragmentAndSend(make(9, '', true))).toThrow(
      'You cannot fragment control frames.',
    );
    const frames = [await peer.frame(), await peer.frame(), await peer.frame()];
    expect(frames.map(({ opcode, fin, payload }) => [opcode, fin, payload.toString()])).toEqual([
      [1, false, 'one'],
      [0, true, 'two'],
      [2, true, 'three'],
    ]);
    expect(frames[0]!.rsv).toBe(1);
  });

  test('throws for what cannot be sent', async () => {
    const { connection } = await openServerSide(library, CONFIG);
    expect(() => connection.sendBytes('text' as never)).toThrow('You must pass a Node Buffer object');
    expect(() => connection.send(Object.create(null))).toThrow(
      'must either be a Node Buffer or implement toString()',
    );
    expect(() => connection.send(null as never)).toThrow(TypeError);
  });

  test('broadcasts to all connections', async () => {
    const { server, peer, connection } = await openServerSide(library, { fragmentationThreshold: 10 });
    expect(server.connections).toEqual([connection]);
    server.broadcast('text');
    server.broadcast(Buffer.from('bytes'));
    server.broadcastUTF('longer than that');
    server.broadcastBytes(Buffer.from('x'));
    const frames = [];
    for (let i = 0; i < 5; i++) frames.push(await peer.frame());
    expect(frames.map(({ opcode, fin, payload }) => [opcode, fin, payload.toString()])).toEqual([
      [1, true, 'text'],
      [2, true, 'bytes'],
      [1, false, 'longer tha'],
      [0, true, 'n that'],
      [2, true, 'x'],
    ]);
  });
});
