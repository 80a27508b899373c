import { describe, expect, test } from 'vitest';
import { BINARY, serverFrame, TEXT } from '../../ws/test/rig/raw-frame.ts';
import { startRawServer } from '../../ws/test/rig/raw-server.ts';
import { LIBRARIES } from './rig/libraries.ts';

describe('W3C client', () => {
  test('is given an empty text, which websocket drops', async () => {
    const server = await startRawServer();
    const socket = new LIBRARIES.ours.w3cwebsocket(server.url);
    const data = new Promise((resolve) => {
      socket.onmessage = (message) => resolve(message.data);
    });
    (await server.open()).write(serverFrame(TEXT));
    expect(await data).toBe('');
    socket.close();
  });

  test('sends what a DataView covers, of which websocket sends nothing', async () => {
    const server = await startRawServer();
    const socket = new LIBRARIES.ours.w3cwebsocket(server.url);
    socket.onopen = () => socket.send(new DataView(Uint8Array.of(1, 2, 3).buffer, 1));
    const peer = await server.open();
    expect(await peer.frame()).toMatchObject({ opcode: BINARY, payload: Buffer.from([2, 3]) });
    socket.close();
  });
});
