import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { Duplex } from 'node:stream';

/** As much as Node itself reads at a time. */
const MEMORY_BYTES = 65_536;

/** What Node keeps of a socket, as far as it is needed here. */
interface NodeSocket extends Socket {
  readonly _handle?: { useUserBuffer?(memory: Uint8Array): void } | null;
  [slot: symbol]: unknown;
}

/** Under which names a socket keeps what its `onread` option gave it. */
interface OnreadSlots {
  readonly memory: symbol;
  readonly callback: symbol;
}

const memory = Buffer.allocUnsafeSlow(MEMORY_BYTES);
const slots = findSlots();

/**
 * Has a socket that is connected read into memory that all sockets of this thread share, and hand out copies that are
 * as large as what was read. Nothing else changes: the stream is what it was, backpressure included.
 *
 * By itself, Node allocates 64 KiB for each read and gives back what was not needed, which is a fifth of the CPU of a
 * small echo, and more of a large one. Its remedy, the `onread` option, is for sockets that connect; one that was
 * accepted gets here what the option would have given it. Where that is not to be found, Node goes on by itself.
 */
export function shareReads(stream: Duplex): void {
  if (slots === null || !(stream instanceof Socket) || stream.connecting) return;
  const socket = stream as NodeSocket;
  if (socket[slots.callback] !== null || typeof socket._handle?.useUserBuffer !== 'function') return;
  socket._handle.useUserBuffer(memory);
  socket[slots.memory] = memory;
  socket[slots.callback] = onRead;
}

/**
 * Stops what `stream` emits. One that shares its reads would also stop reading at once, and so not learn that its peer
 * is gone; like this it reads on until its buffer is full, as every other.
 */
export function pauseStream(stream: Duplex): void {
  if (stream instanceof Socket) Duplex.prototype.pause.call(stream);
  else stream.pause();
}

/** Called by Node, as a method of the socket. Tells whether to read on. */
function onRead(this: Socket, byteLength: number): boolean {
  const chunk = Buffer.allocUnsafe(byteLength);
  memory.copy(chunk, 0, 0, byteLength);
  return this.push(chunk);
}

/** Finds the slots by what a socket that was made with the option has in them. */
function findSlots(): OnreadSlots | null {
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    onread: { buffer: memory, callback: onRead },
  };
  const probe = new Socket(options) as NodeSocket;
  const named = (value: unknown) => Object.getOwnPropertySymbols(probe).find((slot) => probe[slot] === value);
  const found = { memory: named(memory), callback: named(onRead) };
  probe.destroy();
  return found.memory === undefined || found.callback === undefined ? null : (found as OnreadSlots);
}
