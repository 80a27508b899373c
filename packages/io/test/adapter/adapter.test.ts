import { Adapter, type BroadcastOptions } from '@hawser/io/adapter';
import fc from 'fast-check';
import * as upstream from 'socket.io-adapter';
import { describe, expect, it, vi } from 'vitest';
import { bareNamespace } from './bare.ts';

const UpstreamAdapter = upstream.Adapter as unknown as typeof Adapter;
const IDS = ['a', 'b', 'c', 'd', 'gone'];
const ROOMS = ['a', 'r1', 'r2', 'r3'];

const id = fc.constantFrom(...IDS);
const room = fc.constantFrom(...ROOMS);
const rooms = fc.uniqueArray(room, { maxLength: 4 });
const flags = fc.constantFrom(undefined, {}, { volatile: true }, { compress: false }, { local: true });
const options = fc.record({ rooms, except: fc.option(rooms, { nil: undefined }), flags });
const step = fc.oneof(
  fc.record({ call: fc.constant('addAll' as const), id, rooms }),
  fc.record({ call: fc.constant('del' as const), id, room }),
  fc.record({ call: fc.constant('delAll' as const), id }),
  fc.record({ call: fc.constant('broadcast' as const), options }),
  fc.record({ call: fc.constant('broadcastWithAck' as const), options }),
  fc.record({ call: fc.constant('sockets' as const), rooms }),
  fc.record({ call: fc.constant('socketRooms' as const), id }),
  fc.record({ call: fc.constant('fetchSockets' as const), options }),
  fc.record({ call: fc.constant('addSockets' as const), options, rooms }),
  fc.record({ call: fc.constant('delSockets' as const), options, rooms }),
  fc.record({ call: fc.constant('disconnectSockets' as const), options }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function toOptions({
  rooms,
  except,
  flags,
}: {
  rooms: string[];
  except: string[] | undefined;
  flags: object | undefined;
}) {
  return { rooms: new Set(rooms), except: except && new Set(except), flags } as BroadcastOptions;
}

/** Runs a script, and returns all that came of it. */
async function play(AdapterClass: typeof Adapter, script: readonly Step[]): Promise<unknown[]> {
  const { nsp, trace } = bareNamespace(['a', 'b', 'c', 'd']);
  const adapter = new AdapterClass(nsp);
  for (const event of ['create-room', 'delete-room', 'join-room', 'leave-room']) {
    adapter.on(event, (...args: unknown[]) => trace.push([event, ...args]));
  }
  for (const action of script) {
    trace.push(action);
    trace.push(await run(adapter, action, trace));
    trace.push([...adapter.rooms].map(([name, ids]) => [name, ...ids]));
    trace.push([...adapter.sids].map(([name, joined]) => [name, ...joined]));
  }
  return trace;
}

async function run(adapter: Adapter, action: Step, trace: unknown[]): Promise<unknown> {
  switch (action.call) {
    case 'addAll':
      return adapter.addAll(action.id, new Set(action.rooms));
    case 'del':
      return adapter.del(action.id, action.room);
    case 'delAll':
      return adapter.delAll(action.id);
    case 'broadcast':
      return adapter.broadcast({ type: 2, data: ['x'] }, toOptions(action.options));
    case 'broadcastWithAck': {
      const count = (clients: number) => trace.push(['clients', clients]);
      return adapter.broadcastWithAck({ type: 2, data: ['x'] }, toOptions(action.options), count, () => {});
    }
    case 'sockets':
      return [...(await adapter.sockets(new Set(action.rooms)))];
    case 'socketRooms':
      return [...(adapter.socketRooms(action.id) ?? ['none'])];
    case 'fetchSockets':
      return (await adapter.fetchSockets(toOptions(action.options))).map(
        (socket) => (socket as { id: string }).id,
      );
    case 'addSockets':
      return adapter.addSockets(toOptions(action.options), action.rooms);
    case 'delSockets':
      return adapter.delSockets(toOptions(action.options), action.rooms);
    case 'disconnectSockets':
      return adapter.disconnectSockets(toOptions(action.options), true);
  }
}

describe('Adapter against socket.io-adapter', () => {
  it('does, calls and tells the same, whatever is asked of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (script) => {
        expect(await play(Adapter, script)).toEqual(await play(UpstreamAdapter, script));
      }),
      { numRuns: 400 },
    );
  });

  it('answers what it does not do as upstream does', async () => {
    const { nsp } = bareNamespace([]);
    for (const AdapterClass of [Adapter, UpstreamAdapter]) {
      const adapter = new AdapterClass(nsp);
      expect(await adapter.serverCount()).toBe(1);
      expect(await adapter.restoreSession('pid', 'offset')).toBe(null);
      expect([adapter.init(), adapter.close()]).toEqual([undefined, undefined]);
      expect(adapter.persistSession({ sid: 's', pid: 'p', rooms: [], data: {} })).toBe(undefined);
    }
  });
});

