import { attempt } from '@hawser/ws/internal';
import { Transport } from './transport.ts';

/** A transport over something that confirms each write, and tells nothing else of what waits. */
export abstract class ConfirmingTransport extends Transport {
  #writes = 0;
  #waitingBytes = 0;

  get bufferedBytes(): number {
    return this.#waitingBytes;
  }

  /** Takes in that `byteLength` bytes were given to it. */
  protected wrote(byteLength: number): void {
    this.writable = false;
    this.#writes++;
    this.#waitingBytes += byteLength;
  }

  /** Takes in that these have left. */
  protected confirm(byteLength: number, callback: (() => void) | null): void {
    this.#writes--;
    this.#waitingBytes -= byteLength;
    if (callback !== null) attempt(callback);
    if (this.#writes > 0 || this.readyState !== 'open') return;
    this.emit('drain');
    this.becomeReady();
  }
}
