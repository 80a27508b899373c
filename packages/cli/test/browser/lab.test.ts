import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HawserProcess, HawserProcesses } from '../command/hawser-process.ts';
import { PlaygroundBrowser } from './browser.ts';

const TIMEOUT_MS = 120_000;
// Six processes start at the first page, on a machine that may be busy.
const WAIT = { timeout: 60_000 };
const NAMES = ['short-polling', 'long-polling', 'server-sent-events', 'socket-io', 'websocket'] as const;

/** A row of the table, as numbers. */
interface Row {
  readonly events: number;
  readonly missed: number;
  readonly requests: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly overhead: number;
}

const hawser = new HawserProcesses();
let browser: PlaygroundBrowser;
let server: HawserProcess;
let url: string;

beforeAll(async () => {
  browser = await PlaygroundBrowser.launch();
}, TIMEOUT_MS);

afterAll(() => browser.close());

beforeEach(async () => {
  await serve(0);
});

afterEach(async () => {
  await browser.closePages();
  await hawser.dispose();
});

async function serve(port: number): Promise<void> {
  server = hawser.start('serve', '--port', String(port));
  url = (await server.seen('stdout', /lab: (http:\S+)/))[1]!;
}

const columnOf = (page: Page, name: string) => page.locator(`.column[data-transport="${name}"]`);
const rowOf = (page: Page, name: string) => page.locator(`#totals tr[data-transport="${name}"]`);

function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^([\d.,]+) (\w+)$/.exec(text) ?? [];
  const scale = { KiB: 1024, MiB: 1024 * 1024 }[unit] ?? 1;
  return Number(number.replaceAll(',', '')) * scale;
}

async function readRow(page: Page, name: string): Promise<Row> {
  const cells = await rowOf(page, name).locator('td').allTextContents();
  const [events, missed, , , requests, up, down, overhead] = cells;
  const count = (text = '') => Number(text.replaceAll(',', ''));
  return {
    events: count(events),
    missed: count(missed),
    requests: count(requests),
    bytesUp: parseSize(up ?? ''),
    bytesDown: parseSize(down ?? ''),
    overhead: parseSize(overhead ?? ''),
  };
}

/** Wait until every transport has brought so many events, and its cost is known. */
async function waitForEvents(page: Page, least: number, names: readonly string[] = NAMES): Promise<void> {
  for (const name of names) {
    await expect
      .poll(() => readRow(page, name), WAIT)
      .toSatisfy((row: Row) => row.events >= least && row.bytesDown > 0);
  }
}

/** Move a slider to one of its steps. */
async function slide(page: Page, id: string, step: number): Promise<void> {
  await page.locator(`#${id}`).focus();
  await page.keyboard.press('Home');
  for (let moves = 0; moves < step; moves++) await page.keyboard.press('ArrowRight');
}

/** The numbers of the events that reach the page on each transport, as the browser saw them on the wire. */
function watchWire(page: Page): Map<string, Set<number>> {
  const seen = new Map<string, Set<number>>();
  const note = (name: string, text: string) => {
    const numbers = seen.get(name) ?? new Set();
    seen.set(name, numbers);
    for (const [, seq] of text.matchAll(/"seq":(\d+)/g)) numbers.add(Number(seq));
  };
  page.on('websocket', (socket) => {
    const name = socket.url().includes('/socket.io/') ? 'socket-io' : 'websocket';
    socket.on('framereceived', ({ payload }) => note(name, payload.toString()));
  });
  return seen;
}

/** The process of a transport: they have its name as an argument. */
const processOf = (name: string) => server.children().find(({ args }) => args.includes(name))?.pid;

