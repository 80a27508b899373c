/** Says how a connection ended. Node 20 has no such class of its own. */
export class CloseEvent extends Event {
  readonly wasClean: boolean;
  readonly code: number;
  readonly reason: string;

  constructor(type: string, init: { wasClean?: boolean; code?: number; reason?: string } = {}) {
    super(type);
    this.wasClean = init.wasClean ?? false;
    this.code = init.code ?? 0;
    this.reason = init.reason ?? '';
  }
}

/** An `error` event that, unlike a browser's, says what went wrong. */
export class ErrorEvent extends Event {
  readonly message: string;
  readonly error: Error;

  constructor(type: string, error: Error) {
    super(type);
    this.message = error.message;
    this.error = error;
  }
}

/** The events of a {@link WebSocket}; `ping` and `pong` are beyond the standard. */
export interface WebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: ErrorEvent;
  close: CloseEvent;
  ping: MessageEvent;
  pong: MessageEvent;
}
