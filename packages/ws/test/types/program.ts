/** Programs as people write them, to be compiled against these types: they are never run. */
import { WebSocket, WebSocketServer } from '@hawser/ws';

interface User {
  readonly name: string;
}

const server = new WebSocketServer<User>({
  upgrade({ headers, url, protocols, remoteAddress }) {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    if (token === undefined || headers.origin?.startsWith('null')) return { status: 401, message: 'log in' };
    const name = headers.cookie ?? new URL(url, 'ws://localhost').pathname + remoteAddress;
    return { data: { name }, protocol: protocols[0] ?? '', headers: { 'Set-Cookie': ['a=1', 'b=2'] } };
  },
  open: (socket) => socket.send(`welcome, ${socket.data.name}`),
  message: (socket, data, isBinary) => {
    const text: string = isBinary ? '' : data.toString();
    if (socket.send(text) === 'dropped') socket.close(1013, 'try again later');
  },
});
server.publish('news', Buffer.of(1), { binary: true });

const client = new WebSocket('ws://localhost', ['chat'], { headers: { Authorization: 'Bearer a' } });
client.onerror = ({ error, message }) => {
  const refusal: number | undefined = error.status;
  console.log(error.code, refusal, message);
};
client.addEventListener('close', ({ code, reason, wasClean }) => console.log(code, reason, wasClean));
