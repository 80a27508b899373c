import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Server } from '@hawser/io';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenOn } from '../rig/servers.ts';

const isBuilt = existsSync(join(__dirname, '../../client-dist/socket.io.js'));

async function start(options: object): Promise<string> {
  const http = createOwn();
  const io = new Server(http, options);
  const port = await listenOn(http);
  onTestFinished(() => io.close());
  return `http://127.0.0.1:${port}`;
}

/** An HTTP server with an answer of its own to everything. */
function createOwn() {
  return createServer((request, response) => void response.end(`the user's own answer to ${request.url}`));
}

describe('several servers on one HTTP server', () => {
  it.each([
    ['with client files', {}, {}],
    ['without', { serveClient: false }, { serveClient: false }],
    ['of which the first has client files', {}, { serveClient: false }],
    ['of which the second has client files', { serveClient: false }, {}],
  ])('%s answer under their paths, and leave all else as it was', async (_, first, second) => {
    const http = createOwn();
    const servers = [new Server(http, first), new Server(http, { path: '/two', ...second })];
    servers.push(new Server(http, { path: '/three' }));
    servers[0]!.attach(http, { path: '/four' });
    const url = `http://127.0.0.1:${await listenOn(http)}`;
    onTestFinished(async () => void (await Promise.all(servers.map((io) => io.close()))));
    for (const path of ['/socket.io', '/two', '/three', '/four']) {
      const handshake = await fetch(`${url}${path}/?EIO=4&transport=polling`);
      expect(await handshake.text()).toContain('"sid"');
    }
    for (const path of ['/', '/nope', '/socket.io2/']) {
      expect(await (await fetch(url + path)).text()).toBe(`the user's own answer to ${path}`);
    }
  });

  it('leaves what others wrap around it as it was', async () => {
    const http = createOwn();
    const io = new Server(http);
    const wrapped = http.listeners('request');
    http.removeAllListeners('request');
    http.on('request', (request, response) => {
      response.setHeader('X-Wrapped', '1');
      for (const listener of wrapped) listener.call(http, request, response);
    });
    new Server(http, { path: '/two' });
    const url = `http://127.0.0.1:${await listenOn(http)}`;
    onTestFinished(() => io.close());
    const own = await fetch(`${url}/own`);
    expect([await own.text(), own.headers.get('x-wrapped')]).toEqual(["the user's own answer to /own", '1']);
    expect(await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text()).toContain('"sid"');
    expect(await (await fetch(`${url}/two/?EIO=4&transport=polling`)).text()).toContain('"sid"');
  });
});

describe('the path of a server', () => {
  it.each<[string, object, object, string]>([
    ['may be all there is', { path: '/' }, {}, '/'],
    ['is /socket.io where it is empty', { path: '' }, {}, '/socket.io/'],
    ['is that of the server where it is attached to another', { path: '/q' }, { path: '/w' }, '/q/'],
    ['is that of attach where the server has none', {}, { path: '/w' }, '/w/'],
  ])('%s', async (_, options, attachOptions, path) => {
    const http = createOwn();
    const io = new Server(options).attach(http, attachOptions);
    const url = `http://127.0.0.1:${await listenOn(http)}`;
    onTestFinished(() => io.close());
    expect(await (await fetch(`${url}${path}?EIO=4&transport=polling`)).text()).toContain('"sid"');
  });
});

describe('a server with client files', () => {
  it('answers for them under its path, whether they are built or not, and leaves all else as it was', async () => {
    const url = await start({ path: '/chat/' });
    const file = await fetch(`${url}/chat/socket.io.js?v=1`);
    expect(file.status).toBe(isBuilt ? 200 : 404);
    expect(await file.text()).toContain(isBuilt ? 'io' : 'the client has not been built');
    expect(await (await fetch(`${url}/socket.io/socket.io.js`)).text()).toContain("the user's own answer");
    const handshake = await fetch(`${url}/chat/?EIO=4&transport=polling`);
    expect(await handshake.text()).toContain('"sid"');
  });

  it('does not where it was told not to', async () => {
    const url = await start({ serveClient: false });
    const answer = await fetch(`${url}/socket.io/socket.io.js`);
    expect(await answer.json()).toEqual({ code: 0, message: 'Transport unknown' });
  });
});
