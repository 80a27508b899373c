import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { startEngine } from './rig/engines.ts';
import { ask } from './rig/http.ts';
import { recordWarnings, turn } from './rig/warnings.ts';

const QUERY = 'EIO=4&transport=polling';
const SHORT = { pingInterval: 20, pingTimeout: 20 };

const poll = (port: number, sid: string) => ask(port, { query: `${QUERY}&sid=${sid}` });

describe('hint about sticky sessions', () => {
  test('a session that another process has is told of, once, and the client gets the known answer', async () => {
    const warnings = recordWarnings('EIO_WARN_STICKY');
    const { port } = await startEngine(SHORT);
    await sleep(60);
    for (const sid of ['elsewhere', 'elsewhere-too']) {
      const { status, body } = await poll(port, sid);
      expect([status, body.toString()]).toEqual([400, '{"code":1,"message":"Session ID unknown"}']);
    }
    await turn();
    expect(warnings).toEqual([
      'a client asked for a session that this process does not have; where there are several processes, all requests of a ' +
        "session have to reach the same one (sticky sessions), or clients have to use transports: ['websocket']",
    ]);
  });

  test('nothing is said while clients may ask for sessions from before a restart', async () => {
    const warnings = recordWarnings('EIO_WARN_STICKY');
    const { port } = await startEngine();
    expect((await poll(port, 'before')).status).toBe(400);
    await turn();
    expect(warnings).toEqual([]);
  });

  test.each<[string, (session: Socket, port: number) => unknown]>([
    ['in silence', () => {}],
    [
      'by its client',
      (session, port) => ask(port, { method: 'POST', query: `${QUERY}&sid=${session.id}`, body: '1' }),
    ],
    ['by its server', (session) => session.close(true)],
  ])('nothing is said of a session that ended here %s', async (_, end) => {
    const warnings = recordWarnings('EIO_WARN_STICKY');
    const { port, sessions } = await startEngine(SHORT);
    await ask(port, { query: QUERY });
    const session = await sessions.next();
    const closed = new Promise((resolve) => session.once('close', resolve));
    await end(session, port);
    await closed;
    await sleep(60);
    expect((await poll(port, session.id)).status).toBe(400);
    await turn();
    expect(warnings).toEqual([]);
  });
});
