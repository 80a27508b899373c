import io from './index.js';

export const {
  connect,
  Fetch,
  Manager,
  NodeWebSocket,
  NodeXHR,
  protocol,
  Socket,
  SocketError,
  WebSocket,
  WebTransport,
  XHR,
} = io;
export { io };
export default io;
