import type { ServerOptions, Socket } from '@hawser/io';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../../cli/test/browser/browser.ts';
import { openPage } from '../rig/pages.ts';
import { startServer } from '../rig/servers.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** A socket with `lose`, as a network does, and `comeBack`, which tells what became of the session. */
const RECOVERING = `(() => {
  window.socket = io({ reconnection: false, transports: ['websocket'] });
  window.comeBack = () => new Promise((resolve) => {
    socket.once('connect', () => resolve([socket.recovered, socket.recoveryRefusal ?? 'none']));
    socket.connect();
  });
  window.lose = () => new Promise((resolve) => {
    socket.once('disconnect', resolve);
    socket.io.engine.close();
  });
  return new Promise((resolve) => socket.once('connect', resolve));
})()`;

const recovery = (options: ServerOptions['connectionStateRecovery']): Partial<ServerOptions> => ({
  connectionStateRecovery: options,
});

/** Tells the page to lose its connection, and waits until the server has seen it. */
async function lose(page: Page, socket: Socket): Promise<void> {
  const isGone = new Promise((resolve) => socket.once('disconnect', resolve));
  await page.evaluate('lose()');
  await isGone;
}

describe('a page', () => {
  it.each([
    ['websocket', 'message is over the limit of 10000 bytes (1009)'],
    ['polling', 413],
  ])('reads, over %s, that its message was too large', async (transport, told) => {
    const rig = await startServer({ maxHttpBufferSize: 10_000 });
    const page = await openPage(
      browser,
      rig,
      `window.socket = io({ transports: ['${transport}'], reconnection: false });
       window.gone = new Promise((resolve) => {
         socket.on('disconnect', (reason, { description }) => resolve([reason, description]));
       });
       undefined`,
    );
    const socket = await rig.sockets.next();
    const atServer = new Promise((resolve) => {
      socket.on('disconnect', (reason, description) => resolve([reason, (description as Error).message]));
    });
    await page.evaluate("void socket.emit('a', 'x'.repeat(20_000))");
    expect(await page.evaluate('gone')).toEqual(['transport error', told]);
    const atServerToo = expect.stringMatching(/^(message|payload) is over the limit of 10000 bytes$/);
    expect(await atServer).toEqual(['transport error', atServerToo]);
  });

  it('recovers its session', async () => {
    const rig = await startServer(recovery({}));
    const page = await openPage(browser, rig, RECOVERING);
    await lose(page, await rig.sockets.next());
    expect(await page.evaluate('comeBack()')).toEqual([true, 'none']);
  });

  it('reads that its session expired', async () => {
    const rig = await startServer(recovery({ maxDisconnectionDuration: 1 }));
    const page = await openPage(browser, rig, RECOVERING);
    await lose(page, await rig.sockets.next());
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await page.evaluate('comeBack()')).toEqual([false, 'expired']);
  });

  it('reads that it missed more than is kept', async () => {
    const rig = await startServer(recovery({ maxBytes: 1000 }));
    const page = await openPage(browser, rig, RECOVERING);
    await lose(page, await rig.sockets.next());
    for (let i = 0; i < 10; i++) rig.io.emit('news', 'x'.repeat(1000));
    expect(await page.evaluate('comeBack()')).toEqual([false, 'overflow']);
  });

  it('reads that the server had ended its session', async () => {
    const rig = await startServer(recovery({}));
    const page = await openPage(browser, rig, RECOVERING);
    await page.evaluate(
      "window.gone = new Promise((resolve) => socket.once('disconnect', resolve)); undefined",
    );
    (await rig.sockets.next()).disconnect(true);
    expect(await page.evaluate('gone')).toBe('io server disconnect');
    expect(await page.evaluate('comeBack()')).toEqual([false, 'ended']);
  });
});
