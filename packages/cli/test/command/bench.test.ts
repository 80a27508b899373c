import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ServerSocket,
  type UpgradeRequest,
  WebSocketServer,
  type WebSocketServerOptions,
} from '@hawser/ws';
import { type ServerOptions, Server as SocketIoServer } from 'socket.io';
import { afterEach, describe, expect, test } from 'vitest';
import type { BenchReport } from '../../src/bench/report.ts';
import { type Ending, HawserProcesses } from './hawser-process.ts';

const hawser = new HawserProcesses();
const closers: (() => unknown)[] = [];

afterEach(async () => {
  await hawser.dispose();
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function listen(options: WebSocketServerOptions<undefined>, isSecure = false): Promise<string> {
  const server = new WebSocketServer<undefined>(options);
  closers.push(() => server.close({ timeoutMs: 0 }));
  const fixture = (name: string) => readFileSync(join(__dirname, '..', 'fixtures', name));
  const tls = { cert: fixture('localhost.cert.pem'), key: fixture('localhost.key.pem') };
  const { port } = await server.listen({ host: '127.0.0.1', ...(isSecure ? { tls } : {}) });
  return isSecure ? `wss://localhost:${port}/` : `ws://127.0.0.1:${port}/`;
}

const ECHO: WebSocketServerOptions<undefined> = {
  message: (socket, data, isBinary) => void socket.send(data, { binary: isBinary }),
};

async function listenSocketIo(
  setUp: (io: SocketIoServer) => void,
  options: Partial<ServerOptions> = {},
): Promise<string> {
  const io = new SocketIoServer(0, options);
  closers.push(() => io.close());
  setUp(io);
  const { port } = io.httpServer.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

async function listenTcp(server: TcpServer = createServer()): Promise<{ port: number; server: TcpServer }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, server };
}

const BRIEF = ['bench', '-q', '-c', '1', '-d', '0.1', '--timeout', '0.2'];

/** Runs the command with its report as JSON on stdout. */
async function bench(url: string, ...args: string[]): Promise<Ending & { report: BenchReport }> {
  const ending = await hawser.run(['bench', url, '-q', '--json', '-', ...args]);
  return { ...ending, report: ending.stdout === '' ? undefined : JSON.parse(ending.stdout) };
}

describe('WebSocket', () => {
  test('echo: of a server that answers nothing, the report says what it would count', async () => {
    const url = await listen({ message: () => {} });
    const { exitCode, stdout } = await hawser.run([...BRIEF, url]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('Nothing was answered: the answer that counts is the message itself');
    expect(stdout).toContain('--mode listen or idle');
    expect(stdout).not.toContain('--ack');
  });

  test('echo: everything is answered and told, as text', async () => {
    const url = await listen(ECHO);
    const { exitCode, stdout, stderr } = await hawser.run(['bench', url, '-c', '3', '-d', '0.3']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`${url}\nWebSocket, echo for `);
    expect(stdout).toMatch(/connections {2}3 opened, 0 failed, 0 lost; opening took p50 /);
    expect(stdout).toMatch(/sent +[\d,]+ \([\d,]+\/s\), .+B\/s\)\n/);
    expect(stdout).toMatch(/answers +[\d,]+, 0 missing\n/);
    expect(stdout).toMatch(/until its answer, p50 .* p90 .* p99 .* p99\.9 .* max .*\n( {2}.* % .*\n)+/);
  });

  test('echo: the JSON report has every field, and the text stays', async () => {
    const url = await listen(ECHO);
    const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'result.json');
    const args = ['-c', '2', '-d', '0.2', '--in-flight', '4', '--size', '100', '--binary', '--json', file];
    const { exitCode, stdout } = await hawser.run(['bench', url, ...args]);
    const report: BenchReport = JSON.parse(readFileSync(file, 'utf8'));
    const distribution = Object.fromEntries(
      ['count', 'min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max'].map((name) => [name, expect.any(Number)]),
    );
    const { sent } = report.messages;
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('latency') });
    expect(sent).toBeGreaterThanOrEqual(8);
    expect(report).toEqual({
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      url,
      protocol: 'websocket',
      mode: 'echo',
      options: {
        connections: 2,
        connectsPerSecond: null,
        messagesPerSecond: null,
        inFlight: 4,
        durationMs: 200,
        timeoutMs: 10_000,
        size: 100,
        binary: true,
        ack: false,
      },
      isInterrupted: false,
      durationMs: expect.any(Number),
      connections: { opened: 2, failed: 0, lost: 0 },
      connectMs: { ...distribution, count: 2 },
      messages: {
        sent,
        answered: sent,
        unanswered: 0,
        unsent: 0,
        received: sent,
        unexpected: 0,
        sentPerSecond: expect.any(Number),
        receivedPerSecond: expect.any(Number),
      },
      bytes: {
        sent: sent * 100,
        received: sent * 100,
        sentPerSecond: expect.any(Number),
        receivedPerSecond: expect.any(Number),
      },
      latencyMs: { ...distribution, count: sent, histogram: expect.any(Array) },
      errors: [],
      generator: { utilization: expect.any(Number), sendDelayMs: null },
    });
    const counted = report.latencyMs.histogram.reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(sent);
  });

  test('a schedule has as many messages as rate and duration say, over all connections', async () => {
    const received = new Map<ServerSocket<undefined>, number>();
    const url = await listen({
      message: (socket, data) => {
        received.set(socket, (received.get(socket) ?? 0) + 1);
        socket.send(data, { binary: false });
      },
    });
    const { exitCode, report } = await bench(url, '-c', '4', '-d', '0.5', '--messages-per-second', '200');
    const { sent, unsent, answered } = report.messages;
    expect({ exitCode, due: sent + unsent, answered }).toEqual({ exitCode: 0, due: 100, answered: sent });
    expect(received.size).toBe(4);
    expect(Math.max(...received.values()) - Math.min(...received.values())).toBeLessThanOrEqual(1);
    expect(report.generator.sendDelayMs?.count).toBe(sent);
  });

  test('a schedule charges a pause to every message that was due in it', async () => {
    const held: (() => void)[] = [];
    let isHolding = true;
    const url = await listen({
      message: (socket, data) => {
        const reply = () => void socket.send(data, { binary: false });
        if (!isHolding) return reply();
        if (held.push(reply) > 1) return;
        setTimeout(() => {
          isHolding = false;
          for (const answer of held) answer();
        }, 400);
      },
    });
    const { report } = await bench(url, '-c', '1', '-d', '0.4', '--messages-per-second', '100');
    expect(report.latencyMs.max).toBeGreaterThanOrEqual(390);
    // Due in the first 200 ms, 20 of 40 could not be answered for 200 more.
    expect(report.latencyMs.p50).toBeGreaterThanOrEqual(180);
  });

  test('headers and subprotocols reach the server, at the rate asked for', async () => {
    const requests: UpgradeRequest[] = [];
    const url = await listen({
      upgrade: (request) => {
        requests.push(request);
        return { protocol: 'two' };
      },
    });
    const options = ['-s', 'one', '-s', 'two', '-H', 'X-Token: abc', '--rate', '1000', '--mode', 'idle'];
    const { exitCode, report } = await bench(url, '-c', '3', '-d', '0.1', ...options);
    expect({ exitCode, opened: report.connections.opened }).toEqual({ exitCode: 0, opened: 3 });
    expect(report.options.connectsPerSecond).toBe(1000);
    expect(requests).toHaveLength(3);
    expect(requests[2]?.protocols).toEqual(['one', 'two']);
    expect(requests[2]?.headers).toMatchObject({ 'x-token': 'abc' });
  });

  test('listen: what the server pushes is counted', async () => {
    const url = await listen({ open: (socket) => void [1, 2, 3].map(() => socket.send('news')) });
    const { exitCode, report } = await bench(url, '-c', '2', '-d', '0.3', '--mode', 'listen');
    expect(exitCode).toBe(0);
    expect(report.messages).toMatchObject({ sent: 0, received: 6, unexpected: 0 });
    expect(report.bytes.received).toBe(24);
    expect(report.options.inFlight).toBeNull();
  });

  test('what is no answer is told apart', async () => {
    const url = await listen({
      message: (socket, data) => {
        socket.send('welcome');
        socket.send(data, { binary: false });
      },
    });
    const { report } = await bench(url, '-c', '1', '-d', '0.1');
    const { answered, unexpected, received } = report.messages;
    expect(answered).toBeGreaterThan(0);
    expect([unexpected, received]).toEqual([answered, 2 * answered]);
  });

  test('a certificate that nobody signed needs --insecure', async () => {
    const url = await listen(ECHO, true);
    const refused = await hawser.run(['bench', url, '-c', '1', '-d', '0.1']);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^hawser: cannot connect to wss:[^\n]*\n$/);
    expect((await bench(url, '-c', '1', '-d', '0.1', '--insecure')).exitCode).toBe(0);
  });
});

