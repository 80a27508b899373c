import type { ServerOptions, Socket } from '@hawser/engine';
import { WebSocketServer as WsServer } from 'ws';
import { startEngine } from '../rig/engines.ts';
import { ask, handshake } from '../rig/http.ts';
import { openSocket } from '../rig/sockets.ts';
import { openWebTransport } from '../rig/web-transport.ts';

/** The client's end of a session's transport, packets as text, `b` before the base64 of binary ones. */
export interface Wire {
  readonly session: Socket;
  /** Sends packets together where the transport can. */
  send(...packets: readonly string[]): Promise<void>;
  /** Waits for packets, at least one. */
  receive(): Promise<readonly string[]>;
  /** Leaves without a word. */
  leave(): Promise<void>;
}

/** How each transport is opened, with options that the suite asks for. */
export const WIRES: Readonly<Record<string, (options?: ServerOptions) => Promise<Wire>>> = {
  polling: openPolling,
  websocket: (options) => openWebSocket(options),
  'websocket of the ws package': (options) => openWebSocket({ ...options, wsEngine: WsServer }),
  webtransport: openTransport,
};

async function openPolling(options: ServerOptions = {}): Promise<Wire> {
  const { port, sessions } = await startEngine(options);
  const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
  const session = await sessions.next();
  const received = async (): Promise<readonly string[]> =>
    (await ask(port, { query })).body.toString().split('\x1e');
  return {
    session,
    send: async (...packets) => {
      await ask(port, { query, method: 'POST', body: packets.join('\x1e') }).catch(() => {});
    },
    receive: received,
    leave: async () => {
      await ask(port, { query, method: 'POST', body: '1' });
    },
  };
}

async function openWebSocket(options: ServerOptions = {}): Promise<Wire> {
  const { port, sessions } = await startEngine(options);
  const { socket } = await openSocket(port, undefined, { autoPong: false });
  const packets: string[] = [];
  let wake = (): void => {};
  socket.on('message', (data: Buffer, isBinary) => {
    packets.push(isBinary ? `b${data.toString('base64')}` : data.toString());
    wake();
  });
  return {
    session: await sessions.next(),
    send: async (...outgoing) => {
      for (const packet of outgoing) {
        socket.send(packet.startsWith('b') ? Buffer.from(packet.slice(1), 'base64') : packet);
      }
    },
    receive: async () => {
      while (packets.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return packets.splice(0);
    },
    leave: async () => socket.terminate(),
  };
}

async function openTransport(options: ServerOptions = {}): Promise<Wire> {
  const { engine, sessions } = await startEngine({ ...options, transports: ['polling', 'webtransport'] });
  const pair = openWebTransport();
  void engine.onWebTransportSession(pair.session);
  void pair.packets.write({ type: 'open' });
  const session = await sessions.next();
  await pair.received.read();
  const TYPES = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'] as const;
  return {
    session,
    send: async (...packets) => {
      for (const packet of packets) {
        if (packet.startsWith('b')) {
          await pair.packets.write({ type: 'message', data: Buffer.from(packet.slice(1), 'base64') });
        } else if (/^[0-6]/.test(packet)) {
          await pair.packets.write({ type: TYPES[Number(packet[0])]!, data: packet.slice(1) });
        } else {
          await pair.bytes.write(Buffer.from([packet.length, ...Buffer.from(packet)]));
        }
      }
    },
    receive: async () => {
      const { value, done } = await pair.received.read();
      if (done || value === undefined) return [];
      const isText = typeof value.data === 'string' || value.data === undefined;
      return [
        isText
          ? `${TYPES.indexOf(value.type as never)}${value.data ?? ''}`
          : `b${Buffer.from(value.data as Buffer).toString('base64')}`,
      ];
    },
    leave: async () => pair.close(),
  };
}
