import { Server, type ServerOptions, type Socket } from '@hawser/engine';
import { createPacketDecoderStream, type Packet } from 'engine.io-parser';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serveOverHttp2, type WebTransportServer } from '../rig/fails-components.ts';
import { Queue } from '../rig/queue.ts';
import { endOf } from '../rig/sessions.ts';

const PATH = '/engine.io/';

/** An engine that is handed what a server of WebTransport accepts. */
interface Rig extends WebTransportServer {
  readonly engine: Server;
  readonly sessions: Queue<Socket>;
}

async function startEngine(options: ServerOptions = {}): Promise<Rig> {
  const engine = new Server({ transports: ['polling', 'websocket', 'webtransport'], ...options });
  const sessions = new Queue<Socket>();
  engine.on('connection', (session: Socket) => sessions.push(session));
  const server = await serveOverHttp2(PATH, (session) => void engine.onWebTransportSession(session));
  onTestFinished(() => {
    engine.close();
  });
  return { ...server, engine, sessions };
}

/** A session that a client began, and both ends of it. */
async function openSession(options: ServerOptions = {}) {
  const { open, sessions } = await startEngine(options);
  const client = open();
  await client.ready;
  const { readable, writable } = await client.createBidirectionalStream();
  const writer = writable.getWriter();
  await writer.write(Buffer.from('\x010'));
  const decoder = createPacketDecoderStream(1e6, 'nodebuffer') as unknown as TransformStream<
    Uint8Array,
    Packet
  >;
  const packets = (readable as unknown as ReadableStream<Uint8Array>).pipeThrough(decoder).getReader();
  const receive = async (): Promise<Packet> => (await packets.read()).value as Packet;
  expect((await receive()).type).toBe('open');
  return { client, writer, receive, session: await sessions.next() };
}

describe('WebTransport over HTTP/2, of the package that carries it in Node', () => {
  test('binary data comes as a Buffer', async () => {
    const { session, writer } = await openSession();
    const data = new Promise((resolve) => session.on('data', resolve));
    await writer.write(Uint8Array.of(0x83, 1, 2, 3));
    expect(await data).toEqual(Buffer.of(1, 2, 3));
    expect(Buffer.isBuffer(await data)).toBe(true);
  });

  test.each([3, 1_000_000])('%d bytes go to the client', async (byteLength) => {
    const { session, receive } = await openSession();
    const data = Buffer.alloc(byteLength, 'abc');
    session.send(data);
    expect(await receive()).toEqual({ type: 'message', data });
  });

  test('text goes both ways', async () => {
    const { session, writer, receive } = await openSession();
    session.on('data', (data) => session.send(`you said ${String(data)}`));
    await writer.write(Buffer.from('\x064hello'));
    expect(await receive()).toEqual({ type: 'message', data: 'you said hello' });
  });

  test('a client that ends its session closed it', async () => {
    const { session, client } = await openSession();
    const ending = endOf(session);
    client.close();
    expect(await ending).toEqual({ reason: 'transport close', description: undefined });
  });

  test('a client that aborts its stream broke it', async () => {
    const { session, client, writer } = await openSession();
    const ending = endOf(session);
    await writer.abort(5);
    expect((await ending).reason).toBe('transport error');
    await client.closed;
  });

  test('a client that answers no ping is not waited for at a close', async () => {
    const { session, client } = await openSession({ closeTimeout: 60_000 });
    session.close();
    await client.closed;
  });

  test('a client that falls silent is closed', async () => {
    const { session, client } = await openSession({
      pingInterval: 20,
      pingTimeout: 30,
      closeTimeout: 60_000,
    });
    expect((await endOf(session)).reason).toBe('ping timeout');
    await client.closed;
  });
});
