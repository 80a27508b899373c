import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from 'socket.io';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';

let folder: string;
let key: string;
let cert: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-client-tls-'));
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
    ],
    { stdio: 'ignore' },
  );
  key = readFileSync(join(folder, 'key.pem'), 'utf8');
  cert = readFileSync(join(folder, 'cert.pem'), 'utf8');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function startSecure(options: object = {}): Promise<string> {
  const https = createServer({ key, cert, ...options });
  const io = new Server(https);
  io.on('connection', (socket) => {
    socket.on('ask', (answer) => answer(true));
  });
  await new Promise<void>((resolve) => https.listen(0, resolve));
  onTestFinished(async () => {
    await io.close();
  });
  return `https://localhost:${(https.address() as AddressInfo).port}`;
}

test.each([[['polling']], [['websocket']], [['polling', 'websocket']]])(
  'client connects to a certificate that it is given the authority of, over %j',
  async (transports) => {
    const socket = connect(await startSecure(), { transports, ca: cert });
    expect(await socket.emitWithAck('ask')).toBe(true);
  },
);

test.each([['polling'], ['websocket']])(
  'client refuses a certificate that nobody vouches for, unless told not to, over %s',
  async (name) => {
    const url = await startSecure();
    const socket = connect(url, { transports: [name], reconnection: false });
    const [error] = await eventOf(socket, 'connect_error');
    expect((error as Error).message).toBe(name === 'polling' ? 'xhr poll error' : 'websocket error');
    expect(String((error as { description?: unknown }).description)).toMatch(/self-signed|self signed/);
    const trusting = connect(url, { transports: [name], rejectUnauthorized: false });
    expect(await trusting.emitWithAck('ask')).toBe(true);
  },
);

test.each([['polling'], ['websocket']])('client shows the certificate of its own, over %s', async (name) => {
  const url = await startSecure({ requestCert: true, ca: cert });
  const socket = connect(url, { transports: [name], ca: cert, key, cert });
  expect(await socket.emitWithAck('ask')).toBe(true);
  const without = connect(url, { transports: [name], ca: cert, reconnection: false });
  await eventOf(without, 'connect_error');
});

test.each([['polling'], ['websocket']])(
  'client leaves to the program whether a certificate is that of the server, over %s',
  async (name) => {
    const url = await startSecure();
    const transports = [name];
    const refuse = () => new Error('another key is pinned');
    const pinned = connect(url, { transports, ca: cert, reconnection: false, checkServerIdentity: refuse });
    const [error] = await eventOf(pinned, 'connect_error');
    expect(String((error as { description?: unknown }).description)).toContain('another key is pinned');
    // Where the certificate names another, the program may know better.
    const byAddress = url.replace('localhost', '127.0.0.2');
    const asked: string[] = [];
    const accept = (hostname: string) => void asked.push(hostname);
    const trusting = connect(byAddress, {
      transports,
      ca: cert,
      checkServerIdentity: accept as () => undefined,
    });
    expect(await trusting.emitWithAck('ask')).toBe(true);
    expect(asked).toContain('127.0.0.2');
  },
);
