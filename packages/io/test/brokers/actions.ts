import type { Server } from '@hawser/io';

/** Whom something is for. */
export interface Target {
  readonly rooms?: string[];
  readonly except?: string[];
  readonly isLocal?: boolean;
}

/** What a test has a server of a cluster do. It may be in another process: all that goes in and out is JSON. */
export interface Actions {
  serverCount(): Promise<number>;
  emit(target: Target, event: string, ...args: unknown[]): Promise<void>;
  /** Returns the answers, and whether there was an error. */
  ask(target: Target, timeoutMs: number, event: string): Promise<[boolean, unknown[]]>;
  fetchIds(target: Target): Promise<string[]>;
  fetchData(target: Target): Promise<unknown[]>;
  socketsJoin(target: Target, room: string): Promise<void>;
  socketsLeave(target: Target, room: string): Promise<void>;
  disconnectSockets(target: Target): Promise<void>;
  serverSideEmit(...args: unknown[]): Promise<void>;
  serverSideAsk(event: string): Promise<unknown[]>;
  /** Lets the sockets of this server join a room. */
  join(room: string): Promise<void>;
  /** Tells whether a socket of this server is in a room. */
  isIn(room: string): Promise<boolean>;
  /** Sets what the sockets of this server are known by. */
  setData(data: unknown): Promise<void>;
  /** What the server heard of others, under the name `hello`. */
  heard(): Promise<unknown[]>;
  close(): Promise<void>;
}

/** Has a server hear what others say, and returns what can be done with it. */
export function createActions(io: Server, name: string): Actions {
  const heard: unknown[] = [];
  io.on('hello' as never, ((...args: unknown[]) => heard.push(args)) as never);
  io.on('ask' as never, ((answer: (value: string) => void) => answer(name)) as never);
  const to = ({ rooms = [], except = [], isLocal = false }: Target) => {
    const operator = io.to(rooms).except(except);
    return isLocal ? operator.local : operator;
  };
  const sockets = () => [...io.sockets.sockets.values()];
  return {
    serverCount: () => io.of('/').adapter.serverCount(),
    emit: async (target, event, ...args) => {
      to(target).emit(event, ...args);
    },
    ask: (target, timeoutMs, event) =>
      new Promise((resolve) => {
        to(target)
          .timeout(timeoutMs)
          .emit(event, (error: Error | null, answers: unknown[]) => resolve([error !== null, answers]));
      }),
    fetchIds: async (target) => (await to(target).fetchSockets()).map(({ id }) => id),
    fetchData: async (target) => (await to(target).fetchSockets()).map(({ data }) => data),
    socketsJoin: async (target, room) => to(target).socketsJoin(room),
    socketsLeave: async (target, room) => to(target).socketsLeave(room),
    disconnectSockets: async (target) => to(target).disconnectSockets(true),
    serverSideEmit: async (...args) => {
      io.serverSideEmit('hello', ...args);
    },
    serverSideAsk: (event) => io.serverSideEmitWithAck(event),
    join: async (room) => {
      for (const socket of sockets()) await socket.join(room);
    },
    isIn: async (room) => sockets().some(({ rooms }) => rooms.has(room)),
    setData: async (data) => {
      for (const socket of sockets()) socket.data = data;
    },
    heard: async () => heard,
    close: () => io.close(),
  };
}
