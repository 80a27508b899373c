import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHttpListener } from '../src/http-listener.ts';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const PAGE = { contentType: 'text/html; charset=utf-8', body: Buffer.from('<p>hi</p>') };
const FILES = new Map([
  ['/', PAGE],
  ['/lab', PAGE],
]);
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer(createHttpListener(FILES, { socketPath: '/ws', labPath: '/lab' }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode, headers: response.headers, body });
      }, reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Send a request line that an HTTP client would not send. */
async function askRaw(requestLine: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(`${requestLine}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return text(socket);
}

describe('the page', () => {
  test('is served with its type and the security headers', async () => {
    const { status, headers, body } = await ask('GET', '/?from=here');
    expect(status).toBe(200);
    expect(body).toBe('<p>hi</p>');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
  });

  test('may connect to nothing but its own server, the lab also to other ports of that host', async () => {
    const connectTo = async (path: string, host: string) =>
      /connect-src ([^;]*)/.exec(
        String((await ask('GET', path, { Host: host })).headers['content-security-policy']),
      )?.[1];
    expect(await connectTo('/', 'localhost:3000')).toBe("'self'");
    expect(await connectTo('/lab', 'localhost:3000')).toBe("'self' http://localhost:* ws://localhost:*");
    expect(await connectTo('/lab', '[::1]:3000')).toBe("'self' http: ws:");
    expect(await connectTo('/lab', "x; script-src 'unsafe-inline'")).toBe("'self'");
  });

  test('HEAD gets the headers alone', async () => {
    const { status, headers, body } = await ask('HEAD', '/');
    expect({ status, body, length: headers['content-length'] }).toEqual({
      status: 200,
      body: '',
      length: '9',
    });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s gets 405 with what is allowed', async (method) => {
    const { status, headers } = await ask(method, '/');
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET, HEAD' });
  });

  test('an unknown address gets 404 in plain words', async () => {
    const { status, headers, body } = await ask('GET', '/nothing');
    expect(status).toBe(404);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(body).toBe('There is nothing at this address. The playground is at /.\n');
  });

  test.each([
    'GET /../package.json HTTP/1.1',
    'GET /..%2fpackage.json HTTP/1.1',
    'GET /%2e%2e/package.json HTTP/1.1',
    'GET //etc/passwd HTTP/1.1',
    'GET /..\\package.json HTTP/1.1',
  ])('"%s" leads nowhere', async (requestLine) => {
    expect(await askRaw(requestLine)).toMatch(/^HTTP\/1\.1 404 /);
  });
});

describe('a plain request to the WebSocket address', () => {
  test('gets 426 and a sentence that helps', async () => {
    const { status, headers, body } = await ask('GET', '/ws', { Host: 'localhost:3000' });
    expect(status).toBe(426);
    expect(headers.upgrade).toBe('websocket');
    expect(headers.connection?.toLowerCase()).toContain('upgrade');
    expect(headers['sec-websocket-version']).toBe('13');
    expect(body).toContain('Open http://localhost:3000/ in a browser');
    expect(body).toContain('hawser connect ws://localhost:3000/ws');
  });

  test('does not repeat a strange Host', async () => {
    const { body } = await ask('GET', '/ws', { Host: '<script>' });
    expect(body).not.toContain('<script>');
  });
});
