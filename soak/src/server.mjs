/** The servers under test, told what to do by main.mjs. */
import { openSync } from 'node:fs';
import { WebSocketServer } from '@hawser/ws';
import { readFootprint } from './footprint.mjs';
import { serveRequests } from './remote.mjs';

const POLICIES = ['close', 'drop', 'wait'];
const MAX_MESSAGE_BYTES = 65_536;

const [leak] = process.argv.slice(2);
const kept = [];
const closes = {};
const errors = [];
/** What `--plant-leak` does for each connection that is opened. */
const LEAKS = {
  memory: () => kept.push(Buffer.alloc(32_768, 1).toString('latin1')),
  buffers: () => kept.push(Buffer.alloc(65_536, 1)),
  handles: () => setInterval(() => {}, 1e9),
  descriptors: () => openSync('/dev/null', 'r'),
};

/** For the held connections, with time for a busy machine: one port for each policy. */
const servers = POLICIES.map((slowConsumer) =>
  makeServer({
    slowConsumer,
    maxBufferedBytes: 4 * MAX_MESSAGE_BYTES,
    compression: slowConsumer !== 'drop' && {
      serverNoContextTakeover: false,
      clientNoContextTakeover: slowConsumer === 'close',
    },
    pingIntervalMs: 5000,
    pingTimeoutMs: 20_000,
  }),
);
/** For peers that have to be given up: in a round there is no time to wait for long. */
const impatient = makeServer({
  handshakeTimeoutMs: 1000,
  closeTimeoutMs: 500,
  pingIntervalMs: 500,
  pingTimeoutMs: 500,
});
const all = [...servers, impatient];

function makeServer(options) {
  return new WebSocketServer({
    ...options,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    upgrade: ({ url }) => ({ data: url.slice(1) }),
    open(socket) {
      socket.subscribe(socket.data);
      LEAKS[leak]?.();
    },
    message: (socket, data, isBinary) => socket.send(data, { binary: isBinary }),
    close: (_socket, code) => {
      closes[code] = (closes[code] ?? 0) + 1;
    },
    error: (error) => errors.push(error.message),
  });
}

serveRequests({
  async listen() {
    const addresses = await Promise.all(all.map((server) => server.listen({ port: 0, host: '127.0.0.1' })));
    const ports = addresses.map(({ port }) => port);
    return { ports: ports.slice(0, -1), impatientPort: ports.at(-1) };
  },
  publish({ topic, byteLength, count }) {
    for (let i = 0; i < count; i += 1) {
      for (const server of servers) server.publish(topic, Buffer.alloc(byteLength, i));
    }
  },
  connectionCount: () => all.reduce((sum, { connectionCount }) => sum + connectionCount, 0),
  closes: () => closes,
  errors: () => errors.slice(0, 5),
  footprint: readFootprint,
});
