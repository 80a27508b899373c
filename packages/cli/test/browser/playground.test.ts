import { text } from 'node:stream/consumers';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HawserProcess, HawserProcesses } from '../command/hawser-process.ts';
import { PlaygroundBrowser } from './browser.ts';

const TIMEOUT_MS = 60_000;
// The id, room or kind of the focused element, and whether its focus can be seen.
const DESCRIBE_FOCUS = `(() => {
  const { id, dataset, tagName } = document.activeElement;
  const isVisible = tagName === 'BODY' || document.activeElement.matches(':focus-visible');
  return (id || dataset.room || tagName) + (isVisible ? '' : ' (invisible)');
})()`;
/** The two ways of the playground to its server, and what they show where they differ. */
const WIRES = [
  {
    over: 'Socket.IO',
    path: '',
    transport: 'over polling → websocket',
    lost: 'Disconnected with “transport close”',
    closed: 'Closed with “io client disconnect”',
    // An event with one attachment, then the attachment.
    file: [/^451-\["file",\{.*"name":"notes.csv".*\]$/, /^a,b\n1,2\n$/],
  },
  {
    over: 'WebSocket',
    path: '?over=websocket',
    transport: 'over websocket',
    lost: 'Disconnected with 1001 going away',
    closed: 'Closed with 1000 normal closure',
    file: [/"name":"notes.csv".*\}a,b\n1,2\n$/],
  },
];
const hawser = new HawserProcesses();
let browser: PlaygroundBrowser;
let server: HawserProcess;
let url: string;

beforeAll(async () => {
  browser = await PlaygroundBrowser.launch();
}, TIMEOUT_MS);

afterAll(() => browser.close());

beforeEach(() => serve(0));

afterEach(async () => {
  await browser.closePages();
  await hawser.dispose();
});

async function serve(port: number): Promise<void> {
  server = hawser.start('serve', '--port', String(port));
  url = (await server.seen('stdout', /http:\S+/))[0];
}

async function stopServer(): Promise<void> {
  server.signal('SIGINT');
  await server.ended();
}

async function say(page: Page, message: string): Promise<void> {
  await page.fill('#text', message);
  await page.press('#text', 'Enter');
}

const messageOf = (page: Page, message: string) => page.locator('.message', { hasText: message });
const deliveryOf = (page: Page, message: string) =>
  messageOf(page, message).locator('.delivery > [aria-hidden]');
const ticksOf = (page: Page, message: string, ticks: string) =>
  messageOf(page, message).locator('.ticks', { hasText: ticks });
const peopleOf = (page: Page) => page.locator('#people .person-name').allTextContents();
const stateOf = (page: Page, name: string) => page.locator(`#state[data-state="${name}"]`);

async function enterRoom(page: Page, room: string): Promise<void> {
  await page.fill('#room-name', room);
  await page.press('#room-name', 'Enter');
  await page.locator('#room-title', { hasText: `# ${room}` }).waitFor();
  await page.locator('#people .person').first().waitFor();
}

