import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer as WsServer } from 'ws';
import { startEngine } from './rig/engines.ts';
import { ask, handshake } from './rig/http.ts';
import { openSocket } from './rig/sockets.ts';

describe('session that moves', () => {
  test('what was sent before an upgrade is neither lost nor overtaken, however much it is', async () => {
    const { port, sessions } = await startEngine();
    const sid = await handshake(port);
    const session = await sessions.next();
    const { socket, messages } = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
    const part = 'a'.repeat(100_000);
    for (let i = 0; i < 6; i++) session.send(`${i} ${part}`);
    const { body } = await ask(port, { query: `EIO=4&transport=polling&sid=${sid}` });
    socket.send('2probe');
    expect(await messages.next()).toBe('3probe');
    for (let i = 6; i < 9; i++) session.send(`${i} ${part}`);
    socket.send('5');
    const over = [...body.toString().split('\x1e')];
    while (over.length < 9) over.push(await messages.next());
    expect(over.map((packet) => packet.slice(0, 2))).toEqual(Array.from({ length: 9 }, (_, i) => `4${i}`));
  });

  test('the poll that comes behind the probe of an upgrade is answered without a timer', async () => {
    const { port, sessions } = await startEngine();
    const sid = await handshake(port);
    await sessions.next();
    const { socket, messages } = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    socket.send('2probe');
    expect(await messages.next()).toBe('3probe');
    const { body } = await ask(port, { query: `EIO=4&transport=polling&sid=${sid}` });
    expect(body.toString()).toBe('6');
  });

  test('the poll that comes behind a close within an upgrade is told of it', async () => {
    const { port, sessions } = await startEngine();
    const sid = await handshake(port);
    const session = await sessions.next();
    const { socket, messages } = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
    socket.send('2probe');
    expect(await messages.next()).toBe('3probe');
    session.close();
    const { body } = await ask(port, { query: `EIO=4&transport=polling&sid=${sid}` });
    expect(body.toString()).toBe('6\x1e1');
    expect(session.readyState).toBe('closed');
  });

  test('what waits when a session is closed goes over the transport that it moves to, whatever that is', async () => {
    const { port, sessions } = await startEngine({ wsEngine: WsServer });
    const sid = await handshake(port);
    const session = await sessions.next();
    const { socket, messages } = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
    session.send('a');
    session.send('b');
    session.close();
    // Before the answer, which leaves a foreign engine's transport full for a moment.
    socket.send('2probe');
    socket.send('5');
    for (const packet of ['3probe', '4a', '4b']) expect(await messages.next()).toBe(packet);
    await vi.waitFor(() => expect(session.readyState).toBe('closed'));
  });
});
