import {
  type CloseEvent,
  type ErrorEvent,
  WebSocket,
  type WebSocketClientOptions,
  type WebSocketEventMap,
} from '@hawser/ws';
import { onTestFinished } from 'vitest';
import { Queue } from './queue.ts';
import type { RawPeer } from './raw-peer.ts';
import { type RawServer, startRawServer } from './raw-server.ts';

/** Makes a client that is cut when the test ends. */
export function makeClient(
  url: string | URL,
  protocols?: string | readonly string[],
  options?: WebSocketClientOptions,
): WebSocket {
  const client = new WebSocket(url, protocols, options);
  onTestFinished(() => client.terminate());
  return client;
}

/** Makes a client and waits until it is open. */
export async function openClient(
  url: string | URL,
  protocols?: string | readonly string[],
  options?: WebSocketClientOptions,
): Promise<WebSocket> {
  const client = makeClient(url, protocols, options);
  await new Promise((resolve, reject) => {
    client.addEventListener('open', resolve);
    client.addEventListener('error', ({ error }) => reject(error));
  });
  return client;
}

/** Opens a client to a server that says just what a test has it say. */
export async function openToRaw(
  options?: WebSocketClientOptions,
): Promise<{ client: WebSocket; peer: RawPeer; server: RawServer }> {
  const server = await startRawServer();
  const opening = openClient(server.url, [], options);
  const peer = await server.open();
  return { client: await opening, peer, server };
}

/** Waits for the next event of a type. */
export function next<Type extends keyof WebSocketEventMap>(
  client: WebSocket,
  type: Type,
): Promise<WebSocketEventMap[Type]> {
  return new Promise((resolve) => client.addEventListener(type, resolve, { once: true }));
}

/** Collects the names of the four standard events from now on, each with the state in which it came. */
export function recordEvents(client: WebSocket): Queue<string> {
  const events = new Queue<string>();
  for (const type of ['open', 'message', 'error', 'close'] as const) {
    client.addEventListener(type, () => events.push(`${type} ${client.readyState}`));
  }
  return events;
}

/** Makes a client that fails, and returns its two last events. */
export async function failClient(client: WebSocket): Promise<{ error: ErrorEvent; close: CloseEvent }> {
  const [error, close] = await Promise.all([next(client, 'error'), next(client, 'close')]);
  return { error, close };
}

/** Sends a text to a server that echoes it, and waits for that. */
export async function echo(client: WebSocket, text: string): Promise<string> {
  client.send(text);
  return (await next(client, 'message')).data as string;
}
