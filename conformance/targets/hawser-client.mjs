/** Echo client on `@hawser/ws` (built): `node hawser-client.mjs URL COUNT`. */
import { WebSocket } from '@hawser/ws';
import { runAllCases } from './run-all-cases.mjs';

const MAX_BYTES = 64 * 1024 * 1024;

await runAllCases((url) => {
  const socket = new WebSocket(url, [], {
    maxMessageBytes: MAX_BYTES,
    handshakeTimeoutMs: 1500,
    compression: { thresholdBytes: 0, serverNoContextTakeover: false, clientNoContextTakeover: false },
  });
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({ data }) => socket.send(data);
  return new Promise((resolve) => {
    socket.onclose = resolve;
  });
});
