import type { Packet } from '@hawser/protocol/engineio';
import type { TransportContext } from './transport-context.ts';
import {
  endSession,
  type WebTransportSession,
  type WebTransportStream,
  WebTransportTransport,
} from './webtransport.ts';

/** What becomes of a WebTransport session once it has said what it is for. */
export interface WebTransportHost {
  /** It begins a session; returns `false` where that is not on. */
  onNewSession(transport: WebTransportTransport): boolean;
  /** It asks to carry the session `sid`; returns `false` where that is not on. */
  onUpgrade(transport: WebTransportTransport, sid: string): boolean;
}

/**
 * Waits for the one stream of a WebTransport session, and for its first packet: `open` for a new session, with
 * `{"sid":"…"}` for one that is to be moved. Whoever says anything else, or nothing in time, is closed.
 */
export async function receiveWebTransport(
  session: WebTransportSession,
  context: TransportContext,
  timeoutMs: number,
  host: WebTransportHost,
): Promise<void> {
  const timer = setTimeout(() => endSession(session, null), timeoutMs);
  session.closed.catch(() => {}).finally(() => clearTimeout(timer));
  const stream = await firstStreamOf(session);
  if (stream === undefined) return;
  const transport = new WebTransportTransport(session, stream, context, (packet) => {
    clearTimeout(timer);
    if (!begin(transport, packet, host)) transport.close();
  });
}

/** Returns the first stream that the client opens, or `undefined` where the session ends or breaks before. */
async function firstStreamOf(session: WebTransportSession): Promise<WebTransportStream | undefined> {
  try {
    return (await session.incomingBidirectionalStreams.getReader().read()).value;
  } catch {
    return undefined;
  }
}

function begin(transport: WebTransportTransport, { type, data }: Packet, host: WebTransportHost): boolean {
  if (type !== 'open') return false;
  if (data === '') return host.onNewSession(transport);
  const sid = parseSid(String(data));
  return sid !== null && host.onUpgrade(transport, sid);
}

function parseSid(text: string): string | null {
  try {
    const { sid } = Object(JSON.parse(text)) as { sid?: unknown };
    return typeof sid === 'string' ? sid : null;
  } catch {
    return null;
  }
}
