import type { connection as Connection, frame as Frame } from 'websocket';

const EVENTS = ['message', 'frame', 'ping', 'pong', 'close', 'error', 'drain', 'pause', 'resume'] as const;

/** What happened, in order, in a form that two libraries can be compared by. */
export class Journal {
  readonly entries: unknown[] = [];

  note(what: string, ...args: unknown[]): void {
    this.entries.push([what, ...args.map(describe)]);
  }

  /** Notes every event of a connection, with the state in which it came. */
  watch(connection: Connection): void {
    for (const event of EVENTS) {
      // A ping has consequences only where somebody listens: scenarios add that listener themselves.
      if (event === 'ping') continue;
      connection.on(event as 'message', (...args: unknown[]) => {
        this.note(event, ...args);
        this.noteState(connection);
      });
    }
  }

  noteState(connection: Connection): void {
    const { connected, state, closeReasonCode, closeDescription } = connection;
    this.entries.push({ connected, state, closeReasonCode, closeDescription });
  }

  /** Notes what a call throws, or `undefined`. */
  attempt(what: string, call: () => unknown): void {
    try {
      call();
      this.note(what, 'did not throw');
    } catch (error) {
      this.note(what, 'threw', (error as Error).message);
    }
  }
}

function describe(value: unknown): unknown {
  if (Buffer.isBuffer(value))
    return value.length > 64 ? `${value.length} bytes` : `hex ${value.toString('hex')}`;
  if (typeof value === 'function') return 'a function';
  if (value instanceof Error) return { message: value.message, code: (value as NodeJS.ErrnoException).code };
  if (typeof value !== 'object' || value === null) return value;
  if ('opcode' in value) return describeFrame(value as Frame);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, describe(inner)]));
}

function describeFrame(frame: Frame): unknown {
  const { fin, rsv1, rsv2, rsv3, mask, opcode, length, closeStatus, binaryPayload } = frame;
  const { invalidCloseFrameLength } = frame;
  return {
    fin,
    rsv1,
    rsv2,
    rsv3,
    mask,
    opcode,
    length,
    closeStatus,
    invalidCloseFrameLength,
    payload: describe(binaryPayload),
  };
}
