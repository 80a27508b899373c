/** What happens in each round. No workload leaves a connection of its own behind. */
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from '@hawser/ws';
import { connectRaw, connectTcp, requestHead, untilEnded } from './raw-client.mjs';

const RECORDS = Array.from({ length: 80 }, (_, id) => ({ id, name: `item ${id}`, isActive: true }));
const JSON_TEXT = JSON.stringify(RECORDS);
/** One octet over the server's limit. */
const OVERSIZED = 65_537;
const COMPRESSION = { thresholdBytes: 256, serverNoContextTakeover: false, clientNoContextTakeover: false };

/** Open a connection that is subscribed to `topic`; resolves when it is open. */
export async function openClient(port, topic) {
  const client = new WebSocket(`ws://127.0.0.1:${port}/${topic}`, [], { compression: COMPRESSION });
  client.binaryType = 'arraybuffer';
  await next(client, 'open');
  return client;
}

/** The next event of a kind; rejects when the connection closes first. */
function next(client, type) {
  return new Promise((resolve, reject) => {
    client.addEventListener(type, resolve, { once: true });
    if (type === 'close') return;
    const refuse = ({ code, reason }) => reject(new Error(`closed (${code} ${reason}) instead of ${type}`));
    client.addEventListener('close', refuse, { once: true });
  });
}

/** So many of a workload at a time, spread over the ports. */
function many(ports, count, run) {
  return Promise.all(Array.from({ length: count }, (_, i) => run(ports[i % ports.length], i)));
}

/** A fifth of the held connections is replaced, each in one of the ways to go. */
export async function churn(held, ports) {
  const count = Math.ceil(held.length / 5);
  for (let i = 0; i < count; i += 1) {
    const client = held.shift();
    const closed = next(client, 'close');
    if (i % 2 === 0) client.close(1000, 'replaced');
    else client.terminate();
    await closed;
  }
  // A listen queue holds some 500.
  for (let i = 0; i < count; i += 100) {
    held.push(...(await many(ports, Math.min(100, count - i), (port) => openClient(port, 'all'))));
  }
}

/** Many messages at once, all of which come back. */
export function burst(held) {
  return Promise.all(
    held.slice(0, 100).map((client) =>
      echo(
        client,
        Array.from({ length: 50 }, (_, i) => `message ${i}`),
      ),
    ),
  );
}

/** Messages worth compressing, one small enough to be compressed at once and one for another thread. */
export function compressed(held) {
  return Promise.all(
    held.slice(0, 30).map((client) => echo(client, [JSON_TEXT, JSON_TEXT.repeat(12), JSON_TEXT])),
  );
}

async function echo(client, messages) {
  let left = messages.length;
  const done = new Promise((resolve, reject) => {
    client.onmessage = ({ data }) => {
      if (typeof data !== 'string') return;
      if (data !== messages[messages.length - left]) reject(new Error('an echo is not what was sent'));
      left -= 1;
      if (left === 0) resolve();
    };
    client.onclose = ({ code }) => reject(new Error(`closed with ${code} before its echo`));
  });
  for (const message of messages) client.send(message);
  await done;
  client.onmessage = null;
  client.onclose = null;
}

/** Who reads nothing while much is published; half of them read in the end. */
export async function slowReaders(ports, flood) {
  const peers = await many(ports, 3 * ports.length, (port) => connectRaw(port, 'flood'));
  for (let i = 0; i < 20; i += 1) {
    flood();
    await setTimeout(5);
  }
  for (const [i, peer] of peers.entries()) {
    if (i % 2 === 0) peer.destroy();
    else peer.end();
  }
  await Promise.all(peers.map(untilEnded));
}

/** Messages over the limit, plain ones and ones that only inflate to that. */
export function oversized(ports) {
  return many(ports, 12, async (port, i) => {
    const client = await openClient(port, 'none');
    const closed = next(client, 'close');
    client.send(i % 2 === 0 ? new Uint8Array(OVERSIZED) : Buffer.from(JSON_TEXT.repeat(40)));
    const { code } = await closed;
    if (code !== 1009) throw new Error(`closed with ${code}, not 1009`);
  });
}

/** Handshakes that never finish, or are cut off. */
export function stuckHandshakes(port) {
  return many([port], 40, async (_, i) => {
    const socket = await connectTcp(port);
    const head = requestHead('none');
    socket.write(head.slice(0, (i * 7) % head.length));
    if (i % 4 === 0) socket.destroy();
    await untilEnded(socket);
  });
}

/** Peers that end their side without a close frame, reset, stop in the middle of a message, or fall silent. */
export function abandoned(port) {
  return many([port], 20, async (_, i) => {
    const socket = await connectRaw(port, 'none');
    const leave = [
      () => socket.end(),
      () => socket.resetAndDestroy(),
      () => socket.write(Buffer.from('82fe80000000000000', 'hex')),
      () => socket.write(Buffer.from('0183000000006162', 'hex')),
      // Silent: the heartbeat has to find out.
      () => {},
    ];
    leave[i % leave.length]();
    await untilEnded(socket);
  });
}

/** Connections given up by the client before they are open. */
export function aborted(ports) {
  return many(ports, 20, async (port) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/none`);
    const closed = next(client, 'close');
    client.close();
    await closed;
  });
}
