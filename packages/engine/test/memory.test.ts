import type { Server, Socket } from '@hawser/engine';
import { describe, expect, test, vi } from 'vitest';
import { openClient } from './rig/clients.ts';
import { startEngine } from './rig/engines.ts';
import { collectGarbage, isCollected } from './rig/garbage.ts';
import { handshake, sendRaw } from './rig/http.ts';
import type { Queue } from './rig/queue.ts';

/** Lets a session live and die, and returns what may be left of it. */
async function liveAndDie(
  port: number,
  sessions: Queue<Socket>,
  engine: Server,
  transports: readonly string[],
  die: (session: Socket, leave: () => void) => void,
): Promise<Record<string, WeakRef<object>>> {
  const client = await openClient(4, port, { transports: [...transports] });
  const session = await sessions.next();
  if (transports.length === 2) await client.upgrades.next();
  session.on('message', (data) => session.send(data));
  client.send('there');
  expect(await client.messages.next()).toBe('there');
  session.send(engine.prepareMessage('to all'));
  await client.messages.next();
  const closed = new Promise((resolve) => session.on('close', resolve));
  die(session, () => client.close());
  await closed;
  return {
    session: new WeakRef(session),
    transport: new WeakRef(session.transport),
    request: new WeakRef(session.request),
  };
}

describe('nothing stays in memory after a close', () => {
  const deaths = {
    'the client leaves': (_session: Socket, leave: () => void) => leave(),
    'the server closes': (session: Socket) => session.close(),
    'the server discards': (session: Socket) => session.close(true),
  };
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    test.each(Object.entries(deaths))(`${transports.join(', then ')}: %s`, async (_title, die) => {
      const { port, sessions, engine } = await startEngine();
      const left = await liveAndDie(port, sessions, engine, transports, die);
      expect(engine.clientsCount).toBe(0);
      for (const [name, ref] of Object.entries(left)) {
        expect({ name, isCollected: await isCollected(ref) }).toEqual({ name, isCollected: true });
      }
    });
  }
});

test('a body costs a small factor of its bytes, however it is cut', async () => {
  const { port, http, sessions } = await startEngine();
  const sid = await handshake(port);
  const session = await sessions.next();
  const head = `POST /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n`;
  const { socket } = sendRaw(port, `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n4\r\n`);
  const connection = await new Promise<{ bytesRead: number }>((resolve) => http.once('connection', resolve));
  collectGarbage();
  const before = process.memoryUsage();
  const part = '1\r\na\r\n'.repeat(10_000);
  for (let i = 0; i < 90; i++) {
    socket.write(part);
    const { bytesWritten } = socket;
    await vi.waitUntil(() => connection.bytesRead === bytesWritten);
  }
  collectGarbage();
  const after = process.memoryUsage();
  expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(
    10_000_000,
  );
  const came = new Promise((resolve) => session.on('message', resolve));
  socket.write('0\r\n\r\n');
  expect(await came).toBe('a'.repeat(900_000));
});
