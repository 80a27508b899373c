import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Server, type ServerOptions } from '@hawser/io';
import { expect, it } from 'vitest';

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
