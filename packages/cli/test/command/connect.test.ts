import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  type ServerSocket,
  type UpgradeRequest,
  WebSocketServer,
  type WebSocketServerOptions,
} from '@hawser/ws';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { HawserProcesses } from './hawser-process.ts';

const CERTIFICATE = join(__dirname, '..', 'fixtures', 'localhost.cert.pem');
const KEY = join(__dirname, '..', 'fixtures', 'localhost.key.pem');
const TLS = { cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) };

const hawser = new HawserProcesses();
const servers: WebSocketServer<undefined>[] = [];

afterEach(async () => {
  await hawser.dispose();
  await Promise.all(servers.splice(0).map((server) => server.close({ timeoutMs: 0 })));
});

async function listen(options: WebSocketServerOptions<undefined>, isSecure = false): Promise<string> {
  const server = new WebSocketServer<undefined>(options);
  servers.push(server);
  const { port } = await server.listen({ host: '127.0.0.1', ...(isSecure ? { tls: TLS } : {}) });
  return isSecure ? `wss://localhost:${port}/` : `ws://127.0.0.1:${port}/`;
}

function echo(socket: ServerSocket<undefined>, data: Buffer, isBinary: boolean): void {
  socket.send(data, { binary: isBinary });
}

/** A server that writes down what it was sent. */
async function listenAndRecord() {
  const received: string[] = [];
  const url = await listen({
    message: (socket, data, isBinary) => {
      received.push(`${isBinary ? 'binary' : 'text'} ${data.toString()}`);
      echo(socket, data, isBinary);
    },
  });
  return { url, received };
}

