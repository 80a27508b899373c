import type { EventEmitter } from 'node:events';

/** A hash of the bytes would not tell what differs; the begin and the length do. */
const MAX_SHOWN_BYTES = 48;

/** Who did what, in order; actors are apart, as nothing says how they interleave. */
export type Trace = Record<string, string[]>;

/** Writes down what happens to a subject. */
export class Recorder {
  readonly trace: Trace = {};
  readonly #cleanups: (() => unknown)[] = [];

  /** Records one step. */
  note(actor: string, what: string, ...values: readonly unknown[]): void {
    this.trace[actor] ??= [];
    this.trace[actor].push(anonymous(`${what}(${values.map(describe).join(', ')})`));
  }

  /** Records what `action` returns or throws. */
  attempt<T>(actor: string, what: string, action: () => T): T | undefined {
    try {
      const value = action();
      this.note(actor, what, value);
      return value;
    } catch (error) {
      this.note(actor, `${what} throws`, error);
      return undefined;
    }
  }

  /** Returns a callback that records what it is called with. */
  callback(actor: string, what: string): (...args: unknown[]) => void {
    return (...args) => this.note(actor, `${what} called back`, ...args);
  }

  /** Records events; `probe` adds what there is to see while each is emitted. */
  watch(
    actor: string,
    emitter: EventEmitter,
    events: readonly string[],
    probe: () => readonly unknown[] = () => [],
  ): void {
    for (const event of events) {
      emitter.on(event, (...args: unknown[]) => this.note(actor, event, ...args, ...probe()));
    }
  }

  /** Runs `cleanup` when the script is over, the last one first. */
  defer(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  async cleanUp(): Promise<void> {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
  }
}

/** Writes a value so that two of them read the same exactly if a program cannot tell them apart. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Error) return describeError(value);
  if (ArrayBuffer.isView(value)) return describeBytes(value.constructor.name, viewBytes(value));
  if (value instanceof ArrayBuffer) return describeBytes('ArrayBuffer', Buffer.from(value));
  if (value instanceof Blob) return `Blob(${value.size}, ${value.type})`;
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  if (value instanceof Set) return `Set[${[...value].map(describe).join(', ')}]`;
  const name = value.constructor?.name ?? 'null';
  if (/^(Open|Close|Error|Message)?Event$/.test(name)) return `${name}{${describeMembers(value)}}`;
  return name === 'Object' || name === 'null' ? `${name}{${describeMembers(value)}}` : name;
}

function describeError(error: Error & { code?: unknown }): string {
  return `${error.constructor.name}{${error.name}, ${String(error.code)}, ${JSON.stringify(error.message)}}`;
}

function describeMembers(value: object): string {
  const members: string[] = [];
  // Those of the prototype too: an event has nothing else.
  for (const key in value) members.push(`${key}: ${describe((value as Record<string, unknown>)[key])}`);
  return members.join(', ');
}

function describeBytes(type: string, bytes: Buffer): string {
  const shown = bytes.subarray(0, MAX_SHOWN_BYTES).toString('hex');
  return `${type}(${bytes.length})<${shown}${bytes.length > MAX_SHOWN_BYTES ? '…' : ''}>`;
}

function viewBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Ports and keys are random. */
function anonymous(text: string): string {
  return text
    .replace(/(127\.0\.0\.1|localhost|\[::1\]):\d+/g, '$1:PORT')
    .replace(/(sec-websocket-key: )[\w+/]+==/gi, '$1KEY')
    .replace(/(sec-websocket-accept: )[\w+/]+=/gi, '$1ACCEPT');
}
