import type { HandshakeEncoder } from '@hawser/protocol/engineio';
import type { BaseServer } from './base-server.ts';
import type { ResolvedOptions } from './options.ts';
import type { PreparedMessage } from './prepared-message.ts';
import type { Socket } from './session.ts';
import type { SessionSweep } from './session-sweep.ts';
import type { CloseNotice, Transport } from './transport.ts';

/** What a session needs of its server. */
export interface SessionHost {
  readonly server: BaseServer;
  readonly opts: ResolvedOptions;
  readonly sweep: SessionSweep;
  readonly handshakes: HandshakeEncoder;
  /** Names of the transports that a session can be moved to. */
  upgradesFrom(transport: Transport): readonly string[];
  /** Returns the message that goes out with `frame`, one for all who send it. */
  preparedFor(frame: object, data: string | Uint8Array): PreparedMessage;
  /** @param notice - what the client was to be told */
  sessionClosed(session: Socket, notice: CloseNotice | null): void;
}
