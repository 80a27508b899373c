import { io as ours } from '@hawser/client';
import type { Server, ServerOptions } from 'socket.io';
import { io as upstream } from 'socket.io-client';
import { onTestFinished } from 'vitest';
import { type Rig, startServer } from '../rig/servers.ts';

/** What a script needs of either client. */
export interface Subject {
  readonly io: typeof upstream;
  readonly rig: Rig;
  /** Notes what happened, in order. */
  note(...what: unknown[]): void;
  /** Connects a socket that is disconnected when the test ends. */
  connect(path?: string, options?: Parameters<typeof upstream>[1]): ReturnType<typeof upstream>;
}

/** Runs `script` with `socket.io-client` and with ours, each against a server of its own, and returns the notes. */
export async function runBoth(
  options: Partial<ServerOptions>,
  prepare: (io: Server) => void,
  script: (subject: Subject) => Promise<unknown>,
): Promise<{ upstream: unknown; ours: unknown }> {
  const results = { upstream: undefined as unknown, ours: undefined as unknown };
  const clients = { upstream, ours: ours as unknown as typeof upstream };
  for (const name of ['upstream', 'ours'] as const) {
    const notes: unknown[] = [];
    const ids = new Set<string>();
    const rig = await startServer(options, (io) => {
      const learn = (nsp: ReturnType<Server['of']>) =>
        nsp.on('connection', ({ id, conn }) => ids.add(id).add((conn as unknown as { id: string }).id));
      learn(io.of('/'));
      io.on('new_namespace', learn);
      prepare(io);
    });
    const returned = await script({
      io: clients[name],
      rig,
      note: (...what) => notes.push(plain(what)),
      connect: (path = '', clientOptions = {}) => {
        const socket = clients[name](`${rig.url}${path}`, {
          forceNew: true,
          reconnectionDelay: 10,
          reconnectionDelayMax: 20,
          ...clientOptions,
        });
        onTestFinished(() => {
          socket.disconnect();
        });
        return socket;
      },
    });
    let text = JSON.stringify({ notes, returned: plain(returned) }).replaceAll(String(rig.port), 'PORT');
    for (const id of ids) text = text.replaceAll(id, 'ID');
    results[name] = JSON.parse(text);
  }
  return results;
}

/** Returns what of a value can be compared: an error as its message and what it carries. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === undefined) return 'undefined';
  if (typeof value === 'function') return 'function';
  if (Buffer.isBuffer(value)) return `Buffer ${value.toString('hex')}`;
  if (value instanceof Error) {
    const { data, description, type } = value as { data?: unknown; description?: unknown; type?: unknown };
    return { error: value.message, data, type, description: plainDescription(description) };
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value.constructor.name;
  const given = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(given.map(([key, item]) => [key, plain(item)]));
}

function plainDescription(description: unknown): unknown {
  return typeof description === 'object' ? typeof description : description;
}

/** Waits for an event. */
export function once(
  target: { once(event: never, listener: never): unknown },
  event: string,
): Promise<unknown[]> {
  return new Promise((resolve) => {
    target.once(event as never, ((...args: unknown[]) => resolve(args)) as never);
  });
}
