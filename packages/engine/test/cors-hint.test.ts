import type { ServerOptions } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { startEngine } from './rig/engines.ts';
import { ask } from './rig/http.ts';
import { recordWarnings, turn } from './rig/warnings.ts';

const QUERY = 'EIO=4&transport=polling';
const ORIGIN = 'http://localhost:5173';

const page = (port: number, origin = ORIGIN) => ask(port, { query: QUERY, headers: { origin } });

describe('hint about CORS', () => {
  test('a page that is kept from the answer is told of, with what lets it in, and once', async () => {
    const warnings = recordWarnings('EIO_WARN_CORS');
    const { port } = await startEngine();
    expect((await page(port)).status).toBe(200);
    await page(port, 'http://elsewhere.example');
    await turn();
    expect(warnings).toEqual([
      `a page of ${ORIGIN} asked over polling, and its browser keeps the answer from it; ` +
        `the option cors lets it in: { cors: { origin: '${ORIGIN}' } }`,
    ]);
  });

  test('a page that is not the one that is let in is told of', async () => {
    const warnings = recordWarnings('EIO_WARN_CORS');
    const { port } = await startEngine({ cors: { origin: 'http://localhost:3000' } });
    await page(port, 'http://localhost:3000');
    await turn();
    expect(warnings).toEqual([]);
    await page(port);
    await turn();
    expect(warnings).toHaveLength(1);
  });

  test.each<[string, Partial<ServerOptions>]>([
    ['every page', { cors: { origin: '*' } }],
    ['this page', { cors: { origin: [ORIGIN, 'http://localhost:3000'] } }],
    ['who asks', { cors: { origin: true, credentials: true } }],
  ])('nothing is told where %s is let in', async (_who, options) => {
    const warnings = recordWarnings('EIO_WARN_CORS');
    const { port } = await startEngine(options);
    await page(port);
    await turn();
    expect(warnings).toEqual([]);
  });

  test('nothing is told where a listener or a middleware lets the page in, or nobody of another origin asks', async () => {
    const warnings = recordWarnings('EIO_WARN_CORS');
    const byListener = await startEngine({}, (engine) => {
      engine.on('headers', (headers: Record<string, string>) => {
        headers['Access-Control-Allow-Origin'] = ORIGIN;
      });
    });
    const byMiddleware = await startEngine({}, (engine) => {
      engine.use((_request, response, next) => {
        response.setHeader('Access-Control-Allow-Origin', '*');
        next();
      });
    });
    await page(byListener.port);
    await page(byMiddleware.port);
    await ask((await startEngine()).port, { query: QUERY });
    await turn();
    expect(warnings).toEqual([]);
  });
});
