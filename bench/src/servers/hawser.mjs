import { WebSocketServer } from '@hawser/ws';
import { serveBenchmark, serverSettings } from './server-process.mjs';

const MAX_MESSAGE_BYTES = 67_108_864;
const TOPIC = 'news';

const { isFanOut, compression, message, messages } = serverSettings();
let published = 0;

const echoHandlers = {
  message(socket, data, isBinary) {
    socket.send(data, { binary: isBinary });
  },
};

const fanOutHandlers = {
  upgrade(request) {
    return { data: { isPublisher: request.url === '/publisher' } };
  },
  open(socket) {
    if (!socket.data.isPublisher) socket.subscribe(TOPIC);
  },
  message() {
    server.publish(TOPIC, compression === undefined ? message : messages[published++ % messages.length]);
  },
};

const server = new WebSocketServer({
  ...(isFanOut ? fanOutHandlers : echoHandlers),
  maxMessageBytes: MAX_MESSAGE_BYTES,
  compression:
    compression === undefined
      ? false
      : {
          serverNoContextTakeover: compression === 'no-context',
          clientNoContextTakeover: compression === 'no-context',
        },
});
const { port } = await server.listen({ port: 0, host: '127.0.0.1' });
serveBenchmark({ port, version: 'this tree' });
