import {
  ClusterAdapter,
  ClusterAdapterWithHeartbeat,
  ClusterError,
  type ClusterMessage,
  type ClusterResponse,
  MessageType,
} from '@hawser/io/adapter';
import * as upstream from 'socket.io-adapter';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bareNamespace } from './bare.ts';

const EVERYBODY = { rooms: new Set<string>(), except: new Set<string>() };
const EVENT = () => ({ type: 2, data: ['x'] as unknown[] });

/** Publishes into a list, each message when the test says so. */
class Broker {
  readonly messages: (ClusterMessage | ClusterResponse)[] = [];
  readonly confirm: ((offset: string) => void)[] = [];
  failure: Error | null = null;

  publish(message: ClusterMessage | ClusterResponse): Promise<string> {
    this.messages.push(message);
    if (this.failure !== null) return Promise.reject(this.failure);
    return new Promise((resolve) => this.confirm.push(resolve));
  }
}

class CountingAdapter extends ClusterAdapter {
  readonly broker: Broker;
  servers = 3;

  constructor(nsp: ReturnType<typeof bareNamespace>['nsp'], broker = new Broker()) {
    super(nsp);
    this.broker = broker;
  }

  override serverCount() {
    return Promise.resolve(this.servers);
  }

  receive(message: object, offset?: string): void {
    this.onMessage({ nsp: '/bare', uid: 'other', ...message } as ClusterMessage, offset);
  }

  protected doPublish(message: ClusterMessage) {
    return this.broker.publish(message);
  }

  protected async doPublishResponse(_: string, response: ClusterResponse) {
    await this.broker.publish(response);
  }
}

class KnowingAdapter extends ClusterAdapterWithHeartbeat {
  readonly broker = new Broker();

  constructor(nsp: ReturnType<typeof bareNamespace>['nsp']) {
    super(nsp, { heartbeatInterval: 500, heartbeatTimeout: 2000 });
  }

  receive(message: object): void {
    this.onMessage({ nsp: '/bare', uid: 'other', ...message } as ClusterMessage);
  }

  protected doPublish(message: ClusterMessage) {
    return this.broker.publish(message);
  }

  protected async doPublishResponse(_: string, response: ClusterResponse) {
    await this.broker.publish(response);
  }
}

function writtenTo(trace: readonly unknown[]): unknown[] {
  return trace
    .filter((line) => (line as unknown[])[0] === 'write')
    .map((line) => JSON.parse((line as [string, string, string[]])[2][0]!).data);
}

function lastRequestId({ messages }: Broker): string {
  return (messages.at(-1) as { data: { requestId: string } }).data.requestId;
}

it('names messages as upstream does, and one that its servers pass over', () => {
  const numbers = Object.entries(upstream.MessageType).filter(([name]) => Number.isNaN(Number(name)));
  expect({ ...MessageType }).toEqual({ ...Object.fromEntries(numbers), BROADCAST_LOSS: 14 });
});

