import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from '@hawser/ws';
import { afterEach, describe, expect, test } from 'vitest';
import { HawserProcesses } from './hawser-process.ts';

const hawser = new HawserProcesses();

afterEach(() => hawser.dispose());

async function serve() {
  const server = hawser.start('serve', '--port', '0');
  const [, url = ''] = await server.seen(
    'stdout',
    /^playground: (http:\/\/127\.0\.0\.1:\d+\/) \(Ctrl-C stops\)\nlab: \1lab\.html\n$/,
  );
  return { server, url, socketUrl: url.replace('http:', 'ws:').concat('ws') };
}

describe('hawser serve', () => {
  test('prints its address and serves the page with everything that it loads', async () => {
    const { url } = await serve();
    const page = await fetch(url);
    const html = await page.text();
    expect(page.status).toBe(200);
    const paths = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
    expect(paths).toContain('/app.js');
    for (const path of paths) expect((await fetch(new URL(path, url))).status).toBe(200);
    expect((await fetch(new URL('/package.json', url))).status).toBe(404);
  });

  test('serves the lab and every module of both pages', async () => {
    const { url } = await serve();
    const seen = new Set<string>();
    const waiting = ['/app.js', '/lab.js', '/lab.html', '/lab.css'];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const answer = await fetch(new URL(path, url));
      expect({ path, status: answer.status }).toEqual({ path, status: 200 });
      const imports = (await answer.text()).matchAll(/(?:from|import\()\s*'\.?(\/[\w./-]+\.js)'/g);
      waiting.push(...[...imports].map(([, target]) => target!));
    }
    expect(seen).toContain('/socket.io/socket.io.esm.min.js');
    expect(seen).toContain('/lab-transports.js');
  });

  test('refuses Socket.IO from a page of another site', async () => {
    const { url } = await serve();
    const ask = (origin: string) =>
      fetch(new URL('/socket.io/?EIO=4&transport=polling', url), { headers: { Origin: origin } });
    expect((await ask('http://evil.example')).status).toBe(403);
    expect((await ask('null')).status).toBe(403);
    expect((await ask(new URL(url).origin)).status).toBe(200);
  });

  test('tells a plain request to the WebSocket address what to do', async () => {
    const { url } = await serve();
    const answer = await fetch(new URL('/ws', url));
    expect(answer.status).toBe(426);
    expect(answer.headers.get('upgrade')).toBe('websocket');
    expect(await answer.text()).toContain(`Open ${url} in a browser`);
  });

  test('refuses an upgrade from a page of another site, and one to another path', async () => {
    const { socketUrl } = await serve();
    const foreign = new WebSocket(socketUrl, [], { origin: 'http://evil.example' });
    const [refusal] = await once(foreign, 'error');
    expect(refusal.error).toMatchObject({ status: 403 });
    const [lost] = await once(new WebSocket(socketUrl.replace('/ws', '/other')), 'error');
    expect(lost.error).toMatchObject({ status: 404 });
  });

  test('on Ctrl-C it says goodbye to everyone and ends well', async () => {
    const { server, socketUrl } = await serve();
    const socket = new WebSocket(socketUrl);
    await once(socket, 'message');
    const closed = once(socket, 'close');
    server.signal('SIGINT');
    const [{ code, reason }] = await closed;
    expect({ code, reason }).toEqual({ code: 1001, reason: 'the server is shutting down' });
    expect(await server.ended()).toMatchObject({ exitCode: 0 });
  });

  test('one Ctrl-C that arrives twice, as under npm, still drains', async () => {
    const { server, socketUrl } = await serve();
    const socket = new WebSocket(socketUrl);
    await once(socket, 'message');
    const closed = once(socket, 'close');
    server.signal('SIGINT');
    server.signal('SIGINT');
    expect((await closed)[0].code).toBe(1001);
    expect(await server.ended()).toMatchObject({ exitCode: 0 });
  });

  test('a second Ctrl-C does not wait for who never answers', async () => {
    const { server, url } = await serve();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: ${new URL(url).host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await once(socket, 'data');
    const again = setInterval(() => server.signal('SIGINT'), 100);
    const { exitCode } = await server.ended();
    clearInterval(again);
    socket.destroy();
    expect(exitCode).toBe(130);
  });

  test('SIGTERM drains too', async () => {
    const { server } = await serve();
    server.signal('SIGTERM');
    expect(await server.ended()).toMatchObject({ exitCode: 0 });
  });
});

describe.skipIf(process.platform !== 'linux')('hawser serve --open', () => {
  test('hands the address to the browser', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-open-'));
    const opened = join(folder, 'opened');
    await writeFile(join(folder, 'xdg-open'), `#!/bin/sh\necho "$1" >"${opened}"\n`, { mode: 0o755 });
    const server = hawser.startWith(
      { PATH: `${folder}:${process.env.PATH}` },
      'serve',
      '--port',
      '0',
      '--open',
    );
    const [url] = await server.seen('stdout', /http:\S+/);
    await expect.poll(() => readFile(opened, 'utf8').catch(() => ''), { timeout: 5000 }).toBe(`${url}\n`);
    await rm(folder, { recursive: true });
  });

  test('without a browser it goes on, and says so', async () => {
    const server = hawser.startWith({ PATH: '/nowhere' }, 'serve', '--port', '0', '--open');
    await server.seen('stderr', /hawser: could not start a browser with xdg-open; open http:\S+ yourself\n/);
    server.signal('SIGINT');
    expect(await server.ended()).toMatchObject({ exitCode: 0 });
  });
});

describe('hawser serve that cannot', () => {
  test('a taken port is one clear line', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    for (const command of ['serve', 'listen']) {
      expect(await hawser.run([command, '--port', String(port)])).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: `hawser: port ${port} on 127.0.0.1 is already in use; choose another with --port, or --port 0 for any free one\n`,
      });
    }
    other.close();
  });

  test('an empty host is not every address', async () => {
    for (const command of ['serve', 'listen']) {
      const { exitCode, stdout, stderr } = await hawser.run([command, '--port', '0', '--host', '']);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(/^hawser: option '--host <address>' argument '' is invalid\. [^\n]*\n$/);
    }
  });

  test('a host that is none is one clear line', async () => {
    const { exitCode, stderr } = await hawser.run(['serve', '--port', '0', '--host', 'no.such.host.invalid']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^hawser: cannot resolve the host name no\.such\.host\.invalid[^\n]*\n$/);
  });
});
