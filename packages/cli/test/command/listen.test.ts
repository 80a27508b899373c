import { once } from 'node:events';
import { WebSocket } from '@hawser/ws';
import { afterEach, describe, expect, test } from 'vitest';
import { HawserProcesses } from './hawser-process.ts';

const hawser = new HawserProcesses();

afterEach(() => hawser.dispose());

async function listen(...options: string[]) {
  const server = hawser.start('listen', '--port', '0', ...options);
  const [, url = ''] = await server.seen('stdout', /^listening: (ws:\/\/127\.0\.0\.1:\d+\/) /);
  return { server, url };
}

async function open(url: string, ...protocols: string[]): Promise<WebSocket> {
  const socket = new WebSocket(url, protocols);
  socket.binaryType = 'arraybuffer';
  await once(socket, 'open');
  return socket;
}

async function nextData(socket: WebSocket): Promise<unknown> {
  return (await once(socket, 'message'))[0].data;
}

describe('hawser listen', () => {
  test('echoes text as text and binary as binary', async () => {
    const { url } = await listen();
    const socket = await open(url);
    socket.send('text');
    expect(await nextData(socket)).toBe('text');
    socket.send(Uint8Array.of(1, 2, 3));
    expect(await nextData(socket)).toEqual(Uint8Array.of(1, 2, 3).buffer);
    socket.close();
  });

  test('echoes a message of several megabytes', async () => {
    const { url } = await listen();
    const socket = await open(url);
    socket.send(new Uint8Array(8 * 1024 * 1024));
    expect(await nextData(socket)).toHaveProperty('byteLength', 8 * 1024 * 1024);
    socket.close();
  });

  test('broadcasts to everyone else', async () => {
    const { url } = await listen('--broadcast');
    const [ada, grace, alan] = await Promise.all([open(url), open(url), open(url)]);
    const heard: unknown[] = [];
    ada.addEventListener('message', ({ data }) => heard.push(data));
    const arrivals = Promise.all([nextData(grace), nextData(alan)]);
    ada.send('from ada');
    expect(await arrivals).toEqual(['from ada', 'from ada']);
    grace.send('from grace');
    expect(await nextData(ada)).toBe('from grace');
    expect(heard).toEqual(['from grace']);
    for (const socket of [ada, grace, alan]) socket.close();
  });

  test('accepts every path and the first subprotocol, and logs who comes and goes', async () => {
    const { server, url } = await listen();
    const socket = await open(new URL('/some/path?x', url).href, 'one', 'two');
    expect(socket.protocol).toBe('one');
    await server.seen('stderr', /#1 connected from 127\.0\.0\.1 to \/some\/path\?x, subprotocol one\n/);
    socket.close(4000, 'enough');
    await server.seen('stderr', /#1 closed with 4000: enough\n/);
  });

  test('on Ctrl-C it says goodbye and ends well', async () => {
    const { server, url } = await listen();
    const socket = await open(url);
    const closed = once(socket, 'close');
    server.signal('SIGINT');
    expect((await closed)[0].code).toBe(1001);
    expect(await server.ended()).toMatchObject({ exitCode: 0 });
  });
});
