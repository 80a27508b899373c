import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { acceptFor, parseHead, tokensOf, writeHead } from '../http-head.mjs';
import { OFFER, readAnswer } from './reference-deflate.mjs';
import { ReferenceEndpoint } from './reference-endpoint.mjs';

const MAX_HEAD_BYTES = 16_384;
const HANDSHAKE_TIMEOUT_MS = 1500;

/**
 * Connect to `url`, echo until the connection is closed.
 *
 * @param flaws - names of the rules to break, see {@link ReferenceEndpoint}
 */
export function runReferenceClient(url, flaws = []) {
  const { hostname, port, pathname } = new URL(url);
  const key = flaws.includes('repeats-its-key')
    ? 'dGhlIHNhbXBsZSBub25jZQ=='
    : randomBytes(16).toString('base64');
  const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let received = Buffer.alloc(0);
  let endpoint;
  const timer = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS);
  socket.write(
    writeHead(`GET ${pathname} HTTP/1.1`, [
      ['Host', `${hostname}:${port}`],
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Key', key],
      ['Sec-WebSocket-Version', flaws.includes('asks-for-version-8') ? '8' : '13'],
      ['Sec-WebSocket-Extensions', OFFER],
    ]),
  );
  socket.on('error', () => {});
  socket.on('end', () => (endpoint ? endpoint.receiveEnd() : socket.destroy()));
  socket.on('data', (chunk) => {
    if (endpoint) return endpoint.receive(chunk);
    received = Buffer.concat([received, chunk]);
    const response = finalResponse(received);
    if (!response && received.length <= MAX_HEAD_BYTES) return undefined;
    clearTimeout(timer);
    if (!response || (!isRight(response, key, flaws) && !flaws.includes('accepts-any-response')))
      return socket.destroy();
    const answers = response.fields.get('sec-websocket-extensions');
    const deflateParams = answers && readAnswer(answers, flaws);
    endpoint = new ReferenceEndpoint(socket, { role: 'client', flaws, deflateParams });
    if (!flaws.includes('drops-early-frames')) endpoint.receive(response.rest);
    return undefined;
  });
  return new Promise((resolve) => {
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function finalResponse(received) {
  const response = parseHead(received);
  return response?.startLine.startsWith('HTTP/1.1 103') ? parseHead(response.rest) : response;
}

function isRight(response, key, flaws) {
  const { startLine, fields, malformed, rest } = response;
  const one = (name) => (fields.get(name)?.length === 1 ? fields.get(name)[0] : undefined);
  return (
    startLine.startsWith('HTTP/1.1 101 ') &&
    malformed === undefined &&
    one('upgrade')?.toLowerCase() === 'websocket' &&
    tokensOf(response, 'connection').includes('upgrade') &&
    one('sec-websocket-accept') === acceptFor(key) &&
    (!fields.has('sec-websocket-extensions') ||
      readAnswer(fields.get('sec-websocket-extensions'), flaws) !== undefined) &&
    !fields.has('sec-websocket-protocol') &&
    rest !== undefined
  );
}
