/** Echo client on the `ws` package: `node ws-client.mjs URL COUNT`. */
import { WebSocket } from 'ws';
import { runAllCases } from './run-all-cases.mjs';

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** The default of 16,384 refuses the cases 9.3.1 and 9.4.1. */
const MAX_FRAGMENTS = 1_000_000;

await runAllCases((url) => {
  const socket = new WebSocket(url, {
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: { threshold: 0 },
    handshakeTimeout: 1500,
  });
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {});
  return new Promise((resolve) => socket.on('close', resolve));
});