describe('in a pipe', () => {
  test('each line is a message, the replies alone are on stdout, the end of input closes', async () => {
    const { url, received } = await listenAndRecord();
    const { exitCode, stdout, stderr } = await hawser.run(
      ['connect', url, '--wait', '0.2'],
      'hello\r\n\nworld',
    );
    expect(received).toEqual(['text hello', 'text ', 'text world']);
    expect(stdout).toBe('hello\n\nworld\n');
    expect(stderr).toBe(`hawser: connected to ${url}\nhawser: closed with 1000 normal closure\n`);
    expect(exitCode).toBe(0);
  });

  test('--quiet leaves nothing but the messages', async () => {
    const { url } = await listenAndRecord();
    const ending = await hawser.run(['connect', url, '-q', '--wait', '0.1'], 'hello\n');
    expect(ending).toEqual({ exitCode: 0, stdout: 'hello\n', stderr: '' });
  });

  test('--binary sends bytes, and bytes are shown as hexadecimal digits', async () => {
    const { url, received } = await listenAndRecord();
    const { stdout } = await hawser.run(['connect', url, '--binary', '--wait', '0.1'], 'Az\n');
    expect(received).toEqual(['binary Az']);
    expect(stdout).toBe('417a\n');
  });

  test('replies that keep coming are waited for, silence ends it', async () => {
    const url = await listen({
      message: (socket) => {
        let sent = 0;
        const timer = setInterval(() => {
          socket.send(String(++sent));
          if (sent === 5) clearInterval(timer);
        }, 100);
      },
    });
    const { stdout } = await hawser.run(['connect', url, '--wait', '0.4'], 'go\n');
    expect(stdout).toBe('1\n2\n3\n4\n5\n');
  });

  test('--wait 0 closes as soon as the input has left', async () => {
    const { url, received } = await listenAndRecord();
    const lines = Array.from({ length: 5000 }, (_, number) => `line ${number}`);
    const { exitCode } = await hawser.run(['connect', url, '--wait', '0'], `${lines.join('\n')}\n`);
    expect(exitCode).toBe(0);
    expect(received).toHaveLength(5000);
    expect(received.at(-1)).toBe('text line 4999');
  });

  test('a reader that takes its time makes the server wait, and gets everything', async () => {
    const [line, count] = ['x'.repeat(16_383), 2_000];
    let sent = 0;
    const pump = (socket: ServerSocket<undefined>) => {
      for (; sent < count; sent++) if (socket.send(line) === 'dropped') return;
    };
    const url = await listen({
      maxBufferedBytes: 65_536,
      slowConsumer: 'drop',
      message: pump,
      drain: pump,
    });
    const client = hawser.start('connect', url, '-q', '--wait', '0.1');
    client.holdOutput();
    client.type('go\n');
    client.endInput();
    // Far longer than the silence that ends it.
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(sent).toBeLessThan(count);
    client.readOn();
    const { exitCode, stdout } = await client.ended();
    expect([exitCode, stdout.length]).toEqual([0, count * 16_384]);
  });

  test('--wait forever stays until the server closes', async () => {
    const url = await listen({
      open: (socket) => {
        setTimeout(() => socket.send('late'), 100);
        setTimeout(() => socket.close(1000), 150);
      },
    });
    const { exitCode, stdout } = await hawser.run(['connect', url, '--wait', 'forever']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'late\n' });
  });

  test('input that has not ended does not keep it once the server closes', async () => {
    const { url } = await listenAndRecord();
    const client = hawser.start('connect', url);
    client.type('one\n');
    await client.seen('stdout', /one\n/);
    for (const server of servers) for (const socket of server.connections) socket.close(1000, 'that was all');
    const { exitCode, stderr } = await client.ended();
    expect(stderr).toContain('closed with 1000 normal closure: that was all');
    expect(exitCode).toBe(0);
  });

  test('a reader that stops reading ends it without a complaint', async () => {
    const { url } = await listenAndRecord();
    const client = hawser.start('connect', url, '-q');
    client.type('one\n');
    await client.seen('stdout', /one\n/);
    client.closeOutput();
    client.type('two\nthree\n');
    expect(await client.ended()).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('Ctrl-C closes the connection and ends well', async () => {
    const closes: number[] = [];
    const url = await listen({ close: (_socket, code) => void closes.push(code) });
    const client = hawser.start('connect', url);
    await client.seen('stderr', /connected/);
    client.signal('SIGINT');
    expect(await client.ended()).toMatchObject({ exitCode: 0 });
    expect(closes).toEqual([1000]);
  });
});

describe('options', () => {
  test('headers, origin and subprotocols reach the server', async () => {
    const requests: UpgradeRequest[] = [];
    const url = await listen({
      allowedOrigins: '*',
      upgrade: (request) => {
        requests.push(request);
        return { protocol: 'two' };
      },
    });
    const options = [
      '-s',
      'one',
      '-s',
      'two',
      '-H',
      'X-Token: abc',
      '-H',
      'Cookie: a=b',
      '--origin',
      'https://a.example',
    ];
    const { stderr } = await hawser.run(['connect', url, '--wait', '0', ...options]);
    expect(stderr).toContain(`connected to ${url}, subprotocol two`);
    expect(requests[0]?.protocols).toEqual(['one', 'two']);
    expect(requests[0]?.headers).toMatchObject({
      'x-token': 'abc',
      cookie: 'a=b',
      origin: 'https://a.example',
    });
  });

  test('--ping shows round trips on stderr', async () => {
    const url = await listen({});
    const client = hawser.start('connect', url, '--ping', '0.05');
    await client.seen('stderr', /pong 3: \d+\.\d\d ms\n/);
    client.endInput();
    expect(await client.ended()).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test('a certificate that nobody signed needs --insecure or --ca', async () => {
    const url = await listen({ message: echo }, true);
    const args = ['connect', url, '-q', '--wait', '0.1'];
    const refused = await hawser.run(args, 'x\n');
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^hawser: cannot connect to [^\n]*self-signed[^\n]*\n$/);
    expect(await hawser.run([...args, '--insecure'], 'x\n')).toEqual({
      exitCode: 0,
      stdout: 'x\n',
      stderr: '',
    });
    expect(await hawser.run([...args, '--ca', CERTIFICATE], 'x\n')).toEqual({
      exitCode: 0,
      stdout: 'x\n',
      stderr: '',
    });
  });
});

describe('failures', () => {
  test('nobody listening: exit code 1', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.on('listening', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const url = `ws://127.0.0.1:${port}/`;
    const { exitCode, stderr } = await hawser.run(['connect', url]);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`hawser: cannot connect to ${url}: nothing listens there\n`);
  });

  test.each([
    ['speaks something else', 'SSH-2.0-OpenSSH_9.6\r\n', 'what answers there does not speak HTTP'],
    ['says nothing', '', 'the server ended the connection without an answer'],
  ])('a server that %s: exit code 1, and why', async (_what, greeting, why) => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).on('data', () => socket.end(greeting));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
    });
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const stderr = `hawser: cannot connect to ${url}: ${why}\n`;
    expect(await hawser.run(['connect', url])).toMatchObject({ exitCode: 1, stderr });
    expect(await hawser.run(['bench', url, '-c', '1'])).toMatchObject({ exitCode: 1, stderr });
  });

  test('a refused upgrade: exit code 1 with what the server answered', async () => {
    const url = await listen({ upgrade: () => ({ status: 401, message: 'a token is\nneeded' }) });
    const { exitCode, stderr } = await hawser.run(['connect', url]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^hawser: cannot connect to ws:[^\n]* 401 [^\n]*\n$/);
  });

  test.each([
    [4001, 'go away'],
    [1011, ''],
    [1001, 'restart'],
  ])('closed with %i: exit code 3 with code and reason', async (code, reason) => {
    const url = await listen({ open: (socket) => void socket.close(code, reason) });
    const { exitCode, stdout, stderr } = await hawser.run(['connect', url, '-q', '--wait', 'forever']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^hawser: closed abnormally with ${code}[^\\n]*${reason}[^\\n]*\\n$`));
  });

  test('a lost connection: exit code 3 with 1006', async () => {
    const url = await listen({ message: (socket) => socket.terminate() });
    const { exitCode, stderr } = await hawser.run(['connect', url, '-q', '--wait', 'forever'], 'x\n');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^hawser: closed abnormally with 1006 [^\n]*\n$/);
  });

  test('what the server sends cannot control the terminal', async () => {
    const url = await listen({ open: (socket) => void socket.close(4000, '\u001b[2J\u0007') });
    const { stderr } = await hawser.run(['connect', url, '--wait', 'forever']);
    expect(stderr).toContain('4000: \\x1b[2J\\x07');
  });

  test('Ctrl-C before the connection is open: exit code 130', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    await new Promise((resolve) => silent.on('listening', resolve));
    const client = hawser.start('connect', `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
    await connected;
    client.signal('SIGINT');
    expect(await client.ended()).toMatchObject({ exitCode: 130, stdout: '' });
    silent.close();
  });
});
