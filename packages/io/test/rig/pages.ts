import type { Browser, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { Rig } from './servers.ts';

/** The client that the server serves. */
const OURS = '<script src="/socket.io/socket.io.min.js"></script>';

/** Opens a page that has the server's own client, or what `head` brings, and evaluates `client` there. */
export async function openPage(
  browser: Browser,
  { http, url }: Rig,
  client: string,
  head = OURS,
): Promise<Page> {
  const [serve] = http.listeners('request');
  http.removeAllListeners('request');
  http.on('request', (request, response) => {
    if (request.url === '/') response.end(`<!doctype html>${head}`);
    else (serve as (...args: unknown[]) => void)(request, response);
  });
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(url);
  await page.evaluate(client);
  return page;
}
