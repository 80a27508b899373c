import { describe, expect, test, vi } from 'vitest';
import { startEngine } from './rig/engines.ts';
import { handshake } from './rig/http.ts';
import { endOf } from './rig/sessions.ts';
import { nextUncaught } from './rig/uncaught.ts';
import { openWebTransport } from './rig/web-transport.ts';

const TRANSPORTS = { transports: ['polling', 'websocket', 'webtransport'] } as const;

/** Options with WebTransport on. */
function withWebTransport(options: object = {}): object {
  return { ...TRANSPORTS, ...options };
}

describe('WebTransport', () => {
  test('session moves from polling to it', async () => {
    const { engine, port, sessions } = await startEngine(withWebTransport());
    const sid = await handshake(port);
    const session = await sessions.next();
    const { session: webTransport, packets, received } = openWebTransport();
    void engine.onWebTransportSession(webTransport);
    void packets.write({ type: 'open', data: JSON.stringify({ sid }) });
    void packets.write({ type: 'ping', data: 'probe' });
    expect((await received.read()).value).toEqual({ type: 'pong', data: 'probe' });
    void packets.write({ type: 'upgrade' });
    await new Promise((resolve) => session.once('upgrade', resolve));
    session.send('over');
    expect((await received.read()).value).toEqual({ type: 'message', data: 'over' });
    expect([session.transport.name, session.upgraded]).toEqual(['webtransport', true]);
  });

  test.each([
    ['a packet that is no open packet', { type: 'message', data: 'hello' }],
    ['an open packet for nobody', { type: 'open', data: '{"sid":"nobody"}' }],
    ['an open packet without an id', { type: 'open', data: '{}' }],
    ['an open packet of no JSON', { type: 'open', data: '{' }],
    ['an open packet with binary data', { type: 'message', data: Buffer.from('{}') }],
  ] as const)('server closes a session that begins with %s', async (_what, packet) => {
    const { engine } = await startEngine(withWebTransport());
    const { session, packets, closed } = openWebTransport();
    void engine.onWebTransportSession(session);
    void packets.write(packet);
    await closed;
    expect(engine.clientsCount).toBe(0);
  });

  test.each([true, false])(
    'server closes a session that says nothing in time, with a stream: %s',
    async (hasStream) => {
      const { engine } = await startEngine(withWebTransport({ upgradeTimeout: 20 }));
      const { session, closed } = openWebTransport(hasStream);
      await engine.onWebTransportSession(session);
      await closed;
    },
  );

  test('server that is closed lets nobody in', async () => {
    const { engine } = await startEngine(withWebTransport());
    const { session, packets, closed } = openWebTransport();
    void engine.onWebTransportSession(session);
    engine.close();
    void packets.write({ type: 'open' });
    await closed;
    expect(engine.clientsCount).toBe(0);
  });

  test('server takes nothing of a session that ended before it had a stream', async () => {
    const { engine } = await startEngine(withWebTransport());
    const { session, close } = openWebTransport(false);
    const received = engine.onWebTransportSession(session);
    close();
    await received;
    expect(engine.clientsCount).toBe(0);
  });

  test('server takes nothing of a session that broke before it had a stream', async () => {
    const { engine } = await startEngine(withWebTransport());
    const lost = Promise.reject(new Error('lost'));
    const incomingBidirectionalStreams = new ReadableStream({ pull: () => lost });
    await engine.onWebTransportSession({ incomingBidirectionalStreams, closed: lost, close: () => {} });
    expect(engine.clientsCount).toBe(0);
  });

  test('what a listener throws as a session begins is uncaught, and the session goes on', async () => {
    const { engine, sessions } = await startEngine(withWebTransport());
    const { session, packets } = openWebTransport();
    const uncaught = nextUncaught();
    engine.on('connection', () => {
      throw new Error('a fault of the user');
    });
    void engine.onWebTransportSession(session);
    void packets.write({ type: 'open' });
    expect((await uncaught).message).toBe('a fault of the user');
    const { readyState } = await sessions.next();
    expect(readyState).toBe('open');
  });

  test('server closes a session where middlewares would have to judge it', async () => {
    const { engine } = await startEngine(withWebTransport());
    engine.use((_request, _response, next) => next());
    const { session, closed } = openWebTransport();
    await engine.onWebTransportSession(session);
    await closed;
  });

  test.each([true, false])(
    'server goes on where the session that it closes is over, and says so, with middlewares: %s',
    async (hasMiddleware) => {
      const { engine } = await startEngine(withWebTransport({ upgradeTimeout: 1 }));
      if (hasMiddleware) engine.use((_request, _response, next) => next());
      const { session, close } = openWebTransport(false);
      const closing = vi.fn(() => {
        close();
        throw new Error('closed already');
      });
      await engine.onWebTransportSession({ ...session, close: closing });
      expect(closing).toHaveBeenCalledOnce();
    },
  );

  test('server refuses a frame over the limit before it has come', async () => {
    const { engine, sessions } = await startEngine(withWebTransport({ maxHttpBufferSize: 1000 }));
    const { session, packets, bytes } = openWebTransport();
    void engine.onWebTransportSession(session);
    void packets.write({ type: 'open' });
    const ending = endOf(await sessions.next());
    void bytes.write(Buffer.from([127, 0, 0, 0, 1, 0, 0, 0, 0]));
    expect((await ending).description).toMatchObject({
      code: 'EIO_ERR_PAYLOAD_TOO_LARGE',
      message: 'payload is over the limit of 1000 bytes',
    });
  });

  describe('that is ended by the server', () => {
    test('stays until its peer has read what was sent before', async () => {
      const { engine, sessions } = await startEngine(withWebTransport());
      const { session: webTransport, packets, received, closed } = openWebTransport();
      void engine.onWebTransportSession(webTransport);
      void packets.write({ type: 'open' });
      const session = await sessions.next();
      session.send('the last');
      session.close();
      const types: string[] = [];
      while (types.at(-1) !== 'ping') types.push((await received.read()).value!.type);
      expect(types).toEqual(['open', 'message', 'ping']);
      expect(await Promise.race([closed, 'still there'])).toBe('still there');
      void packets.write({ type: 'message', data: 'too late' });
      void packets.write({ type: 'pong' });
      await closed;
      expect(engine.clientsCount).toBe(0);
    });

    test('takes no pong that answers an earlier ping for it', async () => {
      const { engine, sessions } = await startEngine(
        withWebTransport({ pingInterval: 20, pingTimeout: 60_000 }),
      );
      const { session: webTransport, packets, received, closed } = openWebTransport();
      void engine.onWebTransportSession(webTransport);
      void packets.write({ type: 'open' });
      const session = await sessions.next();
      const next = async (type: string): Promise<void> => {
        while ((await received.read()).value!.type !== type);
      };
      await next('ping');
      session.send('the last');
      session.close();
      void packets.write({ type: 'pong' });
      await next('ping');
      expect(await Promise.race([closed, 'still there'])).toBe('still there');
      void packets.write({ type: 'pong' });
      await closed;
    });

    test('is cut off from a peer that does not say so in time', async () => {
      const { engine, sessions } = await startEngine(withWebTransport({ closeTimeout: 20 }));
      const { session: webTransport, packets, closed } = openWebTransport();
      void engine.onWebTransportSession(webTransport);
      void packets.write({ type: 'open' });
      (await sessions.next()).close();
      await closed;
    });
  });

  test('session whose peer ends its side is ended as a whole', async () => {
    const { engine, sessions } = await startEngine(withWebTransport());
    const { session: webTransport, packets, bytes, closed } = openWebTransport();
    void engine.onWebTransportSession(webTransport);
    void packets.write({ type: 'open' });
    const ending = endOf(await sessions.next());
    await bytes.close();
    expect((await ending).reason).toBe('transport close');
    await closed;
  });
});