/** Drop a file on the messages, as a user does with a mouse. */
async function drop(page: Page, name: string, mediaType: string, bytes: Buffer): Promise<void> {
  const dataTransfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], ${JSON.stringify(name)}, { type: '${mediaType}' }));
    return transfer;
  })()`);
  await page.dispatchEvent('#log', 'dragenter', { dataTransfer });
  await page.locator('#drop').waitFor();
  await page.dispatchEvent('#log', 'drop', { dataTransfer });
}

async function downloadOf(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: `Download ${name}` }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(name);
  return text(await download.createReadStream());
}

describe.each(WIRES)('two pages over $over', { timeout: TIMEOUT_MS }, (wire) => {
  const open = (name: string) => browser.open(url + wire.path, name);

  test('a message crosses, with its latency on both sides', async () => {
    const ada = await open('Ada');
    const grace = await open('Grace');
    await say(ada.page, 'hello there');
    await messageOf(grace.page, 'hello there').waitFor();
    expect(await messageOf(grace.page, 'hello there').locator('.author').textContent()).toBe('Ada');
    await messageOf(ada.page, 'hello there').and(ada.page.locator('[data-state="delivered"]')).waitFor();
    expect(await deliveryOf(ada.page, 'hello there').textContent()).toMatch(/^⇄ [\d.]+ ms$/);
    expect(await deliveryOf(grace.page, 'hello there').textContent()).toMatch(/^→ (< )?[\d.]+ ms$/);
    expect(await ada.page.inputValue('#text')).toBe('');
    expect([...ada.errors, ...grace.errors]).toEqual([]);
  });

  test('ticks say how far a message has come', async () => {
    const { page: ada } = await open('Ada');
    await say(ada, 'to nobody');
    await ticksOf(ada, 'to nobody', '✓✓').waitFor();
    const { page: grace } = await open('Grace');
    await say(ada, 'to Grace');
    await messageOf(grace, 'to Grace').waitFor();
    await ticksOf(ada, 'to Grace', '✓✓ 1/1').waitFor();
    expect(await messageOf(grace, 'to Grace').locator('.ticks').count()).toBe(0);
  });

  test('the state names what carries the connection', async () => {
    const { page } = await open('Ada');
    await page.locator('#transport', { hasText: wire.transport }).waitFor();
    await page.locator('.switch-option[aria-current]', { hasText: wire.over }).waitFor();
  });

  test('markup in a message or a name stays text', async () => {
    const ada = await open('Ada <b>');
    const grace = await open('Grace');
    const markup = '<img src=x onerror="document.title=1"> <script>1</script>';
    await say(ada.page, markup);
    await messageOf(grace.page, 'onerror').waitFor();
    expect(await grace.page.locator('.message .text').textContent()).toBe(markup);
    expect(await grace.page.locator('.message .author').textContent()).toBe('Ada <b>');
    expect([...ada.errors, ...grace.errors]).toEqual([]);
  });

  test('a room isolates, and the way back shows what was missed', async () => {
    const { page: ada } = await open('Ada');
    const { page: grace } = await open('Grace');
    await enterRoom(grace, 'workshop');
    await say(ada, 'only for the lobby');
    await say(grace, 'only for the workshop');
    await messageOf(ada, 'only for the lobby').and(ada.locator('[data-state="delivered"]')).waitFor();
    await messageOf(grace, 'only for the workshop').and(grace.locator('[data-state="delivered"]')).waitFor();
    expect(await messageOf(ada, 'only for the workshop').count()).toBe(0);
    expect(await messageOf(grace, 'only for the lobby').count()).toBe(0);
    await grace.getByRole('button', { name: /lobby/ }).click();
    await messageOf(grace, 'only for the lobby').waitFor();
    expect(await messageOf(grace, 'only for the workshop').count()).toBe(0);
    expect(new URL(grace.url()).hash).toBe('#lobby');
  });

  test('the list of who is here follows coming, renaming and going', async () => {
    const { page: ada } = await open('Ada');
    expect(await peopleOf(ada)).toEqual(['Ada']);
    const { page: grace } = await open('Grace');
    await ada.locator('.note', { hasText: 'Grace joined' }).waitFor();
    expect(await peopleOf(ada)).toEqual(['Ada', 'Grace']);
    expect(await peopleOf(grace)).toEqual(['Grace', 'Ada']);
    await grace.fill('#name', 'Admiral');
    await grace.press('#name', 'Enter');
    await ada.locator('.note', { hasText: 'Grace is now Admiral' }).waitFor();
    expect(await peopleOf(ada)).toEqual(['Ada', 'Admiral']);
    await grace.close();
    await ada.locator('.note', { hasText: 'Admiral left' }).waitFor();
    expect(await peopleOf(ada)).toEqual(['Ada']);
  });

  test('a nickname that is taken gets a number', async () => {
    await open('Ada');
    const { page: second } = await open('Ada');
    expect(await peopleOf(second)).toEqual(['Ada 2', 'Ada']);
    expect(await second.inputValue('#name')).toBe('Ada 2');
  });

  test('a dropped file crosses as one binary message', async () => {
    const { page: ada } = await open('Ada');
    const grace = await open('Grace');
    const frames: (string | Buffer)[] = [];
    grace.page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => frames.push(payload));
    });
    await grace.page.reload();
    await grace.page.locator('#people .person').nth(1).waitFor();
    await grace.page.locator('#transport', { hasText: wire.transport }).waitFor();
    await drop(ada, 'notes.csv', 'text/csv', Buffer.from('a,b\n1,2\n'));
    await messageOf(grace.page, 'notes.csv').waitFor();
    expect(await downloadOf(grace.page, 'notes.csv')).toBe('a,b\n1,2\n');
    expect(frames.filter((payload) => typeof payload !== 'string')).toHaveLength(1);
    const carried = frames.slice(frames.findIndex((payload) => payload.includes('notes.csv')));
    for (const [index, form] of wire.file.entries()) expect(carried[index]?.toString()).toMatch(form);
    expect(await deliveryOf(ada, 'notes.csv').textContent()).toMatch(/^⇄ /);
    expect(grace.errors).toEqual([]);
  });

  test('a picture is previewed, and what only pretends to be one is not', async () => {
    const { page: ada } = await open('Ada');
    const { page: grace } = await open('Grace');
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
    await ada.setInputFiles('#file', {
      name: 'pixel.png',
      mimeType: 'image/png',
      buffer: Buffer.from(pixel, 'base64'),
    });
    await grace.locator('img.picture[alt="pixel.png"]').waitFor();
    await grace.waitForFunction("document.querySelector('img.picture').naturalWidth === 1");
    await ada.setInputFiles('#file', {
      name: 'fake.png',
      mimeType: 'image/png',
      buffer: Buffer.from('<script>1</script>'),
    });
    await messageOf(grace, 'fake.png').waitFor();
    await grace.locator('img.picture[alt="fake.png"]').waitFor({ state: 'detached' });
    await ada.setInputFiles('#file', {
      name: 'drawing.svg',
      mimeType: 'image/svg+xml',
      buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    });
    await messageOf(grace, 'drawing.svg').waitFor();
    expect(await messageOf(grace, 'drawing.svg').locator('img').count()).toBe(0);
  });

  test('a file over the limit is refused with its size, and nothing is sent', async () => {
    const { page } = await open('Ada');
    await page.setInputFiles('#file', {
      name: 'huge.bin',
      mimeType: '',
      buffer: Buffer.alloc(5 * 1024 * 1024),
    });
    await page
      .locator('#notice', { hasText: 'huge.bin is too large: 5.0 MiB; 4.0 MiB are possible.' })
      .waitFor();
    expect(await page.locator('.message').count()).toBe(0);
  });
});

describe.each(WIRES)('the connection over $over', { timeout: TIMEOUT_MS }, (wire) => {
  const open = (name: string) => browser.open(url + wire.path, name);

  test('a restart of the server is survived and shown, and nothing written is lost', async () => {
    const ada = await open('Ada');
    const grace = await open('Grace');
    await enterRoom(ada.page, 'workshop');
    await enterRoom(grace.page, 'workshop');
    await say(ada.page, 'before');
    await messageOf(grace.page, 'before').waitFor();

    await stopServer();
    await stateOf(ada.page, 'reconnecting').waitFor();
    await ada.page.locator('#banner', { hasText: /Attempt \d+ in [\d.]+ s/ }).waitFor();
    await ada.page.locator('.note', { hasText: wire.lost }).waitFor();
    expect(await peopleOf(ada.page)).toEqual([]);
    await say(ada.page, 'written meanwhile');
    await messageOf(ada.page, 'written meanwhile').and(ada.page.locator('[data-state="waiting"]')).waitFor();
    await ada.page.fill('#text', 'half a thou');

    await serve(Number(new URL(url).port));
    await stateOf(ada.page, 'open').waitFor();
    await stateOf(grace.page, 'open').waitFor();
    await ada.page.locator('.note', { hasText: 'the server was restarted: joined again' }).waitFor();
    await messageOf(grace.page, 'written meanwhile').waitFor();
    await messageOf(ada.page, 'written meanwhile')
      .and(ada.page.locator('[data-state="delivered"]'))
      .waitFor();
    expect(await ada.page.inputValue('#text')).toBe('half a thou');
    expect(await ada.page.locator('#room-title').textContent()).toBe('# workshop');
    await ada.page.locator('#people .person').nth(1).waitFor();
    expect(await peopleOf(ada.page)).toEqual(['Ada', 'Grace']);
    await say(grace.page, 'after');
    await messageOf(ada.page, 'after').waitFor();
    expect(await ada.page.locator('.message .text').allTextContents()).toEqual([
      'before',
      'written meanwhile',
      'after',
    ]);
    expect([...ada.errors, ...grace.errors]).toEqual([]);
  });

  test('what was missed while the network was gone comes afterwards, and is counted', async () => {
    const ada = await open('Ada');
    const grace = await open('Grace');
    // A browser leaves an open WebSocket alone when it goes offline, and then holds back what is sent over it, the
    // goodbye too. That it is offline ends the connection only over Socket.IO.
    if (wire.over === 'WebSocket') {
      await grace.page.getByRole('button', { name: 'Disconnect' }).click();
      await stateOf(grace.page, 'closed').waitFor();
    }
    await grace.page.context().setOffline(true);
    if (wire.over === 'Socket.IO') await stateOf(grace.page, 'reconnecting').waitFor();
    await ada.page.locator('.note', { hasText: 'Grace left' }).waitFor();
    await say(ada.page, 'missed one');
    await say(ada.page, 'missed two');
    await messageOf(ada.page, 'missed two').and(ada.page.locator('[data-state="delivered"]')).waitFor();
    await grace.page.context().setOffline(false);
    const connect = grace.page.getByRole('button', { name: /^(Connect|Try now)$/ });
    if (wire.over === 'WebSocket') await connect.click();
    await grace.page.locator('.note', { hasText: /Connected again after .* 2 missed messages/ }).waitFor();
    expect(await grace.page.locator('.message .text').allTextContents()).toEqual([
      'missed one',
      'missed two',
    ]);
    expect([...ada.errors, ...grace.errors]).toEqual([]);
  });

  test('disconnecting and connecting is up to the user', async () => {
    const { page } = await open('Ada');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await stateOf(page, 'closed').waitFor();
    await page.locator('#banner', { hasText: wire.closed }).waitFor();
    // Connect, and Disconnect before that came off.
    await page.locator('#state-button').dblclick();
    await stateOf(page, 'closed').waitFor();
    await say(page, 'kept');
    expect(await deliveryOf(page, 'kept').textContent()).toBe('waiting');
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await messageOf(page, 'kept').and(page.locator('[data-state="delivered"]')).waitFor();
  });

  test('reconnecting can be stopped', async () => {
    const { page } = await open('Ada');
    await stopServer();
    await page.getByRole('button', { name: 'Stop' }).click();
    await stateOf(page, 'closed').waitFor();
    expect(await page.locator('#banner').isVisible()).toBe(true);
  });
});

describe('a page over each', { timeout: TIMEOUT_MS }, () => {
  test('see each other, in the same rooms', async () => {
    const ada = await browser.open(url, 'Ada');
    const grace = await browser.open(`${url}?over=websocket`, 'Grace');
    await ada.page.locator('#people .person-name', { hasText: 'Grace' }).waitFor();
    await say(ada.page, 'from Socket.IO');
    await say(grace.page, 'from WebSocket');
    await messageOf(grace.page, 'from Socket.IO').waitFor();
    await messageOf(ada.page, 'from WebSocket').waitFor();
    await ticksOf(ada.page, 'from Socket.IO', '✓✓ 1/1').waitFor();
    await ticksOf(grace.page, 'from WebSocket', '✓✓ 1/1').waitFor();
    await drop(grace.page, 'notes.csv', 'text/csv', Buffer.from('a,b\n1,2\n'));
    await messageOf(ada.page, 'notes.csv').waitFor();
    expect(await downloadOf(ada.page, 'notes.csv')).toBe('a,b\n1,2\n');
    await enterRoom(grace.page, 'workshop');
    await say(ada.page, 'only for the lobby');
    await messageOf(ada.page, 'only for the lobby')
      .and(ada.page.locator('[data-state="delivered"]'))
      .waitFor();
    expect(await messageOf(grace.page, 'only for the lobby').count()).toBe(0);
    expect([...ada.errors, ...grace.errors]).toEqual([]);
  });

  test('the switch between them keeps the room', async () => {
    const { page } = await browser.open(url, 'Ada');
    await enterRoom(page, 'workshop');
    await page.locator('#over-websocket').click();
    await page.locator('#transport', { hasText: /^over websocket$/ }).waitFor();
    expect(await page.locator('#room-title').textContent()).toBe('# workshop');
    expect(await peopleOf(page)).toEqual(['Ada']);
  });
});

describe('recovery over Socket.IO', { timeout: TIMEOUT_MS }, () => {
  test('a session goes on, and a file that was missed comes with its bytes', async () => {
    const { page: ada } = await browser.open(url, 'Ada');
    const { page: grace } = await browser.open(url, 'Grace');
    // Between two polls the server would notice only by its heartbeat.
    await grace.locator('#transport', { hasText: WIRES[0]!.transport }).waitFor();
    await grace.context().setOffline(true);
    await stateOf(grace, 'reconnecting').waitFor();
    await ada.locator('.note', { hasText: 'Grace left' }).waitFor();
    await say(ada, 'missed');
    await drop(ada, 'notes.csv', 'text/csv', Buffer.from('a,b\n1,2\n'));
    await messageOf(ada, 'notes.csv').and(ada.locator('[data-state="delivered"]')).waitFor();
    await grace.context().setOffline(false);
    await grace.locator('.note', { hasText: /: recovered, 2 missed messages$/ }).waitFor();
    expect(await deliveryOf(grace, 'missed').textContent()).toBe('recovered');
    expect(await downloadOf(grace, 'notes.csv')).toBe('a,b\n1,2\n');
    await ticksOf(ada, 'missed', '✓✓ 1/1').waitFor();
  });

  test('whoever changes the room meanwhile hears no more of the one before', async () => {
    const { page: ada } = await browser.open(url, 'Ada');
    const { page: grace } = await browser.open(url, 'Grace');
    // Between two polls the server would notice only by its heartbeat.
    await grace.locator('#transport', { hasText: WIRES[0]!.transport }).waitFor();
    await grace.context().setOffline(true);
    await stateOf(grace, 'reconnecting').waitFor();
    await grace.fill('#room-name', 'workshop');
    await grace.press('#room-name', 'Enter');
    await grace.context().setOffline(false);
    await grace.locator('#people .person').first().waitFor();
    await say(ada, 'only for the lobby');
    await messageOf(ada, 'only for the lobby').and(ada.locator('[data-state="delivered"]')).waitFor();
    await say(grace, 'in the workshop');
    await messageOf(grace, 'in the workshop').and(grace.locator('[data-state="delivered"]')).waitFor();
    await grace.getByRole('button', { name: /lobby/ }).click();
    await messageOf(grace, 'only for the lobby').waitFor();
    // It came with the room's history, not when it was said.
    expect(await deliveryOf(grace, 'only for the lobby').textContent()).toBe('');
  });
});

describe('using it', { timeout: TIMEOUT_MS }, () => {
  test('everything works with the keys alone, and shows where they go', async () => {
    const { page } = await browser.open(url, 'Ada');
    expect(await page.evaluate('document.activeElement.id')).toBe('text');
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await messageOf(page, 'one').waitFor();
    expect(await page.locator('.message .text').textContent()).toBe('one\ntwo');

    const visited: string[] = [];
    // Once around, until the focus is back where it began.
    while (visited.at(-1) !== 'text' && visited.length < 40) {
      await page.keyboard.press('Tab');
      visited.push(await page.evaluate<string>(DESCRIBE_FOCUS));
    }
    expect(visited.filter((focused) => focused.endsWith(' (invisible)'))).toEqual([]);
    for (const id of [
      'over-socket-io',
      'over-websocket',
      'name',
      'lobby',
      'room-name',
      'state-button',
      'log',
      'attach',
      'text',
      'send',
    ]) {
      expect(visited).toContain(id);
    }
  });

  test('a narrow screen has everything, and nothing sticks out', async () => {
    const { page } = await browser.open(url, 'Ada', { viewport: { width: 360, height: 640 } });
    const { page: other } = await browser.open(url, 'A name with 24 characters'.slice(0, 24));
    await say(other, `${'Wide'.repeat(60)} words`);
    await other.setInputFiles('#file', {
      name: `${'long-name-'.repeat(11)}.bin`,
      mimeType: '',
      buffer: Buffer.alloc(10),
    });
    await messageOf(page, 'long-name').waitFor();
    const widths = () =>
      page.evaluate('[document.documentElement.scrollWidth, document.getElementById("log").scrollWidth]');
    expect(await widths()).toEqual([360, 360]);
    await page.getByRole('button', { name: 'Rooms and people' }).click();
    await page.getByRole('textbox', { name: 'Join or create a room' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('side-close');
    expect(await page.evaluate('document.getElementById("main").inert')).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: 'Join or create a room' }).waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.getElementById("main").inert')).toBe(false);
    expect(await page.evaluate('document.activeElement.id')).toBe('side-open');
    await stopServer();
    await page.locator('#banner').waitFor();
    expect(await widths()).toEqual([360, 360]);
  });

  test('the colours follow the system', async () => {
    const background = "getComputedStyle(document.querySelector('.main')).backgroundColor";
    const { page: light } = await browser.open(url, 'Ada', { colorScheme: 'light' });
    const { page: dark } = await browser.open(url, 'Grace', { colorScheme: 'dark' });
    expect(await light.evaluate(background)).toBe('rgb(255, 255, 255)');
    expect(await dark.evaluate(background)).toBe('rgb(20, 25, 31)');
  });
});
