import type { ClientOptions } from 'ws';
import { acceptance, startRawServer } from '../../../../ws/test/rig/raw-server.ts';
import type { Socket, WsModule } from './modules.ts';
import type { Recorder } from './recorder.ts';
import { stateOf, untilClosed, watchSocket } from './sides.ts';
import { noteHead } from './wire.ts';

type Headers = Record<string, string>;

export interface Setup {
  readonly headers?: Headers;
  readonly protocols?: string | string[];
  readonly options?: object;
  readonly path?: string;
  readonly events?: string[];
  readonly prepare?: (socket: Socket) => void;
  /** Writes this instead of an acceptance. */
  readonly answer?: string;
}

/** Has a client connect to a raw server, records its request, and what came of the answer. */
export async function connect(ws: WsModule, log: Recorder, setup: Setup = {}): Promise<void> {
  const raw = await startRawServer();
  const { headers, protocols, options, path = '', events = [], prepare = () => {}, answer } = setup;
  const socket = new ws.WebSocket(
    `${raw.url.slice(0, -1)}${path}`,
    protocols as string[],
    options as ClientOptions,
  );
  log.defer(() => socket.terminate());
  watchSocket(log, socket);
  log.watch('socket', socket, events);
  log.note('socket', 'made', ...stateOf(socket));
  prepare(socket);
  const peer = await raw.accept();
  const request = await noteHead(log, peer);
  const key = /Sec-WebSocket-Key: (.*)\r/.exec(request)?.[1] ?? '';
  peer.write(answer ?? acceptance({ startLine: '', headers: { 'sec-websocket-key': [key] } }, headers));
  await new Promise<void>((resolve) => {
    if (socket.readyState === socket.CLOSED) resolve();
    socket.once('open', resolve);
    socket.once('close', () => resolve());
  });
  log.note('socket', 'settled', ...stateOf(socket));
  if (socket.readyState !== socket.OPEN) {
    await peer.closed;
    return;
  }
  const closed = untilClosed(socket);
  peer.stream.destroy();
  await closed;
}