describe('ClusterAdapter', () => {
  it('brings a broadcast to its own sockets at once, whatever the broker takes', () => {
    const { nsp, trace } = bareNamespace(['a']);
    const adapter = new CountingAdapter(nsp);
    adapter.addAll('a', new Set(['a']));
    void adapter.broadcast(EVENT(), EVERYBODY);
    expect(writtenTo(trace)).toEqual([['x']]);
    expect(adapter.broker.messages).toHaveLength(1);
  });

  it('waits for offsets with recovery, and keeps the order of all that comes behind', async () => {
    const { nsp, trace } = bareNamespace(['a'], { connectionStateRecovery: {} });
    const adapter = new CountingAdapter(nsp);
    adapter.addAll('a', new Set(['a']));
    const done = [
      adapter.broadcast({ type: 2, data: [1] }, EVERYBODY),
      adapter.broadcast({ type: 2, data: [2] }, EVERYBODY),
      adapter.broadcast({ type: 2, data: [3] }, { ...EVERYBODY, flags: { volatile: true } }),
      adapter.broadcast({ type: 2, data: [4] }, { ...EVERYBODY, flags: { local: true } }),
      adapter.disconnectSockets(EVERYBODY, true),
    ];
    expect(writtenTo(trace)).toEqual([]);
    for (const i of [4, 2, 1, 0]) adapter.broker.confirm[i === 4 ? 3 : i]!(`offset ${i}`);
    await Promise.all(done);
    expect(writtenTo(trace)).toEqual([[1, 'offset 0'], [2, 'offset 1'], [3], [4]]);
    expect(trace.at(-1)).toEqual(['disconnect', 'a', true]);
    void adapter.broadcast({ type: 2, data: [5] }, { ...EVERYBODY, flags: { volatile: true } });
    expect(writtenTo(trace).at(-1)).toEqual([5]);
  });

  it('adds the offset of what comes in, and does not change the packet', () => {
    const { nsp, trace } = bareNamespace(['a'], { connectionStateRecovery: {} });
    const adapter = new CountingAdapter(nsp);
    adapter.addAll('a', new Set(['a']));
    const packet = EVENT();
    const data = { packet, opts: { rooms: [], except: [] } };
    adapter.receive({ type: MessageType.BROADCAST, data }, 'offset');
    expect(writtenTo(trace)).toEqual([['x', 'offset']]);
    expect(packet.data).toEqual(['x']);
  });

  it('brings a broadcast to its own sockets although the broker is gone, and tells who listens', async () => {
    const { nsp, trace } = bareNamespace(['a'], { connectionStateRecovery: {} });
    const adapter = new CountingAdapter(nsp);
    adapter.addAll('a', new Set(['a']));
    adapter.broker.failure = new Error('gone');
    await adapter.broadcast(EVENT(), EVERYBODY);
    const errors: unknown[] = [];
    adapter.on('error', (error) => errors.push(error));
    await adapter.broadcast(EVENT(), { ...EVERYBODY, flags: { volatile: true } });
    expect(writtenTo(trace)).toEqual([['x'], ['x']]);
    expect(errors).toEqual([adapter.broker.failure]);
  });

  it('throws at once what the encoder throws', () => {
    const { nsp } = bareNamespace(['a']);
    const adapter = new CountingAdapter(nsp);
    expect(() => adapter.broadcast({ type: 2, data: [1n] }, EVERYBODY)).toThrow(TypeError);
  });

  it('passes over its own messages, those of other namespaces, and of no type that it knows', () => {
    const { nsp, trace } = bareNamespace(['a']);
    const adapter = new CountingAdapter(nsp);
    adapter.addAll('a', new Set(['a']));
    const data = { packet: EVENT(), opts: { rooms: [], except: [] } };
    adapter.receive({ type: MessageType.BROADCAST, data, nsp: '/another' });
    adapter.receive({ type: 99, data: {} });
    adapter.receive({ type: 99 });
    adapter.receive({
      type: MessageType.FETCH_SOCKETS_RESPONSE,
      data: { requestId: 'unknown', sockets: [] },
    });
    adapter.receive({ type: MessageType.BROADCAST_ACK, data: { requestId: 'unknown', packet: 1 } });
    expect(writtenTo(trace)).toEqual([]);
  });
});

describe('a request to other servers', () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    });
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('fails with what came, and how many are missing', async () => {
    const { nsp } = bareNamespace(['a']);
    const adapter = new CountingAdapter(nsp);
    adapter.addAll('a', new Set(['a']));
    const fetching = adapter.fetchSockets({ rooms: new Set() }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(adapter.broker.messages).toHaveLength(1));
    const data = { requestId: lastRequestId(adapter.broker), sockets: [{ id: 'remote' }] };
    adapter.receive({ type: MessageType.FETCH_SOCKETS_RESPONSE, data });
    vi.advanceTimersByTime(5000);
    const error = (await fetching) as ClusterError;
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({
      code: 'IO_ERR_SERVERS_MISSING',
      message: 'timeout reached: only 1 responses received out of 2',
      responses: [{ id: 'a' }, { id: 'remote' }],
      missing: [],
      missingCount: 1,
    });
  });

  it('names who is missing, where servers know each other', async () => {
    const adapter = new KnowingAdapter(bareNamespace([]).nsp);
    adapter.receive({ type: MessageType.HEARTBEAT, uid: 'b' });
    adapter.receive({ type: MessageType.HEARTBEAT, uid: 'c' });
    adapter.receive({ type: MessageType.HEARTBEAT, uid: 'emitter' });
    expect(await adapter.serverCount()).toBe(3);
    const ack = vi.fn();
    await adapter.serverSideEmit(['x', ack]);
    const data = { requestId: lastRequestId(adapter.broker), packet: 'answer' };
    adapter.receive({ type: MessageType.SERVER_SIDE_EMIT_RESPONSE, uid: 'c', data });
    // Who is silent for 2 s would be taken for gone.
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(1000);
      adapter.receive({ type: MessageType.HEARTBEAT, uid: 'b' });
    }
    const message = 'timeout reached: missing 1 responses';
    expect(ack).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message, missing: ['b'] }), [
      'answer',
    ]);
    adapter.close();
  });

  it('ends when all who have not answered are gone, or silent', async () => {
    const adapter = new KnowingAdapter(bareNamespace([]).nsp);
    for (const uid of ['b', 'c']) adapter.receive({ type: MessageType.HEARTBEAT, uid });
    const ack = vi.fn();
    await adapter.serverSideEmit(['x', ack]);
    adapter.receive({ type: MessageType.ADAPTER_CLOSE, uid: 'b' });
    expect(ack).not.toHaveBeenCalled();
    vi.advanceTimersByTime(3000);
    expect(ack).toHaveBeenCalledExactlyOnceWith(null, []);
    expect(await adapter.serverCount()).toBe(1);
    adapter.close();
  });

  it('fails at once where it cannot be published, and when the adapter closes', async () => {
    const adapter = new CountingAdapter(bareNamespace([]).nsp);
    const closing = adapter.fetchSockets({ rooms: new Set() }).catch(({ code }) => code);
    await vi.waitFor(() => expect(adapter.broker.messages).toHaveLength(1));
    adapter.close();
    expect(await closing).toBe('IO_ERR_ADAPTER_CLOSED');
    adapter.broker.failure = new Error('gone');
    const failing = adapter.fetchSockets({ rooms: new Set() }).catch(({ code, cause }) => [code, cause]);
    expect(await failing).toEqual(['IO_ERR_PUBLISH', adapter.broker.failure]);
  });

  it('asks nobody where there is nobody', async () => {
    const adapter = new CountingAdapter(bareNamespace([]).nsp);
    adapter.servers = 1;
    const ack = vi.fn();
    await adapter.serverSideEmit(['x', ack]);
    expect(ack).toHaveBeenCalledExactlyOnceWith(null, []);
    expect(await adapter.fetchSockets({ rooms: new Set() })).toEqual([]);
    expect(adapter.broker.messages).toEqual([]);
  });

  it('takes the answer of an event listener once', () => {
    const { nsp, trace } = bareNamespace([]);
    const adapter = new CountingAdapter(nsp);
    adapter.receive({ type: MessageType.SERVER_SIDE_EMIT, data: { requestId: 'r', packet: ['x'] } });
    const [, args] = trace.at(-1) as [string, [string, (answer: unknown) => void]];
    args[1](1);
    args[1](2);
    expect(adapter.broker.messages).toMatchObject([{ data: { requestId: 'r', packet: 1 } }]);
  });
});

