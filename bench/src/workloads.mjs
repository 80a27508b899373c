export const IDLE_CONNECTIONS = 10_000;

const IDLE_TITLE = 'idle connections';

/** Descriptors a process needs beside its benchmark connections: the runtime's own, the listener, the pipes. */
const SPARE_DESCRIPTORS = 200;

/**
 * Loads that are measured over every protocol. `unit` is what the server's CPU time is
 * divided by; `mode` is what the server does with a message; the rest is for the load generator, which has one file per
 * `mode`.
 */
const COMMON = Object.freeze([
  {
    name: 'echo-64-x1',
    title: 'echo 64 B, 1 in flight, 50 connections',
    mode: 'echo',
    unit: 'message',
    payloadBytes: 64,
    connections: 50,
    inFlight: 1,
  },
  {
    name: 'echo-64-x32',
    title: 'echo 64 B, 32 in flight, 50 connections',
    mode: 'echo',
    unit: 'message',
    payloadBytes: 64,
    connections: 50,
    inFlight: 32,
  },
  {
    name: 'echo-16k',
    title: 'echo 16 KiB, 1 in flight, 20 connections',
    mode: 'echo',
    unit: 'message',
    payloadBytes: 16_384,
    connections: 20,
    inFlight: 1,
  },
  {
    name: 'fan-out',
    title: 'fan-out 64 B to 500, one message at a time',
    mode: 'fan-out',
    unit: 'delivery',
    payloadBytes: 64,
    connections: 500,
    burst: 1,
  },
  {
    name: 'fan-out-burst',
    title: 'fan-out 64 B to 500, 16 messages in a burst',
    mode: 'fan-out',
    unit: 'delivery',
    payloadBytes: 64,
    connections: 500,
    burst: 16,
  },
  {
    name: 'connect',
    title: 'connections that come and are reset, 16 at a time',
    mode: 'connect',
    unit: 'connection',
    payloadBytes: 64,
    connections: 16,
    parallelHandshakes: 16,
  },
  {
    name: 'connect-close',
    title: 'connections that come and are closed, 16 at a time',
    mode: 'connect',
    isClosed: true,
    unit: 'connection',
    payloadBytes: 64,
    connections: 16,
    parallelHandshakes: 16,
  },
  {
    name: 'idle',
    title: IDLE_TITLE,
    mode: 'idle',
    unit: 'connection',
    payloadBytes: 64,
    baseConnections: 1000,
    connections: IDLE_CONNECTIONS,
    parallelHandshakes: 64,
  },
]);

/**
 * Loads of WebSocket alone. `compression` says what both ends agree on: `no-context` or `context` takeover; only
 * `servers` that can are run.
 */
const WEB_SOCKET_ONLY = Object.freeze([
  {
    name: 'echo-1m',
    title: 'echo 1 MiB, 1 in flight, 4 connections',
    mode: 'echo',
    unit: 'message',
    payloadBytes: 1_048_576,
    connections: 4,
    inFlight: 1,
  },
  ...['no-context', 'context'].flatMap((compression) => {
    const suffix = compression === 'context' ? '-context' : '';
    const words = compression === 'context' ? 'compressed, context takeover' : 'compressed';
    const common = { compression, servers: ['hawser', 'compat-ws', 'ws'], payloadBytes: 1100 };
    return [
      {
        ...common,
        name: `deflate-echo${suffix}`,
        title: `echo 1 KiB of JSON, ${words}, 1 in flight, 50 connections`,
        mode: 'deflate-echo',
        unit: 'message',
        connections: 50,
      },
      {
        ...common,
        name: `deflate-fan-out${suffix}`,
        title: `fan-out 1 KiB of JSON to 500, ${words}, one message at a time`,
        mode: 'deflate-fan-out',
        unit: 'delivery',
        connections: 500,
      },
      {
        ...common,
        name: `deflate-memory${suffix}`,
        title: `2,000 connections that each exchanged 10 messages of 1 KiB of JSON, ${words}`,
        mode: 'deflate-memory',
        unit: 'connection',
        baseConnections: 500,
        connections: 2000,
        exchanges: 10,
        parallelHandshakes: 64,
      },
    ];
  }),
]);

/** Loads of Socket.IO alone. */
const SOCKET_IO_ONLY = Object.freeze([
  {
    name: 'echo-binary',
    title: 'echo 1 KiB of binary, 1 in flight, 50 connections',
    mode: 'echo',
    unit: 'message',
    payloadBytes: 1024,
    hasAttachment: true,
    connections: 50,
    inFlight: 1,
  },
  {
    name: 'polling',
    title: 'echo 64 B over long-polling, 1 in flight, 50 clients',
    mode: 'polling-echo',
    servers: ['io', 'engine', 'socket.io'],
    unit: 'message',
    payloadBytes: 64,
    connections: 50,
  },
]);

const WORKLOADS = Object.freeze([
  ...[...COMMON, ...WEB_SOCKET_ONLY].map((load) => ({ ...load, protocol: 'websocket' })),
  ...[...COMMON, ...SOCKET_IO_ONLY].map((load) => ({
    ...load,
    protocol: 'socket.io',
    name: `socketio-${load.name}`,
    title: `Socket.IO: ${load.title}`,
  })),
]);

export const WORKLOAD_NAMES = Object.freeze(WORKLOADS.map((workload) => workload.name));

export function selectWorkloads(names, idleConnections) {
  const selected = names === undefined ? WORKLOADS : WORKLOADS.filter(({ name }) => names.includes(name));
  return selected.map((workload) =>
    workload.mode === 'idle' ? withIdleConnections(workload, idleConnections) : workload,
  );
}

/** Lowers the number of idle connections to what a process may open here, and says so. */
export function fitOpenFileLimit(workload, openFileLimit, say) {
  const fitting = openFileLimit - SPARE_DESCRIPTORS;
  if (workload.connections + (workload.baseConnections ?? 0) <= fitting) return workload;
  const limit = `a process may open ${openFileLimit} files here (ulimit -n)`;
  if (workload.mode !== 'idle' || fitting < 4) {
    throw new Error(`${workload.name} needs ${workload.connections} connections, but ${limit}`);
  }
  const baseConnections = Math.min(workload.baseConnections, Math.floor(fitting / 4));
  const connections = fitting - baseConnections;
  say(`${workload.name}: lowered to ${connections} connections over a base of ${baseConnections}, ${limit}`);
  return withIdleConnections({ ...workload, baseConnections }, connections);
}

function withIdleConnections(workload, connections) {
  return {
    ...workload,
    connections,
    title: workload.title.replace(IDLE_TITLE, `${connections.toLocaleString('en-US')} $&`),
  };
}
