import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe } from 'vitest';
import type { ClientOptions } from 'ws';
import { acceptance } from '../../../ws/test/rig/raw-server.ts';
import { differ } from './rig/differ.ts';
import type { WsModule } from './rig/modules.ts';
import type { Recorder } from './rig/recorder.ts';
import { stateOf, untilClosed, watchSocket } from './rig/sides.ts';

/** Starts an HTTP server that sends clients on. */
async function startRedirecting(
  log: Recorder,
  location: (port: number, url: string) => string,
  status = 302,
): Promise<{ port: number }> {
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    response.writeHead(status, { Location: location(port, request.url ?? '') });
    response.end();
  });
  server.on('upgrade', (request, socket) => {
    const { host: _host, 'sec-websocket-key': key = '', ...headers } = request.headers;
    log.note('server', request.url ?? '', Object.fromEntries(Object.entries(headers).sort()));
    const { port } = server.address() as AddressInfo;
    const target = location(port, request.url ?? '');
    if (target === '') {
      socket.write(acceptance({ startLine: '', headers: { 'sec-websocket-key': [key as string] } }));
      socket.on('error', () => {});
      socket.on('data', () => socket.destroy());
    } else {
      socket.end(
        `HTTP/1.1 ${status} X\r\nLocation: ${target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  log.defer(() => server.close());
  return { port: (server.address() as AddressInfo).port };
}

async function follow(
  ws: WsModule,
  log: Recorder,
  url: string,
  options: ClientOptions,
  isListened = false,
): Promise<void> {
  const socket = new ws.WebSocket(url, { followRedirects: true, ...options });
  watchSocket(log, socket);
  if (isListened) log.watch('socket', socket, ['redirect'], () => [socket.url]);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.once('open', () => {
      log.note('socket', 'open at', socket.url, socket.readyState);
      socket.terminate();
    });
  });
  log.note('socket', 'ends', ...stateOf(socket));
}

const CREDENTIALS: ClientOptions = {
  headers: { Authorization: 'Basic YTpi', Cookie: 'a=b', Host: 'example.test', 'X-Kept': 'Yes' },
};

describe('redirects that a client follows', () => {
  for (const status of [300, 301, 302, 303, 307, 308, 399]) {
    differ(`client follows a ${status}`, async (ws, log) => {
      const { port } = await startRedirecting(log, (_port, url) => (url === '/done' ? '' : '/done'), status);
      await follow(ws, log, `ws://127.0.0.1:${port}/from?x`, {});
    });
  }

  for (const isListened of [true, false]) {
    differ(
      `client keeps its credentials on the same host, with a listener: ${isListened}`,
      async (ws, log) => {
        const { port } = await startRedirecting(log, (_port, url) => (url === '/done' ? '' : 'done'));
        await follow(ws, log, `ws://127.0.0.1:${port}/from`, CREDENTIALS, isListened);
      },
    );
    for (const options of [CREDENTIALS, { auth: 'user:pass' } as ClientOptions]) {
      differ(
        `client drops ${Object.keys(options)} for another host, with a listener: ${isListened}`,
        async (ws, log) => {
          const target = await startRedirecting(log, () => '');
          const { port } = await startRedirecting(log, () => `ws://127.0.0.1:${target.port}/other`);
          await follow(ws, log, `ws://127.0.0.1:${port}/from`, options, isListened);
        },
      );
    }
    differ(
      `client takes userinfo from the address and from the location, with a listener: ${isListened}`,
      async (ws, log) => {
        const { port } = await startRedirecting(log, (at, url) =>
          url === '/done' ? '' : `ws://c:d@127.0.0.1:${at}/done`,
        );
        await follow(ws, log, `ws://a:b@127.0.0.1:${port}/from`, {}, isListened);
        await follow(ws, log, `ws://127.0.0.1:${port}/from`, {}, isListened);
      },
    );
  }

  for (const options of [CREDENTIALS, { auth: 'user:pass' } as ClientOptions]) {
    differ(`client has its ${Object.keys(options)} again when it is sent back`, async (ws, log) => {
      const back: { port: number } = { port: 0 };
      const other = await startRedirecting(log, () => `ws://127.0.0.1:${back.port}/done`);
      const first = await startRedirecting(log, (_port, url) =>
        url === '/done' ? '' : `ws://127.0.0.1:${other.port}/other`,
      );
      back.port = first.port;
      await follow(ws, log, `ws://127.0.0.1:${first.port}/from`, options);
    });
  }

  differ('client takes an empty location for none', async (ws, log) => {
    const { port } = await startRedirecting(log, () => ' ');
    await follow(ws, log, `ws://127.0.0.1:${port}/from`, {}, true);
  });

  for (const maxRedirects of [0, 1, 3]) {
    differ(`client gives up after ${maxRedirects} redirects`, async (ws, log) => {
      const { port } = await startRedirecting(log, () => '/again');
      await follow(ws, log, `ws://127.0.0.1:${port}/from`, { maxRedirects }, true);
    });
  }

  for (const location of ['ftp://host/', 'ws://', 'ws://host/#x', 'http://', '#fragment']) {
    differ(`client fails at a redirect to ${location}`, async (ws, log) => {
      const { port } = await startRedirecting(log, () => location);
      await follow(ws, log, `ws://127.0.0.1:${port}/from`, {}, true);
    });
  }

  differ('client is terminated by whoever listens for redirect', async (ws, log) => {
    const { port } = await startRedirecting(log, (_port, url) => (url === '/done' ? '' : '/done'));
    const socket = new ws.WebSocket(`ws://127.0.0.1:${port}/from`, { followRedirects: true });
    watchSocket(log, socket);
    socket.on('redirect', () => socket.terminate());
    await untilClosed(socket);
  });
});