describe('a broadcast with acknowledgement', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('leaves nothing behind when its time is over, on the server that asks and on those that are asked', () => {
    const { nsp } = bareNamespace(['a']);
    const adapter = new CountingAdapter(nsp);
    adapter.addAll('a', new Set(['a']));
    const { acks } = nsp.sockets.get('a') as { acks: Map<number, unknown> };
    const ack = vi.fn();
    const flags = { timeout: 100 };
    adapter.broadcastWithAck(EVENT(), { ...EVERYBODY, flags }, () => {}, ack);
    const requestId = lastRequestId(adapter.broker);
    adapter.receive({ type: MessageType.BROADCAST_ACK, data: { requestId, packet: 'in time' } });
    const data = { packet: EVENT(), requestId: 'r', opts: { rooms: [], except: [], flags } };
    adapter.receive({ type: MessageType.BROADCAST, data });
    expect(acks.size).toBe(2);
    vi.advanceTimersByTime(100);
    expect(acks.size).toBe(0);
    adapter.receive({ type: MessageType.BROADCAST_ACK, data: { requestId, packet: 'too late' } });
    expect(ack).toHaveBeenCalledExactlyOnceWith('in time');
  });
});

describe('ClusterAdapterWithHeartbeat', () => {
  it('sends heartbeats only where it sends nothing else, and none after it is closed', () => {
    vi.useFakeTimers();
    const adapter = new KnowingAdapter(bareNamespace([]).nsp);
    const types = () => adapter.broker.messages.map(({ type }) => type);
    adapter.init();
    vi.advanceTimersByTime(400);
    void adapter.serverSideEmit(['x']);
    vi.advanceTimersByTime(400);
    expect(types()).toEqual([MessageType.INITIAL_HEARTBEAT, MessageType.SERVER_SIDE_EMIT]);
    vi.advanceTimersByTime(100);
    expect(types().slice(2)).toEqual([MessageType.HEARTBEAT]);
    adapter.receive({ type: MessageType.INITIAL_HEARTBEAT });
    adapter.close();
    adapter.close();
    adapter.receive({ type: MessageType.HEARTBEAT });
    adapter.receive({ type: MessageType.INITIAL_HEARTBEAT });
    void adapter.serverSideEmit(['x']);
    expect(vi.getTimerCount()).toBe(0);
    expect(types().slice(3)).toEqual([
      MessageType.HEARTBEAT,
      MessageType.ADAPTER_CLOSE,
      MessageType.SERVER_SIDE_EMIT,
    ]);
    vi.useRealTimers();
  });

  it('takes nothing that a server says after it has closed for a sign of life, but a heartbeat', async () => {
    const adapter = new KnowingAdapter(bareNamespace([]).nsp);
    const data = { packet: ['x'] };
    adapter.receive({ type: MessageType.INITIAL_HEARTBEAT });
    expect(await adapter.serverCount()).toBe(2);
    adapter.receive({ type: MessageType.ADAPTER_CLOSE });
    adapter.receive({ type: MessageType.SERVER_SIDE_EMIT, data });
    expect(await adapter.serverCount()).toBe(1);
    adapter.receive({ type: MessageType.HEARTBEAT });
    expect(await adapter.serverCount()).toBe(2);
    adapter.close();
  });
});
