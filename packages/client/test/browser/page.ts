import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as driver, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** Meant for a sandbox without a window system, or they switch off what is tested. */
const UNWANTED = ['--single-process', '--disable-web-security', '--allow-running-insecure-content'];
const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-quic'];

/** Launches a real Chromium. */
export async function launchChromium(): Promise<Browser> {
  const args = [...chromium.args.filter((argument) => !UNWANTED.includes(argument)), ...ARGUMENTS];
  return driver.launch({ executablePath: await chromium.executablePath(), args });
}

/** The built bundles. */
export const dist: string = join(__dirname, '../../dist');

/** The bundles, and what a process of its own requires, are made of what the build made. */
export function buildOnce(): void {
  if (existsSync(join(dist, 'browser.js'))) return;
  execFileSync(process.execPath, [join(__dirname, '../../../../scripts/build.mjs')]);
}

/** Opens a page of an origin of its own, with the bundles beside it and `head` in it. */
export async function openPage(browser: Browser, head: string): Promise<{ page: Page; errors: string[] }> {
  const http = createServer((request, response) => {
    const name = /^\/(socket\.io[\w.]*\.js)$/.exec(request.url ?? '')?.[1];
    if (name !== undefined) {
      response.setHeader('content-type', 'text/javascript');
      response.end(readFileSync(join(dist, name)));
    } else {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><link rel="icon" href="data:,">${head}`);
    }
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  onTestFinished(async () => {
    await page.close();
    http.closeAllConnections();
    http.close();
  });
  await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  return { page, errors };
}
