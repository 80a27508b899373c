import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launchChromium } from '../../../cli/test/browser/browser.ts';

const ROOT = join(__dirname, '../../../..');
const EXAMPLE = join(ROOT, 'examples/classic-socketio');

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

describe('classic page', () => {
  it('two tabs hear each other, by the script of the server', async () => {
    const { url } = await startExample();
    await chat(await open(url), await open(url));
  });

  it('a page of another origin is heard too', async () => {
    const { url } = await startExample();
    const elsewhere = await serveElsewhere(url);
    expect(new URL(elsewhere).origin).not.toBe(new URL(url).origin);
    await chat(await open(elsewhere), await open(url));
  });

  it('comes back by itself when the server was restarted', async () => {
    const { url, end } = await startExample();
    const page = await open(url);
    await end();
    await page.getByText(/^(disconnected|cannot connect): /).waitFor();
    await startExample(new URL(url).port);
    await page.getByText('connected', { exact: true }).waitFor();
    await chat(page, await open(url));
  });
});

async function chat(one: Page, other: Page): Promise<void> {
  await one.locator('#text').fill('hellø <b>all</b>');
  await one.locator('#text').press('Enter');
  await other.locator('#text').fill('and you');
  await other.getByText('hellø <b>all</b>').waitFor();
  await other.locator('#text').press('Enter');
  for (const page of [one, other]) {
    await page.getByText('and you').waitFor();
    expect(await page.locator('li').allTextContents()).toEqual(['hellø <b>all</b>', 'and you']);
  }
}

async function open(url: string): Promise<Page> {
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  onTestFinished(() => expect(errors).toEqual([]));
  await page.goto(url);
  await page.getByText('connected', { exact: true }).waitFor();
  return page;
}

/** Runs the example as after an `npm install`: `socket.io` is our built package. */
async function startExample(port = '0'): Promise<{ url: string; end: () => Promise<void> }> {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.cache', 'classic-socketio-'));
  cpSync(EXAMPLE, folder, { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'packages/io'), join(folder, 'node_modules/socket.io'));
  const child: ChildProcess = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.kill()) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  onTestFinished(end);
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  const [url = ''] = /http:\S+/.exec(line) ?? [];
  return { url, end };
}

/** Serves the page from a server of its own; what it connects to stays where it is. */
async function serveElsewhere(url: string): Promise<string> {
  const origin = new URL(url).origin;
  const page = readFileSync(join(EXAMPLE, 'index.html'), 'utf8')
    .replace('src="/socket.io/', `src="${origin}/socket.io/`)
    .replace('io.connect(location.origin)', `io.connect('${origin}')`);
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
