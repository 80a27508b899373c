#!/usr/bin/env node
import { parseArgs } from 'node:util';
import chromium from '@sparticuz/chromium';
import { chromium as driver } from 'playwright-core';
import { alignColumns } from '../console-report.mjs';
import { median } from '../summary.mjs';
import { defaultBundles, readBundle } from './bundles.mjs';
import { startSite } from './site.mjs';

const HELP = `Usage: node bench/src/browser/main.mjs [options]

  --bundle <name=path>  a bundle to load, may be repeated; a module when its file is *.esm.* or *.mjs, else a script
                        that defines io (default: @hawser/client, if it is built, and socket.io-client)
  --rounds <n>          pages of each bundle and way to connect (default 15)
  --quick               two rounds: does everything work?
  --help
`;

const DEFAULT_ROUNDS = 15;
const QUICK_ROUNDS = 2;
const PAGE_TIMEOUT_MS = 20_000;

/** What `io` is called with, by name. */
const WAYS_TO_CONNECT = Object.freeze({ default: {}, websocket: { transports: ['websocket'] } });

/** Made for a sandbox without windows; the single process does not survive the closing of a page. */
const BROWSER_ARGUMENTS = [
  ...chromium.args.filter((argument) => argument !== '--single-process'),
  '--headless',
  '--no-sandbox',
];

const { values: options } = parseArgs({
  options: {
    bundle: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) console.log(HELP);
else await main();

async function main() {
  const rounds = Number(options.rounds ?? (options.quick ? QUICK_ROUNDS : DEFAULT_ROUNDS));
  const bundles = (options.bundle?.map(parseBundle) ?? defaultBundles()).map(readBundle);
  const site = await startSite(bundles, WAYS_TO_CONNECT);
  const browser = await driver.launch({
    executablePath: await chromium.executablePath(),
    args: BROWSER_ARGUMENTS,
  });
  try {
    const samples = await measureRounds(browser, site, bundles, rounds);
    console.log(`Chromium ${browser.version()}, median of ${rounds} interleaved rounds, a new profile each`);
    console.log(alignColumns([header(), ...bundles.map((bundle) => row(bundle, samples))]));
  } finally {
    await browser.close();
    await site.close();
  }
}

function parseBundle(text) {
  const [, name, path] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`--bundle is written name=path, not '${text}'`);
  return { name, path };
}

/** Round 0 warms up the browser and the server, and does not count. */
async function measureRounds(browser, site, bundles, rounds) {
  const samples = [];
  for (let round = 0; round <= rounds; round++) {
    for (const bundle of bundles) {
      for (const way of Object.keys(WAYS_TO_CONNECT)) {
        const measured = await measure(browser, site.addressOf(bundle, way), bundle.name);
        if (round > 0) samples.push({ bundle, way, ...measured });
      }
    }
  }
  return samples;
}

async function measure(browser, address, name) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    let failure;
    page.on('pageerror', (error) => {
      failure ??= error.message;
    });
    await page.goto(address);
    const handle = await page
      .waitForFunction(() => window.measured, undefined, { timeout: PAGE_TIMEOUT_MS })
      .catch((error) => {
        throw new Error(`${name} did not connect: ${failure ?? error.message}`);
      });
    const measured = await handle.jsonValue();
    if (measured.error !== undefined) throw new Error(`${name} did not connect: ${measured.error}`);
    return measured;
  } finally {
    await context.close();
  }
}

function header() {
  const ways = Object.keys(WAYS_TO_CONNECT);
  return ['bundle', 'bytes', 'gzip', 'brotli', 'load ms', ...ways.map((way) => `connect ms (${way})`)];
}

function row(bundle, samples) {
  const own = samples.filter((sample) => sample.bundle === bundle);
  const connects = Object.keys(WAYS_TO_CONNECT).map((way) =>
    median(own.filter((sample) => sample.way === way).map(({ connectedMs }) => connectedMs)).toFixed(1),
  );
  return [
    bundle.name,
    ...[bundle.rawBytes, bundle.gzipBytes, bundle.brotliBytes].map((bytes) => bytes.toLocaleString('en-US')),
    median(own.map(({ loadedMs }) => loadedMs)).toFixed(1),
    ...connects,
  ];
}
