import { describe, expect, onTestFinished, test } from 'vitest';
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

  test('goes on when a DOM with events of its own is laid over the globals', async () => {
    const globals = { Event: globalThis.Event, MessageEvent: globalThis.MessageEvent };
    onTestFinished(() => void Object.assign(globalThis, globals));
    class ForeignEvent {}
    Object.assign(globalThis, { Event: ForeignEvent, MessageEvent: ForeignEvent });
    const server = await startRawServer();
    const socket = new LIBRARIES.ours.w3cwebsocket(server.url);
    const opened = new Promise<void>((resolve) => {
      socket.onopen = () => resolve();
    });
    const data = new Promise((resolve) => {
      socket.onmessage = (message) => resolve(message.data);
    });
    const peer = await server.open();
    await opened;
    peer.write(serverFrame(TEXT, Buffer.from('x')));
    expect(await data).toBe('x');
    socket.close();
  });

  test('that was closed while connecting waits no longer than closeTimeout for an answer', async () => {
    const server = await startRawServer();
    const config = { closeTimeout: 30 };
    const socket = new LIBRARIES.ours.w3cwebsocket(server.url, [], '', {}, {}, config);
    let closes = 0;
    socket.onclose = () => closes++;
    socket.close();
    const peer = await server.accept();
    await peer.head();
    await peer.closed;
    expect(closes).toBe(1);
  });
});
