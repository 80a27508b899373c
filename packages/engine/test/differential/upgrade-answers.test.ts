import type { AttachOptions, Server, ServerOptions, Socket } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { ask, handshake, sendRaw, upgradeHead } from '../rig/http.ts';
import { dateless, runBoth, type Subject } from './both.ts';

const NOTHING = (): void => {};

/** Sends an upgrade that is to be refused, and returns all that came back. */
function upgrading(query: string, path?: string, lines?: readonly string[]) {
  return async ({ port }: Subject): Promise<string> => {
    const sid = query.includes('SID') ? await handshake(port) : '';
    return sendRaw(port, upgradeHead(query.replace('SID', sid), path, lines)).ended;
  };
}

describe('answers to upgrades, as engine.io gives them', () => {
  const cases: readonly {
    title: string;
    query: string;
    options?: ServerOptions & AttachOptions;
    prepare?: (engine: Server) => void;
  }[] = [
    { title: 'unknown transport', query: 'EIO=4&transport=tobi' },
    { title: 'no transport', query: '' },
    { title: 'unknown session', query: 'EIO=4&transport=websocket&sid=nobody' },
    { title: 'another version', query: 'EIO=3&transport=websocket&sid=SID', options: { allowEIO3: true } },
    {
      title: 'not allowed',
      query: 'EIO=4&transport=websocket',
      options: { allowRequest: (_req, fn) => fn('Thou shall not pass, ü', false) },
    },
    {
      title: 'not allowed, without a message',
      query: 'EIO=4&transport=websocket',
      options: { allowRequest: (_req, fn) => fn(null, false) },
    },
    {
      title: 'failing middleware',
      query: 'EIO=4&transport=websocket',
      prepare: (engine) => engine.use((_req, _res, next) => next(new Error('no'))),
    },
    {
      title: 'middleware that answers',
      query: 'EIO=4&transport=websocket',
      prepare: (engine) =>
        engine.use((_req, res) => {
          res.end('later');
        }),
    },
  ];

  test.each(cases)('$title', async ({ query, options, prepare }) => {
    const { upstream, ours } = await runBoth(options ?? {}, prepare ?? NOTHING, upgrading(query));
    expect(ours).toEqual(upstream);
  });

  test('upgrade of nobody', async () => {
    const options = { destroyUpgradeTimeout: 10 };
    const { upstream, ours } = await runBoth(options, NOTHING, upgrading('', '/elsewhere'));
    expect(ours).toEqual(upstream);
  });
});

describe('two requests of a kind at a time', () => {
  test('server answers overlapping polls as engine.io does', async () => {
    const script = async ({ port, engine }: Subject): Promise<unknown> => {
      const closed = new Promise((resolve) =>
        engine.on('connection', (session: Socket) => session.on('close', resolve)),
      );
      const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
      const polls = await Promise.all([ask(port, { query }), ask(port, { query })]);
      // Which of them came first is not ours to say.
      return { polls: polls.map((poll) => JSON.stringify(dateless(poll))).sort(), reason: await closed };
    };
    const { upstream, ours } = await runBoth({}, NOTHING, script);
    expect(ours).toEqual(upstream);
  });

  test('server answers a poll whose session is closed by a post as engine.io does', async () => {
    const script = async ({ port }: Subject): Promise<unknown> => {
      const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
      const polling = ask(port, { query });
      const post = await ask(port, { query, method: 'POST', body: '4a\x1e1' });
      return [dateless(post), dateless(await polling), dateless(await ask(port, { query }))];
    };
    const { upstream, ours } = await runBoth({}, NOTHING, script);
    expect(ours).toEqual(upstream);
  });
});
