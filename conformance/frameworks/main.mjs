/**
 * Runs each program of examples/frameworks with the built packages in the place of socket.io, and talks to it with
 * the built client: over WebSocket, over polling, and from one to the other. Then the client in jsdom, and the server in an app of uWebSockets.js.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';

const MAX_START_MS = 30_000;
const MAX_ANSWER_MS = 20_000;
const MAX_PROGRAM_MS = 60_000;

const home = fileURLToPath(new URL('.', import.meta.url));
const root = join(home, '../..');
const programs = join(home, 'programs');

const CLIENTS = [['websocket'], ['polling'], ['polling', 'websocket']];

// The examples are copied: beside them, `socket.io` would be the rival that this workspace tests against.
rmSync(programs, { recursive: true, force: true });
mkdirSync(programs);
cpSync(join(root, 'examples/frameworks'), programs, {
  recursive: true,
  filter: (file) => !/node_modules|dist/.test(file.slice(root.length)),
});
compile();
checkIdentity();

const failed = [];
for (const file of [
  ...readdirSync(programs).filter((name) => name.endsWith('.mjs') && name !== 'chat.mjs'),
  'dist/nest.js',
]) {
  const name = file.replace(/^dist\/|\.m?js$/g, '');
  try {
    await runProgram(name, file);
    console.log(`  ${name}: ok`);
  } catch (error) {
    failed.push(name);
    console.error(`  ${name}: FAILED`, error);
  }
}
rmSync(programs, { recursive: true, force: true });
for (const name of ['jsdom', 'uwebsockets']) {
  const { status } = spawnSync(process.execPath, [`${name}.mjs`], {
    cwd: home,
    stdio: 'inherit',
    timeout: MAX_PROGRAM_MS,
  });
  console.log(`  ${name}: ${status === 0 ? 'ok' : 'FAILED'}`);
  if (status !== 0) failed.push(name);
}
process.exit(failed.length === 0 ? 0 : 1);

function compile() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', programs], { stdio: 'inherit' });
  assert.equal(status, 0, 'nest.ts does not compile');
}

/** What the frameworks bring along must be ours too. */
function checkIdentity() {
  const require = createRequire(import.meta.url);
  const fromNest = createRequire(require.resolve('@nestjs/platform-socket.io'));
  for (const resolve of [require.resolve, fromNest.resolve]) {
    assert.ok(realpathSync(resolve('socket.io')).startsWith(join(root, 'packages/io')), resolve('socket.io'));
  }
}

async function runProgram(name, file) {
  const child = spawn(process.execPath, [file], {
    cwd: programs,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const port = await portOf(child);
    const url = `http://127.0.0.1:${port}`;
    assert.equal(await (await fetch(`${url}/hello`)).text(), `hello from ${name}`);
    assert.equal((await fetch(`${url}/nowhere`)).status, 404);
    await chat(url);
  } finally {
    child.kill('SIGKILL');
  }
}

async function portOf(child) {
  const lines = createInterface(child.stdout);
  const exit = once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${code}`)));
  exit.catch(() => {});
  const [line] = await Promise.race([
    once(lines, 'line', { signal: AbortSignal.timeout(MAX_START_MS) }),
    exit,
  ]);
  return /^listening on port (\d+)$/.exec(line)?.[1] ?? assert.fail(`it printed ${line}`);
}

async function chat(url) {
  const sockets = CLIENTS.map((transports) => io(url, { transports, forceNew: true, reconnection: false }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const { engine } = sockets[2].io;
  if (engine.transport.name !== 'websocket') await once(engine, 'upgrade');
  const transports = sockets.map((socket) => socket.io.engine.transport.name);
  assert.deepEqual(transports, ['websocket', 'polling', 'websocket']);
  for (const speaker of sockets) {
    const heard = sockets.map((socket) => once(socket, 'said'));
    assert.equal(await speaker.timeout(MAX_ANSWER_MS).emitWithAck('say', 'hellø'), sockets.length);
    for (const [said] of await Promise.all(heard))
      assert.deepEqual(said, { from: speaker.id, text: 'hellø' });
  }
  for (const socket of sockets) socket.disconnect();
}
