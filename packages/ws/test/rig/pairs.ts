import type { ServerSocket } from '@hawser/ws';
import { recordCloses } from './closes.ts';
import { Queue } from './queue.ts';
import { openRaw, type RawPeer } from './raw-peer.ts';
import { startServer } from './servers.ts';

/** Opens one connection and returns both ends. */
export async function openPair(): Promise<{
  socket: ServerSocket;
  peer: RawPeer;
  closes: ReturnType<typeof recordCloses>['closes'];
}> {
  const { closes, close } = recordCloses();
  const opened = new Queue<ServerSocket>();
  const { port } = await startServer({ open: (socket) => opened.push(socket), close, closeTimeoutMs: 2_000 });
  const peer = await openRaw(port);
  return { socket: await opened.next(), peer, closes };
}
