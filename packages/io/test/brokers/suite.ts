import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AdapterConstructor, Server, type ServerOptions } from '@hawser/io';
import { type Socket as ClientSocket, io as connect } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Actions, createActions, type Target } from './actions.ts';

/** A server of a cluster, and one client of it. */
export interface Node {
  readonly actions: Actions;
  readonly url: string;
  readonly client: ClientSocket;
  /** Names of what the client got, in order. */
  readonly received: unknown[];
}

/** A cluster without its clients. */
export interface Cluster {
  readonly servers: readonly { readonly actions: Actions; readonly url: string }[];
  /** Ends it, and removes what it left at the broker. */
  close(): Promise<void>;
}

/** How long something may take on a busy machine. */
const PATIENCE = { timeout: 20_000, interval: 20 };

/** Starts servers in this process. */
export async function startServers(
  adapters: readonly AdapterConstructor[],
  options: Partial<ServerOptions> = {},
): Promise<{ servers: { actions: Actions; url: string; io: Server }[]; close(): Promise<void> }> {
  const servers = await Promise.all(
    adapters.map(async (adapter, i) => {
      const http = createServer();
      const io = new Server(http, { ...options, adapter });
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      const { port } = http.address() as AddressInfo;
      return { io, actions: createActions(io, `server ${i}`), url: `http://127.0.0.1:${port}` };
    }),
  );
  return {
    servers,
    close: async () => {
      await Promise.all(servers.map(({ actions }) => actions.close()));
    },
  };
}

/** Connects a client to each server, and waits until they all hear of each other. */
export async function join(cluster: Cluster): Promise<Node[]> {
  const nodes = await Promise.all(
    cluster.servers.map(async ({ actions, url }) => {
      const client = connect(url, { transports: ['websocket'], forceNew: true, reconnection: false });
      const received: unknown[] = [];
      client.on('event', (name: unknown) => received.push(name));
      await new Promise<void>((resolve) => client.once('connect', () => resolve()));
      return { actions, url, client, received };
    }),
  );
  await vi.waitFor(async () => {
    const counts = await Promise.all(nodes.map(({ actions }) => actions.serverCount()));
    expect(counts).toEqual(nodes.map(() => nodes.length));
    await Promise.all(nodes.map(({ actions }, i) => actions.emit({}, 'event', `from ${i}`)));
    for (const { received } of nodes) {
      for (const i of nodes.keys()) expect(received).toContain(`from ${i}`);
    }
  }, PATIENCE);
  return nodes;
}

