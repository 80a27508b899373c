import { createServer } from 'node:http';
import { Server, type ServerOptions, type Socket } from '@hawser/io';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Queue } from '../../engine/test/rig/queue.ts';
import { turn } from '../../engine/test/rig/warnings.ts';
import { eventOf } from './rig/clients.ts';
import { openRaw } from './rig/raw.ts';
import { listenOn, startServer } from './rig/servers.ts';

const NO_AMOUNTS = [Number.NaN, -1, '1mb', '', {}];

describe.each(['maxDisconnectionDuration', 'maxBytes', 'maxSessions'])('option %s of recovery', (name) => {
  const optionsWith = (amount: unknown) =>
    ({ connectionStateRecovery: { [name]: amount } }) as Partial<ServerOptions>;

  test.each(NO_AMOUNTS)('server with %j is not made', (amount) => {
    const message = `${name} must be a number that is not below 0, not ${amount}`;
    const refusal = expect.objectContaining({ code: 'IO_ERR_OPTION', message });
    expect(() => new Server(optionsWith(amount))).toThrow(refusal);
  });

  test('server takes a number as an environment variable has it', () => {
    const { opts } = new Server(optionsWith('1500'));
    expect(opts.connectionStateRecovery).toMatchObject({ [name]: 1500 });
  });
});

describe('option connectTimeout', () => {
  test.each(NO_AMOUNTS)('server with %j is not made, and does not take it later', (amount) => {
    const connectTimeout = amount as number;
    const refusal = expect.objectContaining({ code: 'IO_ERR_OPTION' });
    expect(() => new Server({ connectTimeout })).toThrow(refusal);
    const io = new Server();
    expect(() => io.connectTimeout(connectTimeout)).toThrow(refusal);
    expect(io.connectTimeout()).toBe(45_000);
  });

  test('server takes a number as an environment variable has it, and has a default', () => {
    expect(new Server({ connectTimeout: '1500' as unknown as number }).connectTimeout()).toBe(1500);
    for (const connectTimeout of [undefined, 0, null]) {
      expect(new Server({ connectTimeout: connectTimeout as number }).connectTimeout()).toBe(45_000);
    }
  });
});

describe('option maxNamespacesPerConnection', () => {
  test.each(NO_AMOUNTS)('server with %j is not made', (amount) => {
    const options = { maxNamespacesPerConnection: amount as number };
    expect(() => new Server(options)).toThrow(expect.objectContaining({ code: 'IO_ERR_OPTION' }));
  });

  test('server takes a number as an environment variable has it, and has a default', () => {
    const maxNamespacesPerConnection = '20' as unknown as number;
    expect(new Server({ maxNamespacesPerConnection }).maxNamespacesPerConnection).toBe(20);
    expect(new Server().maxNamespacesPerConnection).toBe(1000);
  });
});

describe('options of the engine', () => {
  test('server is not made with one that is no amount, also before it is attached', () => {
    expect(() => new Server({ pingInterval: -1 })).toThrow(RangeError);
  });

  test('server without a limit takes any event', async () => {
    const { port, sockets } = await startServer({ maxHttpBufferSize: 0 });
    const raw = await openRaw(port);
    raw.send('40');
    const socket = await sockets.next();
    const came = new Promise((resolve) => socket.once('event', resolve));
    raw.send(`42["event","${'a'.repeat(12_000_000)}"]`);
    expect(await came).toHaveLength(12_000_000);
  });

  test('server takes events as large as it is told to where it is attached, or later', async () => {
    const io = new Server();
    const sockets = new Queue<Socket>();
    io.on('connection', (socket) => sockets.push(socket));
    const http = createServer();
    io.attach(http, { maxHttpBufferSize: 1e8 });
    onTestFinished(() => io.close());
    const port = await listenOn(http);
    const connect = async () => {
      const raw = await openRaw(port);
      raw.send('40');
      return { raw, socket: await sockets.next() };
    };
    const first = await connect();
    io.engine.opts.maxHttpBufferSize = 100;
    const second = await connect();
    const came = eventOf(first.socket as never, 'event');
    first.raw.send(`42["event","${'a'.repeat(12_000_000)}"]`);
    expect((await came)[0]).toHaveLength(12_000_000);
    second.raw.send(`42["event","${'a'.repeat(100)}"]`);
    expect((await second.raw.closed).code).toBe(1009);
  });
});

test('server whose sessions may come back for ever sets no timer that is too long', async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error) => warnings.push(name);
  process.on('warning', note);
  const maxDisconnectionDuration = Number.POSITIVE_INFINITY;
  const { io } = await startServer({ connectionStateRecovery: { maxDisconnectionDuration } });
  io.emit('kept');
  await turn();
  process.off('warning', note);
  expect(warnings).toEqual([]);
});
