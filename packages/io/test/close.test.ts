import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Server, type ServerOptions } from '@hawser/io';
import { expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';

/** Short, as tests do not wait; it is no public option. */
const SHORT: Partial<ServerOptions> & { closeTimeout: number } = { closeTimeout: 50 };

it('close comes to an end where a peer has connected and says nothing, which Node would wait for', async () => {
  const http = createServer();
  const io = new Server(http, SHORT);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const connected = once(http, 'connection');
  const silent = connect((http.address() as AddressInfo).port, '127.0.0.1');
  await connected;
  const cut = once(silent, 'close');
  silent.on('error', () => {});
  await io.close();
  await cut;
  expect(http.listening).toBe(false);
});

it('close comes to an end where an upgrade waits for an answer that nobody gives', async () => {
  const http = createServer();
  const io = new Server(http, { ...SHORT, destroyUpgrade: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const upgraded = once(http, 'upgrade');
  const waiting = connect((http.address() as AddressInfo).port, '127.0.0.1');
  waiting.on('error', () => {});
  waiting.write(
    'GET /elsewhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nmore',
  );
  await upgraded;
  const cut = once(waiting, 'close');
  await io.close();
  await cut;
});

it('close lets an answer of the HTTP server end, when it ends in time', async () => {
  const http = createServer((_request, response) => {
    response.write('one ');
    io.close();
    setImmediate(() => response.end('two'));
  });
  const io = new Server(http);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  expect(await answer.text()).toBe('one two');
});

it('close lets nobody in who was on the way, and comes to an end for them', async () => {
  const http = createServer();
  const io = new Server(http);
  const late: unknown[] = [];
  io.on('connection', (socket) => late.push(socket.id));
  for (let round = 0; round < 2; round++) {
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const connected = once(http, 'connection');
    const { port } = http.address() as AddressInfo;
    const onTheWay = connect(port, '127.0.0.1');
    const [connection] = (await connected) as [Socket];
    onTheWay.write('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n');
    // Node 26 ends at once what has sent nothing yet.
    await vi.waitFor(() => expect(connection.bytesRead).toBeGreaterThan(0));
    const closed = io.close();
    onTheWay.write(
      'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const [answer] = (await once(onTheWay, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    await closed;
  }
  expect(late).toEqual([]);
});

it('server that was closed serves again when its HTTP server listens again', async () => {
  const http = createServer();
  const io = new Server(http);
  const { port } = await listenAfterClose();
  const begun = once(io, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  client.on('open', () => client.send('40'));
  await begun;
  client.terminate();
  await io.close();

  async function listenAfterClose(): Promise<AddressInfo> {
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    await io.close();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return http.address() as AddressInfo;
  }
});
