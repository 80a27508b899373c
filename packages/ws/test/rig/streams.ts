import { type WebSocketOpenInfo, WebSocketStream, type WebSocketStreamOptions } from '@hawser/ws';
import { onTestFinished } from 'vitest';
import type { RawPeer } from './raw-peer.ts';
import { startRawServer } from './raw-server.ts';

/** Makes a stream that is closed when the test ends. */
export function openStream(url: string, options: WebSocketStreamOptions = {}): WebSocketStream {
  const stream = new WebSocketStream(url, { closeTimeoutMs: 2_000, ...options });
  onTestFinished(() => stream.close());
  return stream;
}

/** Opens a stream to a server that says just what a test has it say. */
export async function openStreamToRaw(
  options?: WebSocketStreamOptions,
): Promise<{ stream: WebSocketStream; peer: RawPeer } & WebSocketOpenInfo> {
  const server = await startRawServer();
  const stream = openStream(server.url, options);
  const peer = await server.open();
  return { stream, peer, ...(await stream.opened) };
}