/** Declares what adapters have to do on our server, whatever their broker. */
export function describeCluster(name: string, start: () => Promise<Cluster>): void {
  describe(name, () => {
    let cluster: Cluster;
    let nodes: Node[] = [];
    let count = 0;

    beforeAll(async () => {
      cluster = await start();
      nodes = await join(cluster);
    });
    afterAll(async () => {
      for (const { client } of nodes) client.disconnect();
      await cluster?.close();
    });

    /** Returns which clients get an event that the first server sends. */
    async function reached(target: Target, expected: readonly number[]): Promise<number[]> {
      const event = `event ${count++}`;
      const end = `end ${count}`;
      const [first] = nodes as [Node];
      const has = (what: string) => [...nodes.keys()].filter((i) => nodes[i]!.received.includes(what));
      await first.actions.emit(target, 'event', event);
      await vi.waitFor(() => expect(has(event)).toEqual(expect.arrayContaining([...expected])), PATIENCE);
      // What was not for a client would have come before this.
      await first.actions.emit({}, 'event', end);
      await vi.waitFor(() => expect(has(end)).toHaveLength(nodes.length), PATIENCE);
      const times = nodes.map(({ received }) => received.filter((what) => what === event).length);
      expect(Math.max(...times)).toBe(1);
      return has(event);
    }

    it('sends to all', async () => {
      expect(await reached({}, [0, 1, 2])).toEqual([0, 1, 2]);
    });

    it('sends to rooms, to each once, and not to who is excepted', async () => {
      await nodes[1]!.actions.join('r1');
      await nodes[1]!.actions.join('r2');
      await nodes[2]!.actions.join('r2');
      // With some adapters a room has a channel of its own, which takes a moment.
      await vi.waitFor(async () => {
        expect(await nodes[0]!.actions.fetchIds({ rooms: ['r1', 'r2'] })).toHaveLength(2);
      }, PATIENCE);
      expect(await reached({ rooms: ['r1', 'r2'] }, [1, 2])).toEqual([1, 2]);
      expect(await reached({ rooms: ['r1'] }, [1])).toEqual([1]);
      expect(await reached({ except: ['r1'] }, [0, 2])).toEqual([0, 2]);
      expect(await reached({ rooms: ['r2'], except: ['r1'] }, [2])).toEqual([2]);
      expect(await reached({ isLocal: true }, [0])).toEqual([0]);
    });

    it('sends to one socket by its id', async () => {
      expect(await reached({ rooms: [nodes[2]!.client.id!] }, [2])).toEqual([2]);
    });

    it('carries all kinds of values', async () => {
      const values = [1, 'zwei', null, { deep: [true] }, 'ü😀'];
      const got = nodes.map(
        ({ client }) =>
          new Promise((resolve) => client.once('values', (...args: unknown[]) => resolve(args))),
      );
      await nodes[0]!.actions.emit({}, 'values', ...values);
      expect(await Promise.all(got)).toEqual([values, values, values]);
    });

    it('finds sockets of all servers, with their data', async () => {
      const ids = nodes.map(({ client }) => client.id);
      for (const { actions } of nodes) {
        expect((await actions.fetchIds({})).toSorted()).toEqual(ids.toSorted());
      }
      expect(await nodes[0]!.actions.fetchIds({ isLocal: true })).toEqual([ids[0]]);
      await nodes[1]!.actions.setData({ name: 'one' });
      expect(await nodes[0]!.actions.fetchData({ rooms: [ids[1]!] })).toEqual([{ name: 'one' }]);
    });

    it('lets sockets of all servers join and leave', async () => {
      const areIn = () => Promise.all(nodes.map(({ actions }) => actions.isIn('joined')));
      await nodes[0]!.actions.socketsJoin({ rooms: [nodes[1]!.client.id!] }, 'joined');
      await vi.waitFor(async () => expect(await areIn()).toEqual([false, true, false]), PATIENCE);
      await nodes[0]!.actions.socketsJoin({}, 'joined');
      await vi.waitFor(async () => expect(await areIn()).toEqual([true, true, true]), PATIENCE);
      await nodes[2]!.actions.socketsLeave({ rooms: ['joined'] }, 'joined');
      await vi.waitFor(async () => expect(await areIn()).toEqual([false, false, false]), PATIENCE);
    });

    it('lets servers talk, and answer', async () => {
      await nodes[0]!.actions.serverSideEmit(1, { a: ['b'] });
      await vi.waitFor(async () => {
        const heard = await Promise.all(nodes.map(({ actions }) => actions.heard()));
        expect(heard).toEqual([[], [[1, { a: ['b'] }]], [[1, { a: ['b'] }]]]);
      }, PATIENCE);
      expect((await nodes[0]!.actions.serverSideAsk('ask')).toSorted()).toEqual(['server 1', 'server 2']);
    });

    it('collects the answers of all clients, or of those that answer', async () => {
      nodes.forEach(({ client }, i) => {
        client.on('ask all', (answer: (i: number) => void) => answer(i));
        if (i > 0) client.on('ask some', (answer: (i: number) => void) => answer(i));
      });
      const [failed, answers] = await nodes[0]!.actions.ask({}, 10_000, 'ask all');
      expect([failed, answers.toSorted()]).toEqual([false, [0, 1, 2]]);
      const [failedSome, some] = await nodes[0]!.actions.ask({}, 1000, 'ask some');
      expect([failedSome, some.toSorted()]).toEqual([true, [1, 2]]);
    });

    it('disconnects sockets of all servers', async () => {
      const reasons = nodes.map(({ client }) => new Promise((resolve) => client.once('disconnect', resolve)));
      await nodes[0]!.actions.disconnectSockets({ rooms: [nodes[1]!.client.id!] });
      expect(await reasons[1]).toBe('io server disconnect');
      await nodes[0]!.actions.disconnectSockets({});
      expect(await Promise.all(reasons)).toEqual(Array(3).fill('io server disconnect'));
    });
  });
}