describe('Adapter', () => {
  it('leaves out who is in a room that is larger than the one that it sends to', () => {
    const { nsp, trace } = bareNamespace(['a', 'b', 'c', 'd']);
    const adapter = new Adapter(nsp);
    for (const id of ['a', 'b']) adapter.addAll(id, new Set(['small']));
    for (const id of ['b', 'c', 'd']) adapter.addAll(id, new Set(['large']));
    adapter.broadcast({ type: 2, data: ['x'] }, { rooms: new Set(['small']), except: new Set(['large']) });
    const written = trace.filter((entry) => (entry as unknown[])[0] === 'write');
    expect(written.map((entry) => (entry as unknown[])[1])).toEqual(['a']);
  });

  it('leaves out who joins in the midst of a broadcast, whatever rooms it is left out by', () => {
    const { nsp, trace } = bareNamespace(['a', 'b', 'c', 'd']);
    const adapter = new Adapter(nsp);
    for (const id of ['a', 'b']) adapter.addAll(id, new Set(['small']));
    for (const id of ['c', 'd', 'e']) adapter.addAll(id, new Set(['large']));
    const { client } = nsp.sockets.get('a') as { client: { writeToEngine(...args: unknown[]): void } };
    const { writeToEngine } = client;
    client.writeToEngine = (...args) => {
      adapter.del('b', 'small');
      adapter.addAll('c', new Set(['small']));
      return writeToEngine(...args);
    };
    adapter.broadcast({ type: 2, data: ['x'] }, { rooms: new Set(['small']), except: new Set(['large']) });
    const written = trace.filter((entry) => (entry as unknown[])[0] === 'write');
    expect(written.map((entry) => (entry as unknown[])[1])).toEqual(['a']);
  });

  /** Broadcasts where `move` runs as `a` is written to, and returns who was written to. */
  function broadcastAndMove(
    options: BroadcastOptions,
    rooms: Record<string, string[]>,
    move: (adapter: Adapter) => void,
  ) {
    const { nsp, trace } = bareNamespace(['a', 'b', 'c', 'd']);
    const adapter = new Adapter(nsp);
    for (const id of ['a', 'b', 'c', 'd']) adapter.addAll(id, new Set([id]));
    for (const [room, ids] of Object.entries(rooms))
      for (const id of ids) adapter.addAll(id, new Set([room]));
    const { client } = nsp.sockets.get('a') as { client: { writeToEngine(...args: unknown[]): void } };
    const { writeToEngine } = client;
    let isMoved = false;
    client.writeToEngine = (...args) => {
      writeToEngine(...args);
      if (!isMoved) move(adapter);
      isMoved = true;
    };
    adapter.broadcast({ type: 2, data: ['x'] }, options);
    const written = trace.filter((entry) => (entry as unknown[])[0] === 'write');
    return written.map((entry) => (entry as unknown[])[1]);
  }

  const toRoom = { rooms: new Set(['r']) };
  const toAll = (except: string) => ({ rooms: new Set<string>(), except: new Set([except]) });
  const again = (adapter: Adapter, id: string): void => {
    adapter.del(id, 'r');
    adapter.addAll(id, new Set(['r']));
  };

  it.each([
    ['to a room', toRoom, { r: ['a', 'b', 'c'] }],
    ['to two rooms', { rooms: new Set(['r', 's']) }, { r: ['a', 'b', 'c'], s: ['a', 'b'] }],
  ])('brings an event once to who leaves and comes back while another leaves, %s', (_, options, rooms) => {
    const written = broadcastAndMove(options, rooms, (adapter) => {
      again(adapter, 'a');
      adapter.del('c', 'r');
    });
    expect(written).toEqual(['a', 'b']);
  });

  it('brings an event to who was there, comes back, and not to who comes meanwhile', () => {
    const written = broadcastAndMove(toRoom, { r: ['a', 'b', 'c'] }, (adapter) => {
      adapter.addAll('d', new Set(['r']));
      again(adapter, 'b');
    });
    expect(written).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['a room', new Set(['r'])],
    ['two rooms', new Set(['s', 'r'])],
  ])('brings an event to %s that all leave and come back to', (_, names) => {
    const rooms = { s: ['a'], r: ['a', 'b'] };
    const written = broadcastAndMove({ rooms: names }, rooms, (adapter) => {
      for (const id of ['a', 'b']) adapter.del(id, 'r');
      for (const id of ['b', 'a']) adapter.addAll(id, new Set(['r']));
    });
    expect(written).toEqual(['a', 'b']);
  });

  it.each([
    ['one room', ['r']],
    ['many rooms', ['r', 's', 't', 'u', 'v', 'w']],
  ])('brings an event to %s as members leave, come back, move, and are taken out by hand', (_, names) => {
    const options = { rooms: new Set(names) };
    const rooms = Object.fromEntries(
      names.map((name) => [name, name === 'r' ? ['a', 'b', 'c', 'd'] : ['d']]),
    );
    const written = broadcastAndMove(options, rooms, (adapter) => {
      adapter.del('b', 'r');
      (adapter.rooms.get('r') as Set<string>).delete('c');
      again(adapter, 'd');
      adapter.del('d', 'r');
      adapter.addAll('a', new Set(['r']));
    });
    expect(written).toEqual(names.length === 1 ? ['a'] : ['a', 'd']);
  });

  it('brings an event to members of many rooms that a program has put in by itself', () => {
    const { nsp, trace } = bareNamespace(['a', 'b', 'c']);
    const adapter = new Adapter(nsp);
    const names = ['1', '2', '3', '4', '5', '6'];
    for (const id of ['a', 'b', 'c']) adapter.addAll(id, new Set([id]));
    for (const name of names) adapter.rooms.set(name, new Set(['b', 'c']));
    adapter.broadcast({ type: 2, data: ['x'] }, { rooms: new Set(names) });
    const written = trace.filter((entry) => (entry as unknown[])[0] === 'write');
    expect(written.map((entry) => (entry as unknown[])[1])).toEqual(['b', 'c']);
  });

  it('acts on who comes to a room before that has its turn', () => {
    const { nsp, trace } = bareNamespace(['a', 'b']);
    const adapter = new Adapter(nsp);
    adapter.addAll('a', new Set(['r']));
    const socket = nsp.sockets.get('a') as { disconnect(close: boolean): void };
    socket.disconnect = () => void adapter.addAll('b', new Set(['s']));
    adapter.disconnectSockets({ rooms: new Set(['r', 's']) }, true);
    expect(trace).toEqual([['disconnect', 'b', true]]);
  });

  it('leaves out who was to be left out when it began, also by the room of one socket', () => {
    const joined = broadcastAndMove(toAll('b'), {}, (adapter) => adapter.addAll('c', new Set(['b'])));
    expect(joined).toEqual(['a', 'c', 'd']);
    const left = broadcastAndMove(toAll('c'), {}, (adapter) => adapter.del('c', 'c'));
    expect(left).toEqual(['a', 'b', 'd']);
  });

  it('encodes once, and gives every client the same array and the same options', () => {
    const { nsp } = bareNamespace(['a', 'b']);
    const written = new Set<unknown>();
    const adapter = new Adapter({
      ...nsp,
      sockets: new Map(
        ['a', 'b'].map((id) => [
          id,
          {
            id,
            client: { writeToEngine: (encoded: unknown, opts: unknown) => written.add(encoded).add(opts) },
          },
        ]),
      ),
    });
    adapter.addAll('a', new Set(['r1', 'r2']));
    adapter.addAll('b', new Set(['r1', 'r2']));
    adapter.broadcast({ type: 2, data: ['x'] }, { rooms: new Set(['r1', 'r2']), except: new Set() });
    expect(written.size).toBe(2);
  });

  it('keeps nothing for clients that did not answer in time', () => {
    vi.useFakeTimers();
    const { nsp } = bareNamespace(['a', 'b']);
    const adapter = new Adapter(nsp);
    adapter.addAll('a', new Set());
    adapter.addAll('b', new Set());
    const acks = [...nsp.sockets.values()].map((socket) => (socket as { acks: Map<number, unknown> }).acks);
    const options = { rooms: new Set<string>(), flags: { timeout: 50 } };
    for (let i = 0; i < 3; i++)
      adapter.broadcastWithAck(
        { type: 2, data: ['x'] },
        options,
        () => {},
        () => {},
      );
    expect(acks.map(({ size }) => size)).toEqual([3, 3]);
    vi.advanceTimersByTime(50);
    expect(acks.map(({ size }) => size)).toEqual([0, 0]);
    vi.useRealTimers();
  });

  it('lets a socket leave several rooms at a time', () => {
    const { nsp } = bareNamespace(['a']);
    const adapter = new Adapter(nsp);
    adapter.addAll('a', new Set(['1', '2', '3']));
    adapter.del('a', new Set(['1', '3', 'not there']));
    expect([[...adapter.rooms.keys()], [...adapter.sids.get('a')!]]).toEqual([['2'], ['2']]);
  });
});
