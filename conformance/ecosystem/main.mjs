/** Runs each smoke test in a process of its own, two at a time, and prints a line for each. */
import { spawn } from 'node:child_process';
import { readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const MAX_TEST_MS = 30_000;
const MAX_PROCESSES = 2;

const home = fileURLToPath(new URL('.', import.meta.url));
const ours = realpathSync(`${home}/../../packages/compat-ws/index.js`);

/** Those that load ws by themselves; the others are given it. */
const DEPENDENTS = [
  '@fastify/http-proxy',
  '@fastify/websocket',
  '@hono/node-ws',
  '@nestjs/platform-ws',
  'chrome-remote-interface',
  'engine.io',
  'engine.io-client',
  'ethers',
  'express-ws',
  'graphql-ws/use/ws',
  'isomorphic-ws',
  'jsdom',
  'mqtt',
  'puppeteer-core',
  'rpc-websockets',
  'socket.io-adapter',
  'superwstest',
  'webpack-dev-server',
  'websocket-stream',
  'y-websocket/bin/utils',
];

const require = createRequire(import.meta.url);
for (const name of DEPENDENTS) {
  const resolved = createRequire(require.resolve(name)).resolve('ws');
  if (resolved !== ours) throw new Error(`${name} would load ${resolved}`);
}

const waiting = readdirSync(`${home}/smoke`).filter((file) => file !== 'servers.mjs');
const failed = [];
await Promise.all(Array.from({ length: MAX_PROCESSES }, runWaiting));
if (failed.length > 0) {
  console.error(`  failed: ${failed.join(', ')}`);
  process.exit(1);
}

async function runWaiting() {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runSmoke(file);
}

/** @param {string} file */
async function runSmoke(file) {
  const startMs = performance.now();
  const child = spawn(process.execPath, ['--import', './proof.mjs', `smoke/${file}`], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MAX_TEST_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  const [code, signal] = await new Promise((resolve) => child.on('close', (...args) => resolve(args)));
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  if (code === 0) {
    console.log(`  ${file.replace('.mjs', '')}: ok, ${seconds} s`);
    return;
  }
  failed.push(file);
  console.error(`  ${file}: FAILED (${signal ?? code}) after ${seconds} s\n${output}`);
}
