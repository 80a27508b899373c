import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { createCorsMiddleware } from '@hawser/engine/internal';
import { Server as UpstreamServer } from 'socket.io';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ClientFiles } from '../../src/serve-client.ts';

const upstreamRoot = join(createRequire(__filename).resolve('socket.io'), '../..');
const folder = join(upstreamRoot, 'client-dist');
const { version } = createRequire(__filename)('socket.io/package.json') as { version: string };
type Cors = Parameters<typeof createCorsMiddleware>[0];

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

async function listen(http: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return (http.address() as AddressInfo).port;
}

/** Our files, as a server hands requests to them. */
function startOurs(cors: Cors, from = folder): Promise<number> {
  const files = new ClientFiles({ folder: from, version, cors: createCorsMiddleware(cors) });
  const http = createServer((req, res) => {
    const name = req.url!.slice('/socket.io/'.length).split('?')[0]!;
    if (!files.handle(name, req, res)) res.writeHead(404).end('not ours');
  });
  return listen(http);
}

function startUpstream(cors: Cors): Promise<number> {
  const http = createServer((_, res) => res.writeHead(404).end('not ours'));
  new UpstreamServer(http, { cors: cors as never });
  return listen(http);
}

async function ask(
  port: number,
  name: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: `/socket.io/${name}`, headers, method }, resolve)
      .on('error', reject)
      .end();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

const DECODE = { br: brotliDecompressSync, gzip: gunzipSync, deflate: inflateSync };

/** What has to be the same. How the body is framed is not; nor is what `Vary` says of codings, which upstream leaves out. */
function essence({ status, headers, body }: Answer): unknown {
  const {
    date,
    connection,
    'keep-alive': _,
    'transfer-encoding': __,
    'content-length': ___,
    ...rest
  } = headers;
  const vary = String(rest.vary ?? '')
    .split(', ')
    .filter((name) => name !== '' && name !== 'Accept-Encoding');
  const decode = DECODE[headers['content-encoding'] as keyof typeof DECODE] as typeof gunzipSync | undefined;
  return {
    status,
    ...rest,
    vary,
    body: (decode !== undefined && body.length > 0 ? decode(body) : body).toString('latin1'),
  };
}

const NAMES = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'];

describe('the client files against socket.io', () => {
  it('answers for each file as upstream does', async () => {
    const [ours, upstream] = [await startOurs(undefined), await startUpstream(undefined)];
    const names = [...NAMES, ...NAMES.map((name) => `${name}.map`), 'socket.io.js?v=1'];
    for (const name of names)
      expect(essence(await ask(ours, name))).toEqual(essence(await ask(upstream, name)));
  });

  it('chooses the coding that upstream chooses', async () => {
    const [ours, upstream] = [await startOurs(undefined), await startUpstream(undefined)];
    const accepted = [
      '',
      'gzip',
      'deflate',
      'br',
      'identity',
      'zstd',
      '*',
      'gzip, deflate, br',
      'br, gzip',
      'deflate, gzip;q=0.5',
      'gzip;q=0.2, br;q=0.9',
      'gzip;q=0',
      '*;q=0',
      ', ;;,q=',
    ];
    for (const value of accepted) {
      const headers = { 'accept-encoding': value };
      const both = [
        await ask(ours, 'socket.io.min.js', headers),
        await ask(upstream, 'socket.io.min.js', headers),
      ];
      expect([value, essence(both[0]!)]).toEqual([value, essence(both[1]!)]);
    }
  });

  it('says that nothing changed where upstream does', async () => {
    const [ours, upstream] = [await startOurs(undefined), await startUpstream(undefined)];
    for (const etag of [`"${version}"`, `W/"${version}"`, version, '"0.0.1"', '*', `"x", "${version}"`, '']) {
      const headers = { 'if-none-match': etag };
      const both = [await ask(ours, 'socket.io.js', headers), await ask(upstream, 'socket.io.js', headers)];
      expect([etag, essence(both[0]!)]).toEqual([etag, essence(both[1]!)]);
    }
  });

  it('answers for the option cors as upstream does, preflights too', async () => {
    const options: Cors[] = [
      true,
      { origin: '*' },
      { origin: 'https://example.com', credentials: true },
      { origin: ['https://example.com', 'https://example.org'] },
    ];
    for (const cors of options) {
      const [ours, upstream] = [await startOurs(cors), await startUpstream(cors)];
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        const headers = { origin: 'https://example.com', 'access-control-request-method': 'GET' };
        const both = [
          await ask(ours, 'socket.io.min.js', headers, method),
          await ask(upstream, 'socket.io.min.js', headers, method),
        ];
        expect([cors, method, essence(both[0]!)]).toEqual([cors, method, essence(both[1]!)]);
      }
    }
  });
});

describe('the client files', () => {
  it('leave all other names to others', async () => {
    const port = await startOurs(undefined);
    const names = [
      '',
      'package.json',
      '../package.json',
      '..%2fpackage.json',
      'socket.io.js/',
      'constructor',
      'socket.io.JS',
    ];
    for (const name of names) expect(String((await ask(port, name)).body)).toBe('not ours');
  });

  it('tell caches that the body depends on the coding', async () => {
    const port = await startOurs({ origin: 'https://example.com' });
    const { headers } = await ask(port, 'socket.io.js', { 'accept-encoding': 'gzip' });
    expect(headers.vary).toBe('Origin, Accept-Encoding');
  });

  it('say what is missing, and serve it once it is there', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'hawser-client-files-'));
    onTestFinished(() => rmSync(empty, { recursive: true }));
    const port = await startOurs(undefined, empty);
    expect((await ask(port, 'socket.io.js', { 'accept-encoding': 'br' })).status).toBe(404);
    writeFileSync(join(empty, 'socket.io.js'), readFileSync(join(folder, 'socket.io.js')));
    expect((await ask(port, 'socket.io.js', { 'accept-encoding': 'br' })).status).toBe(200);
    expect(readdirSync(empty)).toEqual(['socket.io.js']);
  });

  it('keep no connection of HTTP/2 whose client leaves without the answer', async () => {
    const files = new ClientFiles({ folder, version, cors: null });
    const http = createHttp2Server((req, res) => {
      files.handle('socket.io.js', req as unknown as IncomingMessage, res as unknown as ServerResponse);
    });
    const live = new Set<unknown>();
    http.on('session', (session) => {
      live.add(session);
      session.once('close', () => live.delete(session));
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void http.close());
    const { port } = http.address() as AddressInfo;
    const client = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
    const stream = client.request({ ':path': '/' });
    await new Promise((resolve) => stream.once('response', resolve));
    stream.close(0);
    await new Promise((resolve) => client.ping(resolve));
    client.destroy();
    await vi.waitUntil(() => live.size === 0);
  });
});