describe('Socket.IO', () => {
  test('echo: of a server that answers nothing, the report says what it would count', async () => {
    const url = await listenSocketIo(() => {});
    const { stdout } = await hawser.run([...BRIEF, url]);
    expect(stdout).toContain('Nothing was answered: the answer that counts is the event itself');
    expect(stdout).toContain('--event and --ack, or --mode listen or idle');
    const acked = await hawser.run([...BRIEF, url, '--ack']);
    expect(acked.stdout).toContain('the answer that counts is the acknowledgement of the event.');
  });

  test('echo: the same event is the answer', async () => {
    const url = await listenSocketIo((io) => {
      io.on('connection', (socket) => socket.on('message', (data) => socket.emit('message', data)));
    });
    const { exitCode, stderr, report } = await bench(url, '-c', '2', '-d', '0.2');
    expect({ exitCode, stderr, protocol: report.protocol }).toEqual({
      exitCode: 0,
      stderr: '',
      protocol: 'socket.io',
    });
    expect(report.messages.answered).toBe(report.messages.sent);
    expect(report.bytes.received).toBe(64 * report.messages.answered);
  });

  test('--ack with --event, --namespace, --path, --header and --binary', async () => {
    const seen: unknown[] = [];
    const url = await listenSocketIo(
      (io) =>
        io.of('/load').on('connection', (socket) => {
          seen.push(socket.handshake.headers['x-token']);
          socket.on('ask', (data, answer) => answer(Buffer.isBuffer(data)));
        }),
      { path: '/realtime' },
    );
    const where = [
      '--protocol',
      'socket.io',
      '--namespace',
      'load',
      '--path',
      '/realtime',
      '-H',
      'X-Token: abc',
    ];
    const args = [
      '-c',
      '1',
      '-d',
      '0.2',
      '--event',
      'ask',
      '--ack',
      '--binary',
      '--messages-per-second',
      '50',
    ];
    const { exitCode, report } = await bench(url.replace('http', 'ws'), ...where, ...args);
    const { sent, answered } = report.messages;
    expect({ exitCode, answered, ack: report.options.ack }).toEqual({
      exitCode: 0,
      answered: sent,
      ack: true,
    });
    // The answers are `true`.
    expect(report.bytes.received).toBe(4 * answered);
    expect(seen).toEqual(['abc']);
  });

  test.each(['/räume', '/a b', '/what?'])('the namespace %s is asked for by this name', async (namespace) => {
    const url = await listenSocketIo((io) => {
      io.of(namespace).on('connection', (socket) => socket.emit('headline', 'rain'));
    });
    const args = ['-c', '1', '-d', '0.2', '--mode', 'listen'];
    const { exitCode, report } = await bench(url, ...args, '--namespace', namespace);
    expect({ exitCode, received: report.messages.received }).toEqual({ exitCode: 0, received: 1 });
  });

  test('the path of the address is the namespace as it is written, and its query the handshake’s', async () => {
    const queries: unknown[] = [];
    const url = await listenSocketIo((io) => {
      io.of('/räume').on('connection', ({ handshake }) => queries.push(handshake.query.token));
    });
    const { exitCode } = await bench(`${url}/räume?token=a`, '-c', '1', '-d', '0.1', '--mode', 'idle');
    expect({ exitCode, queries }).toEqual({ exitCode: 0, queries: ['a'] });
  });

  test('a path without its slash gets one', async () => {
    const url = await listenSocketIo(() => {}, { path: '/realtime' });
    const { exitCode } = await bench(url, '-c', '1', '-d', '0.1', '--mode', 'idle', '--path', 'realtime');
    expect(exitCode).toBe(0);
  });

  test('an event that only Socket.IO itself may send is refused', async () => {
    const { exitCode, stderr } = await hawser.run(['bench', 'http://127.0.0.1:1', '--event', 'disconnect']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^hawser: option '--event <name>' argument 'disconnect' is invalid\. [^\n]*\n$/);
  });

  test('listen: the path of the address is the namespace', async () => {
    const url = await listenSocketIo((io) => {
      io.of('/news').on('connection', (socket) => socket.emit('headline', 'rain', Buffer.alloc(3)));
    });
    const { exitCode, report } = await bench(`${url}/news`, '-c', '2', '-d', '0.2', '--mode', 'listen');
    expect({ exitCode, received: report.messages.received, bytes: report.bytes.received }).toEqual({
      exitCode: 0,
      received: 2,
      bytes: 14,
    });
  });

  test('a namespace that refuses: exit code 1 with its reason', async () => {
    const url = await listenSocketIo((io) => {
      io.use((_socket, next) => next(new Error('a token\nis needed')));
    });
    const { exitCode, stderr } = await hawser.run(['bench', url, '-c', '2', '-d', '0.1']);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`hawser: cannot connect to ${url}: a token is needed (2 connections failed)\n`);
  });

  test('a server that refuses the upgrade: exit code 1 with its status', async () => {
    const url = await listenSocketIo(() => {}, { allowRequest: (_request, decide) => decide('no', false) });
    const { exitCode, stderr } = await hawser.run(['bench', url, '-c', '1', '-d', '0.1']);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`hawser: cannot connect to ${url}: the server answered 400 Bad Request\n`);
  });

  test('disconnected by the server: exit code 3', async () => {
    const url = await listenSocketIo((io) => {
      io.on('connection', (socket) => socket.on('message', () => socket.disconnect(true)));
    });
    const { exitCode, report } = await bench(url, '-c', '2', '-d', '5');
    expect(exitCode).toBe(3);
    expect(report.connections).toEqual({ opened: 2, failed: 0, lost: 2 });
    expect(report.errors).toContainEqual({ kind: 'lost: io server disconnect', count: 2 });
  });
});

