import type { AdapterNamespace, AdapterPacket } from '@hawser/io/adapter';

/** A namespace of bare objects, as adapters need it at least, and what happened to its sockets. */
export interface Bare {
  readonly nsp: AdapterNamespace;
  readonly trace: unknown[];
}

/** @param ids - of the sockets */
export function bareNamespace(ids: readonly string[], opts: object = {}): Bare {
  const trace: unknown[] = [];
  const sockets = new Map(ids.map((id) => [id, bareSocket(id, trace)]));
  const encoder = {
    encode: (packet: AdapterPacket) => {
      trace.push(['encode', structuredClone(packet)]);
      const { type, nsp, id, data } = packet;
      return [JSON.stringify({ type, nsp, id, data })];
    },
  };
  const nsp: AdapterNamespace = {
    name: '/bare',
    server: { encoder, opts },
    sockets,
    _ids: 7,
    _onServerSideEmit: (args) => trace.push(['server side', args]),
  };
  return { nsp, trace };
}

function bareSocket(id: string, trace: unknown[]) {
  let written: unknown;
  return {
    id,
    acks: new Map(),
    client: {
      writeToEngine: (encoded: unknown, options: object) => {
        const { volatile, compress, preEncoded } = options as Record<string, unknown>;
        trace.push(['write', id, encoded, { volatile, compress, preEncoded }, written === encoded]);
        written = encoded;
      },
    },
    notifyOutgoingListeners: (packet: AdapterPacket) => trace.push(['outgoing', id, packet.nsp]),
    join: (rooms: unknown) => trace.push(['join', id, rooms]),
    leave: (room: unknown) => trace.push(['leave', id, room]),
    disconnect: (close: unknown) => trace.push(['disconnect', id, close]),
  };
}
