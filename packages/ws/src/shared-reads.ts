import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { Duplex } from 'node:stream';
import { markAsUntransferable } from 'node:worker_threads';
import { readMemory, viewOf } from './natives.ts';

/** Less than this is not worth lending: it would mostly be copied after all, in smaller pieces. */
const MIN_LENT_BYTES = 4096;

/**
 * Copies of a few bytes lie in memory of this size, behind one another. `Buffer` has a pool for that, but of 64 KiB from
 * Node 24 on, all of which a message that is kept would keep, and one that is sent to a worker would take along.
 */
const SLAB_BYTES = 4096;

/** What Node keeps of a socket, as far as it is needed here. */
interface NodeSocket extends Socket {
  readonly _handle?: { useUserBuffer?(memory: Uint8Array): void } | null;
  /** Of a TLS socket `true`. */
  readonly encrypted?: boolean;
  [slot: symbol]: unknown;
}

/** Under which names a socket keeps what its `onread` option gave it. */
interface OnreadSlots {
  readonly memory: symbol;
  readonly callback: symbol;
}

/**
 * Gives what a socket read to whoever takes it where it lies, until this returns: the next read, of whatever socket,
 * goes to the same memory. Returns `false` when nobody does.
 */
export type Lend = (socket: Socket, chunk: Buffer) => boolean;

/**
 * Returns a function that has a socket, if it is connected, read into memory that all sockets of this thread share. It
 * hands out copies that are as large as what was read, or lends much at once. Nothing else changes: the stream is what
 * it was, backpressure included.
 *
 * By itself, Node allocates 64 KiB for each read and gives back what was not needed, which is a sixth of the CPU of a
 * small echo, and more of a large one. Its remedy, the `onread` option, is for sockets that connect; one that was
 * accepted gets here what the option would have given it. Where that is not to be found, Node goes on by itself.
 *
 * It does for TLS too. libuv reads a socket only from its loop, so never while what another read is lent; what TLS
 * decrypted may also be read from within a write, of a listener's. And Node takes no more memory for that than it fills.
 */
export function createReadSharing(lend: Lend): (stream: Duplex) => void {
  const slots = findSlots();
  if (slots === null) return () => {};

  /** Called by Node, as a method of the socket. Tells whether to read on. */
  function onRead(this: Socket, byteLength: number): boolean {
    const isLent = byteLength >= MIN_LENT_BYTES && isPassedOnAtOnce(this);
    if (isLent && lend(this, viewOf(readMemory.buffer, readMemory.byteOffset, byteLength))) return true;
    // What has to wait gets memory of its own: one byte would keep all of a slab alive.
    const isWaiting = this.readableFlowing !== true;
    const chunk = isWaiting ? Buffer.allocUnsafeSlow(byteLength) : memoryFor(byteLength);
    readMemory.copy(chunk, 0, 0, byteLength);
    return this.push(chunk);
  }

  return (stream) => {
    if (!(stream instanceof Socket) || stream.connecting) return;
    const socket = stream as NodeSocket;
    if (socket.encrypted) return;
    if (socket[slots.callback] !== null || typeof socket._handle?.useUserBuffer !== 'function') return;
    socket._handle.useUserBuffer(readMemory);
    socket[slots.memory] = readMemory;
    socket[slots.callback] = onRead;
  };
}

let slab = Buffer.alloc(0);
let slabUsed = 0;

function memoryFor(byteLength: number): Buffer {
  if (byteLength * 2 > SLAB_BYTES) return Buffer.allocUnsafeSlow(byteLength);
  if (slabUsed + byteLength > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    // Who gave it away would take others' bytes from them.
    markAsUntransferable(slab.buffer);
    slabUsed = 0;
  }
  const start = slabUsed;
  // The next begins where words do.
  slabUsed = (start + byteLength + 7) & ~7;
  return viewOf(slab.buffer, slab.byteOffset + start, byteLength);
}

/**
 * Stops what `stream` emits. One that shares its reads would also stop reading at once, and so not learn that its peer
 * is gone; like this it reads on until its buffer is full, as every other.
 */
export function pauseStream(stream: Duplex): void {
  if (stream instanceof Socket) Duplex.prototype.pause.call(stream);
  else stream.pause();
}

/** Tells whether the stream would pass a chunk on within this call, and to one listener alone. */
function isPassedOnAtOnce(socket: Socket): boolean {
  return socket.readableFlowing === true && socket.readableLength === 0 && socket.listenerCount('data') === 1;
}

/** Finds the slots by what a socket that was made with the option has in them. */
function findSlots(): OnreadSlots | null {
  const callback = (): boolean => true;
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    onread: { buffer: readMemory, callback },
  };
  const probe = new Socket(options) as NodeSocket;
  const named = (value: unknown) => Object.getOwnPropertySymbols(probe).find((slot) => probe[slot] === value);
  const found = { memory: named(readMemory), callback: named(callback) };
  probe.destroy();
  return found.memory === undefined || found.callback === undefined ? null : (found as OnreadSlots);
}
