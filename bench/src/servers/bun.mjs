import { serveBenchmark, serverSettings } from './server-process.mjs';

const MAX_PAYLOAD_BYTES = 67_108_864;
const TOPIC = 'news';

const { isFanOut, message } = serverSettings();

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, upgrader) {
    const isPublisher = isFanOut && request.url.endsWith('/publisher');
    const data = isFanOut ? { isPublisher } : undefined;
    return upgrader.upgrade(request, { data }) ? undefined : new Response('not an upgrade', { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    maxPayloadLength: MAX_PAYLOAD_BYTES,
    backpressureLimit: MAX_PAYLOAD_BYTES,
    open(socket) {
      if (isFanOut && !socket.data.isPublisher) socket.subscribe(TOPIC);
    },
    message(socket, data) {
      if (isFanOut) server.publish(TOPIC, message);
      else socket.send(data);
    },
  },
});

serveBenchmark({ port: server.port, version: Bun.version });
