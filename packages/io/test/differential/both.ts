import { createServer, type Server as HttpServer } from 'node:http';
import { Server } from '@hawser/io';
import { Server as Upstream } from 'socket.io';
import { expect } from 'vitest';
import { listenOn } from '../rig/servers.ts';

/** What a script has in hand: a server of either make, and where to write down what happens. */
export interface Stage {
  readonly io: Server;
  readonly http: HttpServer;
  readonly port: number;
  readonly url: string;
  /** Writes down something that both have to do alike. */
  note(...what: unknown[]): void;
}

/** Plays the same script with upstream's server and with ours, and compares what was written down. */
export async function playBoth(play: (stage: Stage) => Promise<void>, options: object = {}): Promise<void> {
  const theirs = await playWith(Upstream as unknown as typeof Server, play, options);
  const ours = await playWith(Server, play, options);
  expect(theirs.length).toBeGreaterThan(0);
  expect(ours).toEqual(theirs);
}

async function playWith(
  make: typeof Server,
  play: (stage: Stage) => Promise<void>,
  options: object,
): Promise<unknown[]> {
  const notes: unknown[] = [];
  const http = createServer();
  const io = new make(http, options);
  const port = await listenOn(http);
  const note = (...what: unknown[]): void => {
    notes.push(what.map(plain));
  };
  await play({ io, http, port, url: `http://127.0.0.1:${port}`, note });
  await io.close();
  return notes;
}

/** What an error is to a program. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Error)) return value;
  const { message, data, responses } = value as Error & { data?: unknown; responses?: unknown };
  return { isError: true, message, data, responses };
}
