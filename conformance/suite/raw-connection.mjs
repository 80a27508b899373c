import { setTimeout } from 'node:timers/promises';
import { parseHead } from './http-head.mjs';
import { Peer } from './peer.mjs';
import { Signal } from './signal.mjs';

/** One TCP connection before the handshake is done: bytes out, one HTTP head in. */
export class RawConnection {
  /** What has been received and not yet parsed. */
  received = Buffer.alloc(0);
  /** Whether the subject has closed its direction, or the whole connection. */
  isClosed = false;
  #socket;
  #signal = new Signal();
  #listeners = {
    data: (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#signal.notify();
    },
    end: () => this.#markClosed(),
    close: () => this.#markClosed(),
    error: () => this.#markClosed(),
  };

  /** @param socket - connected, `allowHalfOpen` */
  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
  }

  /** Write bytes or text in latin1, with `pauseMs` after each part when given a list. */
  async write(parts, pauseMs = 1) {
    const list = Array.isArray(parts) ? parts : [parts];
    for (const part of list) {
      if (this.isClosed) return;
      this.#socket.write(part, 'latin1');
      if (list.length > 1) await setTimeout(pauseMs);
    }
  }

  /** Close our direction. */
  end() {
    this.#socket.end();
  }

  /** Let go. */
  destroy() {
    this.#socket.destroy();
  }

  /** Read one head; undefined when none is complete after `waitMs` or before the end. */
  async readHead(waitMs) {
    await this.until(() => this.isClosed || parseHead(this.received) !== undefined, waitMs);
    return parseHead(this.received);
  }

  /** Resolve to true as soon as `isDone()` holds, to false after `waitMs`. */
  until(isDone, waitMs) {
    return this.#signal.until(isDone, waitMs);
  }

  /**
   * Hand the connection over to frames, once a head has been read; what came after it goes along.
   * `agreement` holds the parameters of permessage-deflate, where it was agreed on.
   */
  toPeer(plays, seed, agreement) {
    for (const [event, listener] of Object.entries(this.#listeners)) this.#socket.off(event, listener);
    const { rest } = parseHead(this.received);
    return new Peer(this.#socket, { plays, rest, seed, hasEnded: this.isClosed, agreement });
  }

  #markClosed() {
    this.isClosed = true;
    this.#signal.notify();
  }
}
