import type { Server, ServerOptions, Socket } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { ask, handshake, sendRaw } from '../rig/http.ts';
import { type BareSocket, openSocket } from '../rig/sockets.ts';
import { dateless, runBoth, type Subject } from './both.ts';

const NOTHING = (): void => {};

/** Waits for the next session to begin. */
function nextSession(engine: Server): Promise<Socket> {
  return new Promise((resolve) => engine.once('connection', resolve));
}

/** Waits for the end of a session and returns its reason. */
function reasonOf(session: Socket): Promise<string> {
  return new Promise((resolve) => session.once('close', resolve));
}

/** Waits until a session over polling has a poll to answer. */
async function untilPolled({ transport }: Socket): Promise<void> {
  while (!transport.writable) await new Promise((resolve) => transport.once('ready', resolve));
}

describe('why a session over WebSocket ended, as engine.io tells it', () => {
  type Break = (client: BareSocket, session: Socket, engine: Server) => void;
  const cases: readonly { title: string; options?: ServerOptions; end: Break }[] = [
    { title: 'client closes', end: ({ socket }) => socket.close(1000, 'done') },
    { title: 'client vanishes', end: ({ socket }) => socket.terminate() },
    { title: 'client is reset', end: ({ connection }) => connection.resetAndDestroy() },
    { title: 'client sends no packet', end: ({ socket }) => socket.send('x') },
    { title: 'client sends an empty message', end: ({ socket }) => socket.send('') },
    { title: 'client sends a ping', end: ({ socket }) => socket.send('2') },
    {
      title: 'client sends too much',
      options: { maxHttpBufferSize: 10 },
      end: ({ socket }) => socket.send('4aaaaaaaaaaaaaaaaaaaa'),
    },
    { title: 'client is silent', options: { pingInterval: 50, pingTimeout: 50 }, end: NOTHING },
    { title: 'server closes the session', end: (_client, session) => session.close() },
    { title: 'server discards the session', end: (_client, session) => session.close(true) },
    { title: 'server closes', end: (_client, _session, engine) => engine.close() },
    {
      title: 'server closes the session with something to say',
      end: (_client, session) => session.send('a').close(),
    },
  ];

  test('close frame of the client is answered with its code and its reason', async () => {
    const script = async ({ port }: Subject): Promise<unknown> => {
      const client = await openSocket(port);
      client.socket.close(4001, 'bye');
      return client.closed;
    };
    const { upstream, ours } = await runBoth({}, NOTHING, script);
    expect(ours).toEqual(upstream);
  });

  test.each(cases)('$title', async ({ options, end }) => {
    const script = async ({ port, engine }: Subject): Promise<unknown> => {
      const begun = nextSession(engine);
      const client = await openSocket(port, undefined, { autoPong: false });
      const session = await begun;
      const reason = reasonOf(session);
      end(client, session, engine);
      return [await reason, session.readyState, engine.clientsCount, Object.keys(engine.clients)];
    };
    const { upstream, ours } = await runBoth(options ?? {}, NOTHING, script);
    expect(ours).toEqual(upstream);
  });
});

