import { describe, expect, test } from 'vitest';
import { eventOf } from './rig/clients.ts';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';

/** Begins a session over polling, each of whose bodies and answers is the test's. */
async function openPolling(url: string) {
  const address = `${url}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(address)).text()).slice(1)) as { sid: string };
  return {
    send: async (...packets: string[]): Promise<void> => {
      const body = packets.join('\x1e');
      await (await fetch(`${address}&sid=${sid}`, { method: 'POST', body })).text();
    },
    poll: async (): Promise<string> => (await fetch(`${address}&sid=${sid}`)).text(),
  };
}

describe('a client that connects again', () => {
  test('while it is judged is judged once, and answered once', async () => {
    const { io, port } = await startServer();
    const judged: string[] = [];
    let letIn = (): void => {};
    io.of('/slow').use((socket, next) => {
      judged.push(socket.id);
      letIn = next;
    });
    const met: string[] = [];
    io.of('/slow').on('connection', (socket) => met.push(socket.id));
    const raw = await openRaw(port);
    raw.send('40', '40/slow,', '40/slow,', '40/slow,');
    expect(await raw.messages.next()).toMatch(/^40\{/);
    raw.send('42["still there"]');
    await eventOf([...io.sockets.sockets.values()][0] as never, 'still there');
    letIn();
    expect(await raw.messages.next()).toMatch(/^40\/slow,/);
    expect(judged).toHaveLength(1);
    expect(met).toEqual(judged);
    raw.send('41/slow,', '40/slow,');
    while (judged.length < 2) await new Promise((resolve) => setImmediate(resolve));
    letIn();
    expect(await raw.messages.next()).toMatch(/^40\/slow,/);
    io.emit('no other answer');
    expect(await raw.messages.next()).toBe('42["no other answer"]');
  });

  test('in one message with its leave leaves, and is let in, while its other namespaces go on', async () => {
    const { io, url } = await startServer();
    const told: string[] = [];
    io.of('/chat').on('connection', (socket) => {
      told.push('in');
      socket.on('say', (text: string) => told.push(text));
      socket.on('disconnect', (reason) => told.push(reason));
    });
    const others: string[] = [];
    io.on('connection', (socket) => socket.on('say', (text: string) => others.push(text)));
    const client = await openPolling(url);
    await client.send('40', '40/chat,');
    await client.poll();
    await client.send('42/chat,["say","bye"]', '41/chat,', '40/chat,', '42["say","here"]');
    expect(await client.poll()).toMatch(/^40\/chat,/);
    // What comes together with the word that it leaves is too late.
    expect(told).toEqual(['in', 'client namespace disconnect', 'in']);
    expect(others).toEqual(['here']);
  });

  test('behind an event, to a namespace that it is in, breaks the rules', async () => {
    const { io, url } = await startServer();
    const heard: string[] = [];
    const ended = new Promise<string>((resolve) => {
      io.on('connection', (socket) => {
        socket.on('say', (text: string) => heard.push(text));
        socket.on('disconnect', resolve);
      });
    });
    const client = await openPolling(url);
    await client.send('40');
    await client.poll();
    await client.send('42["say","first"]', '40', '42["say","last"]');
    expect(await ended).toBe('parse error');
    expect(heard[0]).toBe('first');
  });
});
