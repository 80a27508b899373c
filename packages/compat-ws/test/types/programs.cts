/** The same for CommonJS. */
import WebSocket = require('ws');

const server = new WebSocket.Server({ port: 0 });
const alias: WebSocket.Server = new WebSocket.WebSocketServer({ noServer: true });
const options: WebSocket.ServerOptions = alias.options;
server.on('connection', (socket: WebSocket, request) => {
  socket.on('message', (data: WebSocket.RawData) => socket.send(data.toString() + request.url));
});
function listen(event: WebSocket.CloseEvent | WebSocket.ErrorEvent | WebSocket.Event): string {
  return event.type;
}
const client = new WebSocket.WebSocket('ws://127.0.0.1');
client.onerror = listen;
client.onclose = listen;
console.log(options.path, WebSocket.createWebSocketStream(client), WebSocket.OPEN);