describe('why a session over polling ended, as engine.io tells it', () => {
  type Break = (post: (body: string) => void, session: Socket, port: number, query: string) => void;
  const cases: readonly { title: string; options?: ServerOptions; end: Break }[] = [
    { title: 'client sends a close packet', end: (post) => post('1') },
    { title: 'client sends no packet', end: (post) => post('x') },
    { title: 'client sends a message, and then no packet', end: (post) => post('4a\x1ex') },
    { title: 'client sends a ping', end: (post) => post('2') },
    {
      title: 'client leaves its poll',
      end: (_post, session, port, query) => {
        const poll = sendRaw(port, `GET /engine.io/?${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        untilPolled(session).then(() => poll.socket.destroy());
      },
    },
    { title: 'client does not poll', options: { pingInterval: 50, pingTimeout: 50 }, end: NOTHING },
    {
      title: 'server closes the session, which is polled',
      end: (_post, session, port, query) => {
        ask(port, { query });
        untilPolled(session).then(() => session.close());
      },
    },
    { title: 'server discards the session', end: (_post, session) => session.close(true) },
  ];

  test.each(cases)('$title', async ({ options, end }) => {
    const script = async ({ port, engine }: Subject): Promise<unknown> => {
      const begun = nextSession(engine);
      const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
      const session = await begun;
      const reason = reasonOf(session);
      end((body) => void ask(port, { query, method: 'POST', body }), session, port, query);
      return [await reason, session.readyState, engine.clientsCount];
    };
    const { upstream, ours } = await runBoth(options ?? {}, NOTHING, script);
    expect(ours).toEqual(upstream);
  });
});

describe('events, as engine.io has them', () => {
  const EVENTS = [
    'packet',
    'data',
    'message',
    'packetCreate',
    'flush',
    'drain',
    'heartbeat',
    'upgrading',
    'upgrade',
  ];

  /** Notes what a session tells, by the names of its events. */
  function listenTo(session: Socket, told: string[]): void {
    for (const event of EVENTS) {
      session.on(event, (value) => {
        const packets = event === 'flush' ? value.length : (value?.type ?? value?.name ?? value);
        told.push(`${event} ${typeof packets === 'object' ? JSON.stringify(packets) : packets}`);
      });
    }
    session.on('close', (reason) => told.push(`close ${reason}`));
  }

  test('of a session over WebSocket that is greeted, answers and closes', async () => {
    const script = async ({ port, engine }: Subject): Promise<unknown> => {
      const told: string[] = [];
      engine.on('initial_headers', () => told.push('initial_headers'));
      engine.on('headers', () => told.push('headers'));
      engine.on('connection', (session: Socket) => {
        told.push('connection');
        listenTo(session, told);
        session.on('message', (data) => session.send(data, () => told.push('sent')));
      });
      const { socket, messages } = await openSocket(port);
      socket.send('4hello');
      expect(await messages.next()).toBe('4hello');
      const closed = new Promise((resolve) =>
        engine.clients[Object.keys(engine.clients)[0]!]!.once('close', resolve),
      );
      socket.close();
      await closed;
      // Whether a message counts as sent before or after it was announced is the kernel's affair.
      return told.filter((event) => event !== 'sent' && !event.startsWith('drain'));
    };
    const { upstream, ours } = await runBoth({}, NOTHING, script);
    expect(ours).toEqual(upstream);
  });

  test('of a session that moves to WebSocket, which is asked for again in vain', async () => {
    const script = async ({ port, engine }: Subject): Promise<unknown> => {
      const told: string[] = [];
      const begun = nextSession(engine);
      const sid = await handshake(port);
      const session = await begun;
      listenTo(session, told);
      const upgraded = new Promise((resolve) => session.once('upgrade', resolve));
      const { socket, messages } = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
      socket.send('2probe');
      expect(await messages.next()).toBe('3probe');
      socket.send('5');
      await upgraded;
      const stale = dateless(await ask(port, { query: `EIO=4&transport=polling&sid=${sid}` }));
      const second = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
      const { code } = await second.closed;
      session.send('still here');
      expect(await messages.next()).toBe('4still here');
      return {
        told: told.filter((event) => /^(upgrad|message|close)/.test(event)),
        stale,
        code,
        upgraded: session.upgraded,
      };
    };
    const { upstream, ours } = await runBoth({}, NOTHING, script);
    expect(ours).toEqual(upstream);
  });

  test('callbacks of what was sent come once each, in order, with the transport', async () => {
    const script = async ({ port, engine }: Subject): Promise<unknown> => {
      const begun = nextSession(engine);
      const { messages } = await openSocket(port);
      const session = await begun;
      const order: unknown[] = [];
      await new Promise<void>((resolve) => {
        for (const word of ['a', 'b']) session.send(word, (used) => order.push([word, used.name]));
        session.send(Buffer.from('c'), {}, (used) => {
          order.push(['c', used.name]);
          resolve();
        });
      });
      return [order, await messages.next(), await messages.next(), await messages.next()];
    };
    const { upstream, ours } = await runBoth({}, NOTHING, script);
    expect(ours).toEqual(upstream);
  });
});
