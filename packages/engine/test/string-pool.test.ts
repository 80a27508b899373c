import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { StringPool } from '../src/string-pool.ts';
import type { EngineRequest } from '../src/transport.ts';
import { startEngine } from './rig/engines.ts';
import { ask } from './rig/http.ts';
import { openSocket } from './rig/sockets.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('strings of requests are shared', () => {
  test('request of a session reads as it came', async () => {
    const seen: { headers: object; rawHeaders: string[]; url: string | undefined }[] = [];
    const note = ({ headers, rawHeaders, url }: IncomingMessage) =>
      seen.push({ headers: { ...headers }, rawHeaders: [...rawHeaders], url });
    const { port, sessions } = await startEngine({}, (engine) => {
      engine.use((request: IncomingMessage, _response: unknown, next: () => void) => {
        note(request);
        next();
      });
    });
    const cookie = `long=${'a'.repeat(1000)}`;
    await openSocket(port, undefined, { headers: { Cookie: cookie, 'X-Twice': ['a', 'b'] } });
    note((await sessions.next()).request);
    expect(seen[1]).toEqual(seen[0]);
    expect((seen[1]!.headers as { cookie: string }).cookie).toBe(cookie);
  });

  /** Shows what went through the pool. */
  class MarkingPool extends StringPool {
    override share(text: string): string {
      return `${text}, shared`;
    }
  }

  test.each([
    ['request', {}],
    ['upgrade', { Connection: 'Upgrade', Upgrade: 'any' }],
  ])('headers of a %s share their strings', async (event, headers) => {
    const { http, port } = await startEngine();
    const arrived = once(http.removeAllListeners(event), event);
    const client = request({ port, host: '127.0.0.1', headers: { Origin: 'http://a', ...headers } });
    client.on('error', () => {}).end();
    const [req] = (await arrived) as [EngineRequest];
    req._query = {};
    new MarkingPool().shareRequest(req, event === 'upgrade');
    client.destroy();
    const values = Object.values(req.headers);
    // Twice, where Node makes them of `rawHeaders` only now.
    expect(values).toContainEqual(expect.stringMatching(/^http:\/\/a(, shared){1,2}$/));
    expect(values.filter((value) => !String(value).endsWith(', shared'))).toEqual([]);
  });

  test('request whose strings another listener froze begins a session', async () => {
    const { http, port, sessions } = await startEngine();
    http.prependListener('upgrade', (request: IncomingMessage & { _query?: object }) => {
      Object.freeze(request.rawHeaders);
      request._query = Object.freeze({ EIO: '4', transport: 'websocket' });
    });
    await openSocket(port);
    expect((await sessions.next()).readyState).toBe('open');
  });

  test('pool takes any number of strings', () => {
    const pool = new StringPool();
    for (let i = 0; i < 5000; i++) expect(pool.share(`text ${i}`)).toBe(`text ${i}`);
    expect(pool.share('a'.repeat(1000))).toBe('a'.repeat(1000));
    expect(pool.share('längst, ☃')).toBe('längst, ☃');
  });

  test('pool keeps nothing of what a string was a part of', async () => {
    const { port } = await startEngine();
    const ask1000 = async (padding: string) => {
      for (let i = 0; i < 1000; i++) {
        await ask(port, { query: `EIO=4&transport=none&padding=${padding}&token=unique-to-this-one-${i}` });
      }
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await ask1000('');
    expect((await ask1000('a'.repeat(15_000))) - before).toBeLessThan(5_000_000);
  });
});
