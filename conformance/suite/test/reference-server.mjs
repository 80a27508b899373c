import net from 'node:net';
import { acceptFor, parseHead, tokensOf, writeHead } from '../http-head.mjs';
import { chooseOffer } from './reference-deflate.mjs';
import { ReferenceEndpoint } from './reference-endpoint.mjs';

const MAX_HEAD_BYTES = 16_384;
const HANDSHAKE_TIMEOUT_MS = 1500;
const EXTENSION = /^[\w-]+(\s*;\s*[\w-]+(\s*=\s*([\w-]+|"[\w-]+"))?)*$/;

/**
 * Start a strict echo server on a free port.
 *
 * @param flaws - names of the rules to break, see {@link ReferenceEndpoint}
 * @returns `{ url, close }`
 */
export async function startReferenceServer(flaws = []) {
  const sockets = new Set();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    serve(socket, flaws);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${server.address().port}/`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket, flaws) {
  let received = Buffer.alloc(0);
  let endpoint;
  const timer = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS);
  socket.on('close', () => clearTimeout(timer));
  socket.on('end', () => (endpoint ? endpoint.receiveEnd() : socket.end()));
  socket.on('data', (chunk) => {
    if (endpoint) return endpoint.receive(chunk);
    received = Buffer.concat([received, chunk]);
    const request = parseHead(trimLineEnds(received));
    if (!request && received.length <= MAX_HEAD_BYTES) return undefined;
    clearTimeout(timer);
    const refusal = judge(request, received, flaws);
    if (refusal) return refuse(socket, refusal);
    const [key] = request.fields.get('sec-websocket-key') ?? [''];
    const accept = flaws.includes('accepts-with-wrong-hash') ? acceptFor(`${key}=`) : acceptFor(key);
    const fields = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', accept],
    ];
    if (flaws.includes('accepts-extensions') && request.fields.has('sec-websocket-extensions')) {
      fields.push(['Sec-WebSocket-Extensions', request.fields.get('sec-websocket-extensions')[0]]);
    }
    const chosen = chooseOffer(request.fields.get('sec-websocket-extensions') ?? [], flaws);
    if (chosen && !flaws.includes('accepts-extensions'))
      fields.push(['Sec-WebSocket-Extensions', chosen.value]);
    socket.write(writeHead('HTTP/1.1 101 Switching Protocols', fields));
    endpoint = new ReferenceEndpoint(socket, { role: 'server', flaws, deflateParams: chosen?.params });
    if (!flaws.includes('drops-early-frames')) endpoint.receive(request.rest);
    return undefined;
  });
}

function judge(request, received, flaws) {
  if (!request || received.length - request.rest.length > MAX_HEAD_BYTES) return { status: '431 Too Large' };
  const { startLine, fields, malformed } = request;
  const one = (name) => (fields.get(name)?.length === 1 ? fields.get(name)[0] : undefined);
  const line = /^(\w+) \S+ HTTP\/1\.1$/.exec(startLine);
  if (!line || malformed !== undefined || received.includes(0)) return { status: '400 Bad Request' };
  if (line[1] !== 'GET') return { status: '405 Method Not Allowed', fields: [['Allow', 'GET']] };
  const isUpgrade =
    one('upgrade')?.toLowerCase() === 'websocket' && tokensOf(request, 'connection').includes('upgrade');
  if (!isUpgrade) return { status: '426 Upgrade Required', fields: [['Upgrade', 'websocket']] };
  const version = one('sec-websocket-version');
  if (version !== '13' && !flaws.includes('ignores-version')) {
    return {
      status: '426 Upgrade Required',
      fields: [
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', '13'],
      ],
    };
  }
  const origin = one('origin');
  if (origin !== undefined && origin !== `http://${one('host')}`) return { status: '403 Forbidden' };
  const key = one('sec-websocket-key') ?? '';
  const isKey =
    Buffer.from(key, 'base64').length === 16 && Buffer.from(key, 'base64').toString('base64') === key;
  const offers = (fields.get('sec-websocket-extensions') ?? []).join(',').split(',');
  const isOffer =
    offers.length === 1 && offers[0] === '' ? true : offers.every((offer) => EXTENSION.test(offer.trim()));
  const protocols = tokensOf(request, 'sec-websocket-protocol');
  const areProtocols =
    protocols.every((name) => /^[\w.-]+$/.test(name)) && new Set(protocols).size === protocols.length;
  const isRight =
    (isKey || flaws.includes('ignores-key')) && one('host') !== undefined && isOffer && areProtocols;
  return isRight ? undefined : { status: '400 Bad Request' };
}

function refuse(socket, { status, fields = [] }) {
  socket.end(writeHead(`HTTP/1.1 ${status}`, [...fields, ['Content-Length', '0'], ['Connection', 'close']]));
  socket.resume();
}

function trimLineEnds(bytes) {
  return bytes.subarray(0, 2).toString('latin1') === '\r\n' ? bytes.subarray(2) : bytes;
}
