import { byId } from './dom.js';
import { SocketIoWire } from './socket-io-wire.js';
import { WebSocketWire } from './websocket-wire.js';

/**
 * Talk over what the page's address asks for: Socket.IO, or with `?over=websocket` the plain WebSocket. Both
 * lead into the same rooms.
 *
 * @returns {Promise<import('./connection.js').Wire>}
 */
export async function chooseWire() {
  const isPlain = new URLSearchParams(location.search).get('over') === 'websocket';
  byId(isPlain ? 'over-websocket' : 'over-socket-io', HTMLAnchorElement).setAttribute('aria-current', 'page');
  keepRoom();
  if (isPlain) return new WebSocketWire(socketUrl());
  const { io } = await import('/socket.io.esm.min.js');
  return new SocketIoWire(io);
}

// Who changes over stays in the room.
function keepRoom() {
  for (const id of ['over-socket-io', 'over-websocket']) {
    const link = byId(id, HTMLAnchorElement);
    link.addEventListener('click', () => {
      link.hash = location.hash;
    });
  }
}

function socketUrl() {
  const url = new URL('/ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
