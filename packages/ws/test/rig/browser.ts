import chromium from '@sparticuz/chromium';
import { type Browser, chromium as driver } from 'playwright-core';

// Meant for a sandbox without a window system; two of them would switch off what the tests look at (the same-origin
// policy), and the single process does not survive the closing of a page.
const UNWANTED = ['--single-process', '--disable-web-security', '--allow-running-insecure-content'];
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-quic',
];

/** Launches a real Chromium. */
export async function launchBrowser(): Promise<Browser> {
  const args = [...chromium.args.filter((argument) => !UNWANTED.includes(argument)), ...ARGUMENTS];
  return driver.launch({ executablePath: await chromium.executablePath(), args });
}
