import { describe, expect, onTestFinished, test } from 'vitest';
import { type connection as Connection, client as WebSocketClient } from 'websocket';
import { launchChromium } from '../../cli/test/browser/browser.ts';
import { Queue } from '../../ws/test/rig/queue.ts';
import { startBroadcastExample } from './rig/broadcast-example.ts';

/** A client of the package that the example was written for. */
async function join(url: string, origin: string): Promise<{ connection: Connection; texts: Queue<string> }> {
  const client = new WebSocketClient();
  const texts = new Queue<string>();
  const connection = await new Promise<Connection>((resolve, reject) => {
    client.on('connectFailed', reject);
    client.on('connect', resolve);
    client.connect(url.replace('http', 'ws'), 'broadcast', origin);
  });
  connection.on('message', (message) => message.type === 'utf8' && texts.push(message.utf8Data));
  return { connection, texts };
}

describe('classic broadcast', () => {
  test('server sends what one client says to both, and turns other pages away', async () => {
    const { url, lines } = await startBroadcastExample();
    const origin = url.slice(0, -1);
    const first = await join(url, origin);
    const second = await join(url, origin);
    expect(await lines.take(2)).toEqual(['joined: 1 connected', 'joined: 2 connected']);
    first.connection.sendUTF('hello');
    second.connection.sendUTF('grüße');
    for (const { texts } of [first, second]) expect((await texts.take(2)).sort()).toEqual(['grüße', 'hello']);
    second.connection.close();
    expect(await lines.next()).toBe('left: 1 connected');
    await expect(join(url, 'http://elsewhere.test')).rejects.toThrow('403 Forbidden');
    first.connection.drop();
  });

  test('page in one tab shows what was typed in the other', { timeout: 60_000 }, async () => {
    const { url } = await startBroadcastExample();
    const browser = await launchChromium();
    onTestFinished(() => browser.close());
    const pages = await Promise.all([browser.newPage(), browser.newPage()]);
    for (const page of pages) {
      await page.goto(url);
      await page.locator('#state', { hasText: 'connected' }).waitFor();
    }
    await pages[0]!.fill('#text', 'from the first');
    await pages[0]!.press('#text', 'Enter');
    await pages[1]!.locator('li', { hasText: 'from the first' }).waitFor();
    await pages[1]!.fill('#text', 'from the second');
    await pages[1]!.press('#text', 'Enter');
    for (const page of pages) {
      await page.locator('li', { hasText: 'from the second' }).waitFor();
      expect(await page.locator('li').allTextContents()).toEqual(['from the first', 'from the second']);
    }
  });
});