describe('failures', () => {
  test.each(['ws', 'http'])('nobody listening on %s: exit code 1 in one line', async (scheme) => {
    const { port, server } = await listenTcp();
    await new Promise((resolve) => server.close(resolve));
    const url = `${scheme}://127.0.0.1:${port}/`;
    const { exitCode, stdout, stderr } = await hawser.run(['bench', url, '-c', '3', '-d', '1']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toBe(`hawser: cannot connect to ${url}: nothing listens there (3 connections failed)\n`);
  });

  test.each(['ws', 'http'])(
    'a server on %s that never answers the handshake: exit code 1',
    async (scheme) => {
      const sockets: { destroy(): void }[] = [];
      const { port } = await listenTcp(
        createServer((socket) => void sockets.push(socket.on('error', () => {}))),
      );
      closers.push(() => sockets.map((socket) => socket.destroy()));
      const url = `${scheme}://127.0.0.1:${port}/`;
      const { exitCode, stderr } = await hawser.run(['bench', url, '-c', '2', '--timeout', '0.3']);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: `hawser: cannot connect to ${url}: not open after 0.3 s (--timeout) (2 connections failed)\n`,
      });
    },
  );

  test('a server that never answers messages: exit code 3, and each slot is used again', async () => {
    const url = await listen({});
    const { exitCode, report } = await bench(url, '-c', '2', '-d', '1', '--timeout', '0.2');
    expect(exitCode).toBe(3);
    const { sent, answered, unanswered } = report.messages;
    expect({ answered, unanswered }).toEqual({ answered: 0, unanswered: sent });
    expect(sent).toBeGreaterThan(2);
    expect(report.errors).toEqual([{ kind: 'unanswered: no answer in time', count: sent }]);
    expect(report.latencyMs).toMatchObject({ count: 0, p99: 0, histogram: [] });
  });

  test('an answer that comes too late is none, also when the load is over', async () => {
    const url = await listen({
      message: (socket, data) => void setTimeout(() => socket.send(data, { binary: false }), 1200),
    });
    const { exitCode, report } = await bench(url, '-c', '1', '-d', '1.5', '--timeout', '0.8');
    const { sent, answered, unanswered } = report.messages;
    expect({ exitCode, answered, unanswered }).toEqual({ exitCode: 3, answered: 0, unanswered: sent });
  });

  test('a report stays where nothing could be measured, and gives way where something was', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'result.json');
    const before = `"${'x'.repeat(10_000)}"`;
    writeFileSync(file, before);
    expect((await hawser.run([...BRIEF, 'ws://127.0.0.1:1/', '--json', file])).exitCode).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect((await hawser.run([...BRIEF, await listen(ECHO), '--json', file])).exitCode).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ protocol: 'websocket' });
    expect((await hawser.run([...BRIEF, await listen(ECHO), '--json', '/dev/null'])).exitCode).toBe(0);
  });

  test('on a schedule nothing is sent beyond what may be unanswered', async () => {
    const url = await listen({});
    const args = ['-c', '1', '-d', '0.3', '--size', '10', '--messages-per-second', '10000000'];
    const { exitCode, report } = await bench(url, ...args, '--timeout', '3');
    const { sent, unsent, unanswered } = report.messages;
    expect({ exitCode, due: sent + unsent, unanswered }).toEqual({
      exitCode: 3,
      due: 3_000_000,
      unanswered: sent,
    });
    expect(sent).toBeLessThanOrEqual(100_000);
  });

  test('connections that are refused beside others that are not: a report, and exit code 1', async () => {
    let asked = 0;
    const url = await listen({ ...ECHO, upgrade: () => (asked++ % 2 === 0 ? { status: 503 } : {}) });
    const { exitCode, report } = await bench(url, '-c', '4', '-d', '0.1');
    expect(exitCode).toBe(1);
    expect(report.connections).toEqual({ opened: 2, failed: 2, lost: 0 });
    expect(report.errors).toEqual([
      { kind: 'connect: the server answered 503 Service Unavailable', count: 2 },
    ]);
  });

  test('all connections lost: ends at once with a report, and exit code 3', async () => {
    const url = await listen({ message: (socket) => void socket.close(1012, 'restart') });
    const { exitCode, report } = await bench(url, '-c', '2', '-d', '60');
    expect(exitCode).toBe(3);
    expect(report.connections).toEqual({ opened: 2, failed: 0, lost: 2 });
    expect(report.errors).toEqual([
      { kind: 'lost: 1012 service restart: restart', count: 2 },
      { kind: 'unanswered: connection lost', count: 2 },
    ]);
  });

  test('a JSON file that cannot be written is told before the run', async () => {
    const args = ['bench', 'ws://127.0.0.1:1/', '--json', '/nowhere/result.json'];
    expect(await hawser.run(args)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'hawser: cannot write /nowhere/result.json: no such file or folder\n',
    });
  });

  test('what the server says cannot control the terminal', async () => {
    const url = await listen({ message: (socket) => void socket.close(4000, '\u001b[2J') });
    const { stdout } = await hawser.run(['bench', url, '-c', '1', '-d', '5']);
    expect(stdout).toContain('lost: 4000: \\x1b[2J');
  });
});

