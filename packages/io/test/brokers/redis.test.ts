import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import type { ServerOptions } from '@hawser/io';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { io as connect } from 'socket.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { isReachable, uniqueName } from './reachable.ts';
import { type Cluster, describeCluster, startServers } from './suite.ts';

const PORT = 6379;
const THREE = [0, 1, 2];

type Server = Cluster['servers'][number];

/** Connects with the package `redis`. */
async function openRedis() {
  const client = createClient({ socket: { host: '127.0.0.1', port: PORT } });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Connects with the package `ioredis`. */
function openIoredis(): Redis {
  return new Redis({ host: '127.0.0.1', port: PORT });
}

async function closeAll(closing: readonly { close(): unknown }[]): Promise<void> {
  for (const client of closing) await client.close();
}

function closable(client: Redis): { close(): unknown } {
  return { close: () => client.disconnect() };
}

async function withRedis(adapt: (pub: never, sub: never, prefix: string) => never): Promise<Cluster> {
  const prefix = uniqueName();
  const clients = await Promise.all(THREE.map(async () => [await openRedis(), await openRedis()] as const));
  const adapters = clients.map(([pub, sub]) => adapt(pub as never, sub as never, prefix));
  const { servers, close } = await startServers(adapters);
  return {
    servers,
    close: async () => {
      await close();
      await closeAll(clients.flat().map((client) => ({ close: () => client.close() })));
    },
  };
}

async function withIoredis(adapt: (pub: never, sub: never, prefix: string) => never): Promise<Cluster> {
  const prefix = uniqueName();
  const clients = THREE.map(() => [openIoredis(), openIoredis()] as const);
  const adapters = clients.map(([pub, sub]) => adapt(pub as never, sub as never, prefix));
  const { servers, close } = await startServers(adapters);
  return {
    servers,
    close: async () => {
      await close();
      await closeAll(clients.flat().map(closable));
    },
  };
}

const classic = (pub: never, sub: never, key: string) => createAdapter(pub, sub, { key }) as never;
const sharded = (pub: never, sub: never, channelPrefix: string) =>
  createShardedAdapter(pub, sub, { channelPrefix }) as never;

async function withStreams(open: () => unknown, options: Partial<ServerOptions> = {}): Promise<Cluster> {
  const name = uniqueName();
  const clients = await Promise.all(THREE.map(open));
  const settings = {
    streamName: name,
    channelPrefix: name,
    sessionKeyPrefix: `${name}:`,
    blockTimeInMs: 200,
  };
  const adapters = clients.map((client) => createStreamsAdapter(client, settings) as never);
  const { servers, close } = await startServers(adapters, options);
  return {
    servers,
    close: async () => {
      await close();
      await closeAll(clients.map((client) => toClosable(client)));
      const cleaner = openIoredis();
      await cleaner.del(name, ...(await cleaner.keys(`${name}:*`)));
      cleaner.disconnect();
    },
  };
}

function toClosable(client: unknown): { close(): unknown } {
  return client instanceof Redis ? closable(client) : (client as { close(): unknown });
}

/** A port behind which is the one server or the other. */
async function openProxy(): Promise<{ url: string; pointTo(url: string): void; cut(): void }> {
  let target = 0;
  const open = new Set<Socket>();
  const proxy = createServer((incoming) => {
    const outgoing = connectTcp(target, '127.0.0.1');
    for (const socket of [incoming, outgoing]) {
      open.add(socket);
      socket.on('error', () => {}).on('close', () => open.delete(socket));
    }
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    proxy.close();
  });
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    pointTo: (url) => {
      target = Number(new URL(url).port);
    },
    cut,
  };
}

describe("Redis, with Socket.IO's own adapters", async () => {
  if (!(await isReachable('Redis', PORT))) return;
  describeCluster('redis-adapter over redis', () => withRedis(classic));
  describeCluster('redis-adapter over ioredis', () => withIoredis(classic));
  describeCluster('sharded redis-adapter over redis', () => withRedis(sharded));
  describeCluster('sharded redis-adapter over ioredis', () => withIoredis(sharded));
  describeCluster('redis-streams-adapter over redis', () => withStreams(openRedis));
  describeCluster('redis-streams-adapter over ioredis', () => withStreams(openIoredis));

  it('redis-streams-adapter lets a session go on at another server', async () => {
    const cluster = await withStreams(openRedis, { connectionStateRecovery: {} });
    onTestFinished(() => cluster.close());
    const [first, second, third] = cluster.servers as [Server, Server, Server];
    const proxy = await openProxy();
    proxy.pointTo(first.url);
    const client = connect(proxy.url, { transports: ['websocket'], forceNew: true, reconnectionDelay: 10 });
    onTestFinished(() => void client.disconnect());
    const received: unknown[] = [];
    client.on('event', (name: unknown) => received.push(name));
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    const { id } = client;
    await first.actions.join('room');
    await first.actions.emit({}, 'event', 'before');
    await vi.waitFor(() => expect(received).toEqual(['before']), { timeout: 20_000 });

    const isLost = new Promise((resolve) => client.once('disconnect', resolve));
    const isBack = new Promise<void>((resolve) => client.once('connect', () => resolve()));
    proxy.pointTo('http://127.0.0.1:1');
    proxy.cut();
    await isLost;
    await vi.waitFor(async () => expect(await first.actions.fetchIds({})).toEqual([]), { timeout: 20_000 });
    await third.actions.emit({}, 'event', 'missed by all');
    await third.actions.emit({ rooms: ['room'] }, 'event', 'missed by the room');
    await third.actions.emit({ rooms: ['another'] }, 'event', 'for others');
    proxy.pointTo(second.url);
    await isBack;
    expect([client.recovered, client.id]).toEqual([true, id]);
    await second.actions.emit({ rooms: ['room'] }, 'event', 'after');
    await vi.waitFor(() => expect(received).toHaveLength(4), { timeout: 20_000 });
    expect(received).toEqual(['before', 'missed by all', 'missed by the room', 'after']);
  });
});