describe('the lab', { timeout: TIMEOUT_MS }, () => {
  test('brings the same events over all five transports, and counts what each cost', async () => {
    const { page, errors } = await browser.visit(url);
    const wire = watchWire(page);
    await waitForEvents(page, 60);
    const rows = Object.fromEntries(
      await Promise.all(NAMES.map(async (name) => [name, await readRow(page, name)] as const)),
    ) as Record<(typeof NAMES)[number], Row>;
    for (const row of Object.values(rows)) expect(row.missed).toBe(0);

    expect(rows.websocket.requests).toBe(1);
    expect(rows['server-sent-events'].requests).toBe(1);
    expect(rows['socket-io'].requests).toBeGreaterThan(1);
    expect(rows['long-polling'].requests).toBeGreaterThan(rows['socket-io'].requests);
    // At ten events a second and a question a second, it is the one that waits that asks more often.
    expect(rows['long-polling'].requests).toBeGreaterThan(rows['short-polling'].requests);

    // Payload and overhead both count: 256 bytes each.
    for (const row of Object.values(rows)) expect(row.bytesDown).toBeGreaterThan(row.events * 200);
    expect(rows['long-polling'].bytesUp).toBeGreaterThan(rows['socket-io'].bytesUp);
    expect(rows['socket-io'].bytesUp).toBeGreaterThan(rows.websocket.bytesUp);
    expect(rows['long-polling'].overhead).toBeGreaterThan(rows.websocket.overhead);
    expect(rows['short-polling'].overhead).toBeGreaterThan(rows.websocket.overhead);
    expect(wire.get('websocket')?.size).toBeGreaterThan(50);
    expect(errors).toEqual([]);
  });

  test('begins anew where the process of a transport dies', async () => {
    const { page } = await browser.visit(url);
    await waitForEvents(page, 5);
    const pid = processOf('websocket')!;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => processOf('websocket') ?? pid, WAIT).not.toBe(pid);
    const { events } = await readRow(page, 'websocket');
    await waitForEvents(page, events + 5);
  });

  test('its sliders change the stream, with the keys alone', async () => {
    const { page, errors } = await browser.visit(url);
    await waitForEvents(page, 5);
    await slide(page, 'rate', 6);
    expect(await page.locator('#rate-value').textContent()).toBe('100 / s');
    expect(await page.locator('#rate').getAttribute('aria-valuetext')).toBe('100 / s');
    await slide(page, 'payload', 4);
    expect(await page.locator('#payload-value').textContent()).toBe('4.0 KiB');
    await page.getByRole('button', { name: 'Count anew' }).click();
    await waitForEvents(page, 100);
    // Each event carries its payload now.
    for (const name of NAMES) {
      await expect
        .poll(() => readRow(page, name), WAIT)
        .toSatisfy((row: Row) => row.bytesDown / row.events > 3000);
    }
    await page.getByRole('button', { name: 'Pause' }).press('Enter');
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    expect(errors).toEqual([]);
  });

  test('a slider stays where it was moved while older answers of the server arrive', async () => {
    const { page } = await browser.visit(url);
    const answers: (() => void)[] = [];
    // Of the page's control, the answers to a change come when the test lets them.
    await page.routeWebSocket(/\/socket\.io\//, (socket) => {
      socket.connectToServer().onMessage((message) => {
        const deliver = () => socket.send(message);
        if (/^43.*"payloadBytes"/.test(String(message))) answers.push(deliver);
        else deliver();
      });
    });
    await page.reload();
    await waitForEvents(page, 3);
    await slide(page, 'rate', 6);
    await expect.poll(() => answers.length, WAIT).toBe(7);
    for (const deliver of answers.splice(0, 6)) deliver();
    // The next totals came behind those answers.
    const { events } = await readRow(page, 'websocket');
    await waitForEvents(page, events + 30, ['websocket']);
    expect(await page.locator('#rate-value').textContent()).toBe('100 / s');
    answers.pop()?.();
    await waitForEvents(page, events + 60, ['websocket']);
    expect(await page.locator('#rate-value').textContent()).toBe('100 / s');
  });

  test('a transport is stopped and started alone', async () => {
    const { page } = await browser.visit(url);
    await waitForEvents(page, 3);
    await page.getByRole('button', { name: 'Stop WebSocket' }).click();
    await columnOf(page, 'websocket').and(page.locator('[data-state="stopped"]')).waitFor();
    const stopped = await readRow(page, 'websocket');
    const { events } = await readRow(page, 'server-sent-events');
    await waitForEvents(page, events + 10, ['server-sent-events', 'socket-io']);
    expect((await readRow(page, 'websocket')).events).toBeLessThanOrEqual(stopped.events + 3);
    await page.getByRole('button', { name: 'Start WebSocket' }).click();
    await columnOf(page, 'websocket').and(page.locator('[data-state="open"]')).waitFor();
    await waitForEvents(page, 3, ['websocket']);
    expect((await readRow(page, 'websocket')).missed).toBe(0);
  });

  test('on a throttled network every transport goes on', async () => {
    const { page, errors } = await browser.visit(url);
    await waitForEvents(page, 3);
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 300,
      downloadThroughput: 100 * 1024,
      uploadThroughput: 100 * 1024,
    });
    await page.getByRole('button', { name: 'Count anew' }).click();
    await waitForEvents(page, 30);
    // Every answer to a poll pays the latency: an event can wait no less than that now.
    await expect
      .poll(() => columnOf(page, 'long-polling').locator('.column-median').textContent(), WAIT)
      .toMatch(/^([3-9]\d\d ms|\d+\.\d s)$/);
    expect(errors).toEqual([]);
  });

  test('a restart of the server is survived and shown', async () => {
    const { page, errors } = await browser.visit(url);
    await waitForEvents(page, 3);
    server.signal('SIGINT');
    await server.ended();
    await page.locator('#lab-notice', { hasText: /Trying again/ }).waitFor(WAIT);
    await page.locator('#control-state[data-state="lost"]').waitFor();
    await serve(Number(new URL(url).port));
    await page.locator('#control-state[data-state="open"]').waitFor(WAIT);
    await waitForEvents(page, 3);
    expect(await page.locator('#lab-notice').isVisible()).toBe(false);
    // A transport may have asked the new server for the stream of the old one.
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
  });

  test('one page too many is turned away, in words', async () => {
    for (let pages = 0; pages < 4; pages++) {
      const { page } = await browser.visit(url);
      await page.locator('#control-state[data-state="open"]').waitFor(WAIT);
    }
    const { page } = await browser.visit(url);
    await page.locator('#lab-notice', { hasText: '4 pages use the lab already' }).waitFor(WAIT);
  });

  test('the pages lead to each other', async () => {
    const { page } = await browser.visit(url);
    await page.getByRole('link', { name: 'Playground' }).click();
    await page.locator('#people .person').first().waitFor();
    await page.getByRole('link', { name: 'Lab' }).click();
    await waitForEvents(page, 1);
  });

  test('a narrow screen has everything, and nothing sticks out', async () => {
    const { page } = await browser.visit(url, { viewport: { width: 360, height: 640 } });
    await waitForEvents(page, 1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    for (const name of NAMES) expect(await columnOf(page, name).isVisible()).toBe(true);
  });

  test('the colours follow the system, those of the chart too', async () => {
    const look =
      "[getComputedStyle(document.querySelector('.column')).backgroundColor, getComputedStyle(document.querySelector('#chart')).getPropertyValue('--series-5')]";
    const { page: light } = await browser.visit(url, { colorScheme: 'light' });
    const { page: dark } = await browser.visit(url, { colorScheme: 'dark' });
    expect(await light.evaluate(look)).toEqual(['rgb(255, 255, 255)', '#0c6d9c']);
    expect(await dark.evaluate(look)).toEqual(['rgb(20, 25, 31)', '#5bb8ea']);
  });
});
