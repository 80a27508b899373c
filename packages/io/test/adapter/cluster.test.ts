import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type ClusterAdapterOptions,
  ClusterAdapterWithHeartbeat,
  type ClusterMessage,
  type ClusterResponse,
} from '@hawser/io/adapter';
import { Server, type Socket as ServerSocket } from 'socket.io';
import { ClusterAdapterWithHeartbeat as UpstreamClusterAdapter } from 'socket.io-adapter';
import { type Socket as ClientSocket, io as connect } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

type Base = typeof ClusterAdapterWithHeartbeat;

/** Joins adapters in this process; what travels is a copy, as over a broker. */
function onBus(AdapterClass: Base, bus: EventEmitter, options: ClusterAdapterOptions = {}) {
  abstract class Constructible extends AdapterClass {
    // Upstream's constructor is protected.
    constructor(nsp: never) {
      super(nsp, options);
    }
  }
  return class extends Constructible {
    #offset = 0;
    readonly #listener = (message: ClusterMessage) => this.onMessage(message, String(++this.#offset));

    override init() {
      bus.on('message', this.#listener);
      return super.init();
    }

    override close() {
      const closed = super.close();
      bus.off('message', this.#listener);
      return closed;
    }

    protected async doPublish(message: ClusterMessage): Promise<string> {
      bus.emit('message', structuredClone(message));
      return String(++this.#offset);
    }

    protected async doPublishResponse(_: string, response: ClusterResponse): Promise<void> {
      bus.emit('message', structuredClone(response));
    }
  };
}

const Upstream = UpstreamClusterAdapter as unknown as Base;
const Ours = ClusterAdapterWithHeartbeat;

interface Node {
  readonly io: Server;
  readonly socket: ServerSocket;
  readonly client: ClientSocket;
}

async function startNode(AdapterClass: Base, bus: EventEmitter): Promise<Node> {
  const http = createServer();
  const io = new Server(http, { adapter: onBus(AdapterClass, bus) as never });
  await new Promise<void>((resolve) => http.listen(0, resolve));
  const client = connect(`http://localhost:${(http.address() as AddressInfo).port}`, {
    transports: ['websocket'],
    forceNew: true,
  });
  const [socket] = await Promise.all([
    new Promise<ServerSocket>((resolve) => io.once('connection', resolve)),
    new Promise<void>((resolve) => client.once('connect', () => resolve())),
  ]);
  return { io, socket, client };
}

/** Returns the names of the events each client gets, up to `end`, which is sent to all behind them. */
async function receivedBy(nodes: readonly Node[], act: () => void): Promise<string[][]> {
  const all = nodes.map(({ client }) => {
    const names: string[] = [];
    return new Promise<string[]>((resolve) => {
      client.onAny((name: string) => {
        if (name !== 'end') {
          names.push(name);
          return;
        }
        client.offAny();
        resolve(names);
      });
    });
  });
  act();
  for (const { io } of nodes) io.local.emit('end');
  return Promise.all(all);
}

describe.each([
  ['ours', [Ours, Ours, Ours]],
  ['upstream and ours', [Upstream, Ours, Ours]],
  ['ours and upstream', [Ours, Upstream, Upstream]],
])('a cluster of adapters, %s', (_, classes) => {
  let nodes: Node[] = [];
  let bus: EventEmitter;

  beforeEach(async () => {
    bus = new EventEmitter();
    nodes = await Promise.all(classes.map((AdapterClass) => startNode(AdapterClass, bus)));
  });

  afterEach(async () => {
    for (const { client } of nodes) client.disconnect();
    await Promise.all(nodes.map(({ io }) => io.close()));
    expect(bus.listenerCount('message')).toBe(0);
  });

  it('know each other', async () => {
    for (const { io } of nodes) expect(await io.of('/').adapter.serverCount()).toBe(3);
  });

  it('send to all, to rooms, and not to who is excepted, each once', async () => {
    const [a, b, c] = nodes as [Node, Node, Node];
    b.socket.join(['r1', 'r2']);
    c.socket.join('r2');
    const received = await receivedBy(nodes, () => {
      a.io.emit('all');
      a.io.to('r1').to('r2').emit('rooms');
      a.io.to('r2').except('r1').emit('some');
      a.io.local.emit('local');
      a.socket.broadcast.emit('others');
    });
    // Upstream's own sockets get a broadcast only when it has been published.
    expect(received.map((names) => names.toSorted())).toEqual([
      classes[0] === Upstream ? ['local'] : ['all', 'local'],
      ['all', 'others', 'rooms'],
      ['all', 'others', 'rooms', 'some'],
    ]);
  });

  it('carry binary data', async () => {
    const [a, b] = nodes as [Node, Node];
    const received = new Promise((resolve) => b.client.once('bytes', resolve));
    a.io.emit('bytes', Buffer.from([1, 2, 3]));
    expect(await received).toEqual(Buffer.from([1, 2, 3]));
  });

  it('collect the answers of all clients', async () => {
    nodes.forEach(({ client }, i) => {
      client.on('ask', (answer) => answer(i));
    });
    const answers = await nodes[0]!.io.timeout(5000).emitWithAck('ask');
    expect(answers.toSorted()).toEqual([0, 1, 2]);
  });

  it('collect what answers there are when the time is over', async () => {
    nodes.slice(0, 2).forEach(({ client }, i) => {
      client.on('ask', (answer) => answer(i));
    });
    const [error, answers] = await new Promise<[Error, number[]]>((resolve) => {
      nodes[0]!.io.timeout(300).emit('ask', (...result: [Error, number[]]) => resolve(result));
    });
    expect(error).toBeInstanceOf(Error);
    expect(answers.toSorted()).toEqual([0, 1]);
  });

  it('let sockets of other servers join, leave and disconnect', async () => {
    const [a, b] = nodes as [Node, Node];
    a.io.in(b.socket.id).socketsJoin('r');
    expect([a, b].map(({ socket }) => socket.rooms.has('r'))).toEqual([false, true]);
    a.io.in('r').socketsLeave('r');
    expect(b.socket.rooms.has('r')).toBe(false);
    const reasons = nodes.map(({ client }) => new Promise((resolve) => client.once('disconnect', resolve)));
    a.io.disconnectSockets(true);
    expect(await Promise.all(reasons)).toEqual(Array(3).fill('io server disconnect'));
  });

  it('tell of sockets on other servers', async () => {
    const [a, b] = nodes as [Node, Node];
    b.socket.data = { name: 'b' };
    expect(await a.io.fetchSockets()).toHaveLength(3);
    expect(await a.io.local.fetchSockets()).toHaveLength(1);
    const [remote] = await a.io.in(b.socket.id).fetchSockets();
    expect(remote).toMatchObject({ id: b.socket.id, data: { name: 'b' }, rooms: new Set([b.socket.id]) });
    expect(remote!.handshake).toEqual(b.socket.handshake);
  });

  it('send events to other servers, and collect their answers', async () => {
    const [a, b, c] = nodes as [Node, Node, Node];
    const heard: unknown[] = [];
    a.io.on('hello', () => heard.push('the sender'));
    b.io.on('hello', (...args) => heard.push(['b', ...args]));
    c.io.on('hello', (...args) => heard.push(['c', ...args]));
    a.io.serverSideEmit('hello', 1, '2');
    expect(heard).toEqual([
      ['b', 1, '2'],
      ['c', 1, '2'],
    ]);
    b.io.on('ask', (answer) => answer('b'));
    c.io.on('ask', (answer) => answer('c'));
    expect((await a.io.serverSideEmitWithAck('ask')).toSorted()).toEqual(['b', 'c']);
  });

  it('do not wait for a server that leaves', async () => {
    const [a, b, c] = nodes as [Node, Node, Node];
    b.io.on('ask', (answer) => answer('b'));
    c.io.on('ask', () => c.io.of('/').adapter.close());
    expect(await a.io.serverSideEmitWithAck('ask')).toEqual(['b']);
    expect(await a.io.of('/').adapter.serverCount()).toBe(2);
  });

  it('keep namespaces apart on one channel', async () => {
    for (const { io } of nodes) io.of('/other');
    expect(await nodes[1]!.io.of('/').adapter.serverCount()).toBe(classes[1] === Upstream ? 6 : 3);
  });
});