describe('Ctrl-C', () => {
  test('in the run: ends early with the report of what was done', async () => {
    let [count, onMany] = [0, () => {}];
    const many = new Promise<void>((resolve) => {
      onMany = resolve;
    });
    const url = await listen({
      message: (socket, data) => {
        socket.send(data, { binary: false });
        if (++count === 20) onMany();
      },
    });
    const running = hawser.start('bench', url, '-c', '2', '-d', '3600', '--json', '-');
    await many;
    running.signal('SIGINT');
    const { exitCode, stdout } = await running.ended();
    const report: BenchReport = JSON.parse(stdout);
    expect({ exitCode, isInterrupted: report.isInterrupted }).toEqual({ exitCode: 0, isInterrupted: true });
    expect(report.messages.answered).toBeGreaterThanOrEqual(18);
    expect(report.connections).toEqual({ opened: 2, failed: 0, lost: 0 });
  });

  test('while some connections wait: those are given up', async () => {
    let [asked, onAsked] = [0, () => {}];
    const waiting = new Promise<void>((resolve) => {
      onAsked = resolve;
    });
    const url = await listen({
      upgrade: async () => {
        if (++asked === 1) return {};
        onAsked();
        await new Promise(() => {});
        return {};
      },
    });
    const running = hawser.start('bench', url, '-c', '2', '-d', '1', '--rate', '5');
    await waiting;
    running.signal('SIGINT');
    const { exitCode, stdout } = await running.ended();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('(interrupted)');
    expect(stdout).toContain('1 opened, 0 failed, 0 lost');
  });

  test('before any connection is open: exit code 130', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {}));
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    const { port } = await listenTcp(silent);
    const running = hawser.start('bench', `ws://127.0.0.1:${port}/`);
    await connected;
    running.signal('SIGINT');
    expect(await running.ended()).toMatchObject({ exitCode: 130, stdout: '' });
  });
});
