import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer as WsServer } from 'ws';
import { launchChromium } from '../../cli/test/browser/browser.ts';
import { startEngine } from './rig/engines.ts';
import { endOf } from './rig/sessions.ts';
import { openSocket } from './rig/sockets.ts';

/** Silence of the program that is longer than a session would be given, several times. */
const SILENT_MS = 2500;
const HEARTBEAT = { pingInterval: 300, pingTimeout: 400 };

const ENGINES = { 'its own WebSocket server': {}, 'that of the ws package': { wsEngine: WsServer } };

describe.each(Object.entries(ENGINES))('a session whose program is throttled, on %s', (_name, options) => {
  test.each([4, 3])(
    'session of version %i whose client answers only pings of WebSocket lives on',
    async (version) => {
      const { port, sessions } = await startEngine({ ...HEARTBEAT, ...options, allowEIO3: true });
      // The ws package answers them by itself; nobody answers packets here.
      const { socket } = await openSocket(port, `EIO=${version}&transport=websocket`);
      const session = await sessions.next();
      const ending = endOf(session);
      let pings = 0;
      const asked = (count: number) =>
        new Promise<void>((resolve) => {
          const onPing = (): void => {
            if (++pings !== count) return;
            socket.off('ping', onPing);
            pings = 0;
            resolve();
          };
          socket.on('ping', onPing);
        });
      await asked(5);
      expect(session.readyState).toBe('open');
      // From here on it has all its time again.
      socket.send('4awake');
      await new Promise((resolve) => session.once('message', resolve));
      await asked(8);
      expect(session.readyState).toBe('open');
      // A program that is silent for ever does not keep its session for ever.
      expect((await ending).reason).toBe('ping timeout');
    },
  );
});

test('a page in a browser whose script is blocked keeps its session', async () => {
  const { port, sessions, http } = await startEngine(HEARTBEAT);
  http.on('request', (_request, response) => {
    if (!response.headersSent) response.setHeader('Content-Type', 'text/html').end('<title>page</title>');
  });
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/engine.io.html`);
  await page.evaluate(`new Promise((resolve) => {
    window.socket = new WebSocket('ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket');
    window.socket.onmessage = ({ data }) => {
      if (data === '2') window.socket.send('3');
      resolve();
    };
  })`);
  const session = await sessions.next();
  const ending = endOf(session);
  const closed = ending.then(({ reason }) => reason);
  // For so long the page runs nothing else: no packet is answered.
  const block = `{ const end = performance.now() + ${SILENT_MS}; while (performance.now() < end); window.socket.send('4awake'); }`;
  const awake = new Promise((resolve) => session.once('message', resolve));
  await page.evaluate(block);
  expect(await Promise.race([awake, closed])).toBe('awake');
  expect(session.readyState).toBe('open');
});
