#!/usr/bin/env node
/**
 * Server CPU of Hawser's engine against that of engine.io, each in a process of its own, round by round in turn: echo over
 * WebSocket, fan-out to 500 sessions, opening sessions, polling. Run it as `node bench/src/micro/engine.mjs [rounds [part of a title]]`.
 */
import { fork } from 'node:child_process';
import { Agent, createServer, request } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { maskedFrame, unmaskedFrame } from '../generator/frames.mjs';

const ROUND_MS = 1500;
const WARM_UP_MS = 500;
const TEXT = 'a'.repeat(64);
const REQUEST = maskedFrame(Buffer.from(`4${TEXT}`), true);
const REPLY_BYTES = unmaskedFrame(Buffer.from(`4${TEXT}`), true).length;
const PUBLISH = maskedFrame(Buffer.from('4publish'), true);

const LOADS = {
  'echo 64 B x1': (port) => echo(port, 50, 1),
  'echo 64 B x32': (port) => echo(port, 50, 32),
  'fan-out to 500, one message': (port) => fanOut(port, 500, 1),
  'fan-out to 500, burst of 16': (port) => fanOut(port, 500, 16),
  'open a session over WebSocket': (port) => opening(port),
  'polling round trip': (port) => polling(port),
};

if (process.argv[2] === 'server') await serve(process.argv[3]);
else await compare(Number(process.argv[2] ?? 3), process.argv[3] ?? '');

async function serve(name) {
  const { Server } = await import(name);
  const engine = new Server({ pingInterval: 300_000 });
  const sessions = new Set();
  engine.on('connection', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('message', (data) => {
      if (data !== 'publish') session.send(data);
      else if (engine.prepareMessage === undefined) for (const each of sessions) each.send(TEXT);
      else {
        const message = engine.prepareMessage(TEXT);
        for (const each of sessions) each.send(message);
      }
    });
  });
  const http = createServer();
  engine.attach(http);
  process.on('message', () => process.send(process.cpuUsage()));
  http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }));
}

async function compare(rounds, part) {
  for (const [title, load] of Object.entries(LOADS)) {
    if (!title.includes(part)) continue;
    const ratios = [];
    const costs = { '@hawser/engine': [], 'engine.io': [] };
    for (let round = 0; round < rounds; round++) {
      for (const name of Object.keys(costs)) costs[name].push(await measure(name, load));
      ratios.push(costs['@hawser/engine'].at(-1) / costs['engine.io'].at(-1));
    }
    const [ours, theirs] = Object.values(costs).map((values) => median(values).toFixed(2));
    console.log(`${title}: ${ours} µs, engine.io ${theirs} µs, ratio ${median(ratios).toFixed(2)}`);
  }
}

/** Returns the server's CPU time for one unit of work, in microseconds. */
async function measure(name, load) {
  const server = fork(fileURLToPath(import.meta.url), ['server', name]);
  try {
    const { port } = await answer(server);
    const { run, close } = await load(port);
    await run(WARM_UP_MS);
    const before = await usage(server);
    const count = await run(ROUND_MS);
    const after = await usage(server);
    close();
    return (after - before) / count;
  } finally {
    server.kill();
  }
}

async function usage(server) {
  server.send('usage');
  const { user, system } = await answer(server);
  return user + system;
}

function answer(child) {
  return new Promise((resolve) => child.once('message', resolve));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Opens a session and resolves with its socket once the handshake's two answers are there. */
function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    const onData = (chunk) => {
      text += chunk.latin1Slice();
      if (!text.endsWith('}')) return;
      socket.off('data', onData);
      resolve(socket);
    };
    socket.on('data', onData);
    socket.on('error', reject);
    socket.write(
      'GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n' +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
  });
}

/** Writes `bytes` to `writer`, and again each time that all of `sockets` together have received so many bytes. */
function pumping(sockets, writer, bytes, replyBytes, units) {
  let missing = 0;
  let again = () => {};
  for (const socket of sockets) {
    socket.on('data', (chunk) => {
      missing -= chunk.length;
      if (missing <= 0) again();
    });
  }
  return (durationMs) =>
    new Promise((resolve) => {
      const endAt = performance.now() + durationMs;
      let count = -units;
      again = () => {
        count += units;
        if (performance.now() >= endAt) {
          resolve(count);
          return;
        }
        missing = replyBytes;
        writer.write(bytes);
      };
      again();
    });
}

async function echo(port, connections, inFlight) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const batch = Buffer.concat(Array(inFlight).fill(REQUEST));
  const pumps = sockets.map((socket) => pumping([socket], socket, batch, inFlight * REPLY_BYTES, inFlight));
  return {
    run: async (durationMs) => {
      const counts = await Promise.all(pumps.map((pump) => pump(durationMs)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    close: () => destroyAll(sockets),
  };
}

async function fanOut(port, connections, burst) {
  const sockets = [];
  while (sockets.length < connections) sockets.push(await open(port));
  const units = connections * burst;
  const bytes = Buffer.concat(Array(burst).fill(PUBLISH));
  const run = pumping(sockets, sockets[0], bytes, units * REPLY_BYTES, units);
  return { run, close: () => destroyAll(sockets) };
}

function destroyAll(sockets) {
  for (const socket of sockets) socket.destroy();
}

async function opening(port) {
  const run = async (durationMs) => {
    const endAt = performance.now() + durationMs;
    let count = 0;
    const openInTurn = async () => {
      while (performance.now() < endAt) {
        (await open(port)).resetAndDestroy();
        count++;
      }
    };
    await Promise.all(Array.from({ length: 16 }, openInTurn));
    return count;
  };
  return { run, close: () => {} };
}

async function polling(port) {
  const agent = new Agent({ keepAlive: true });
  const path = '/engine.io/?EIO=4&transport=polling';
  const ask = (method, target, body) =>
    new Promise((resolve, reject) => {
      const outgoing = request({ port, host: '127.0.0.1', agent, method, path: target }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve(text));
      });
      outgoing.on('error', reject).end(body);
    });
  const clients = Array.from({ length: 20 }, async () => {
    const { sid } = JSON.parse((await ask('GET', path)).slice(1));
    return `${path}&sid=${sid}`;
  });
  const targets = await Promise.all(clients);
  const run = async (durationMs) => {
    const endAt = performance.now() + durationMs;
    let count = 0;
    const exchangeInTurn = async (target) => {
      while (performance.now() < endAt) {
        await Promise.all([ask('GET', target), ask('POST', target, `4${TEXT}`)]);
        count++;
      }
    };
    await Promise.all(targets.map(exchangeInTurn));
    return count;
  };
  return { run, close: () => agent.destroy() };
}
