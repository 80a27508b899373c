import { expect, test } from 'vitest';
import { openRaw, type RawClient } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';

/** Takes what comes up to the event `left`, as the numbers of events before it. */
async function readUpToLeft(raw: RawClient): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const text = await raw.messages.next();
    if (text === '42["left"]') return numbers;
    if (text.startsWith('42')) numbers.push((JSON.parse(text.slice(2)) as [string, number])[1]);
  }
}

test.each([
  ['of the server', { maxBufferedBytes: 200_000 }],
  ['of each socket', { maxBufferedBytes: 200_000, slowConsumer: 'drop-oldest' }],
] as const)(
  'a broadcast that ends a slow connection, by the bound %s, is over before the program hears of that',
  async (_whose, options) => {
    const { io, port, sockets } = await startServer(options);
    const open = async () => {
      const raw = await openRaw(port);
      raw.send('40');
      return { raw, socket: await sockets.next() };
    };
    const [first, slow, last] = [await open(), await open(), await open()];
    if ('slowConsumer' in options)
      slow.socket.backpressure({ maxBufferedBytes: 200_000, slowConsumer: 'close' });
    let isEmitting = false;
    const heard: boolean[] = [];
    slow.socket.on('disconnect', () => {
      heard.push(isEmitting);
      io.emit('left');
    });
    slow.raw.socket.pause();
    let count = 0;
    while (slow.socket.connected) {
      isEmitting = true;
      io.emit('n', count++, 'x'.repeat(100_000));
      isEmitting = false;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const all = [...Array(count).keys()];
    expect(await Promise.all([first, last].map(({ raw }) => readUpToLeft(raw)))).toEqual([all, all]);
    expect(heard).toEqual([false]);
  },
);
