import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { cert } from './certificate.mjs';
import { FrameCounter, PONG } from './frames.mjs';

const HEAD_END = '\r\n\r\n';
const KEY = Buffer.alloc(16, 'hawser').toString('base64');

/** One connection that upgrades itself, answers pings, and has messages echoed. */
export class Client {
  /** How many were answered. */
  pings = 0;

  #socket;
  #frames = new FrameCounter();
  #head = '';
  #isOpen = false;
  #isReset = false;
  #onOpen;
  #onMessages = () => {};
  #fail;

  /** @param fail - told why the connection cannot be used, or not any more */
  constructor({ port, localAddress, isTls, compression }, fail) {
    this.#fail = (reason) => this.#isReset || fail(reason);
    const target = { port, host: '127.0.0.1', localAddress };
    this.#socket = isTls ? connectTls({ ...target, ca: cert }) : connectTcp({ ...target, noDelay: true });
    this.#socket.on('data', (chunk) => (this.#isOpen ? this.#receive(chunk) : this.#receiveHead(chunk)));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the server closed a connection'));
    const extensions = compression === undefined ? '' : 'Sec-WebSocket-Extensions: permessage-deflate\r\n';
    this.#socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n${extensions}\r\n`,
    );
    this.opened = new Promise((resolve) => {
      this.#onOpen = resolve;
    });
    this.hasCompression = compression !== undefined;
  }

  /** Sends `frame` and waits for its echo, `count` times. */
  async exchange(frame, count) {
    for (let done = 0; done < count; done++) {
      const reply = new Promise((resolve) => {
        this.#onMessages = resolve;
      });
      this.#socket.write(frame);
      await reply;
    }
  }

  /** Thousands of sockets in TIME_WAIT would use up the ports of the next samples. */
  reset() {
    this.#isReset = true;
    this.#socket.resetAndDestroy();
  }

  #receiveHead(chunk) {
    this.#head += chunk.latin1Slice();
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    const isAgreed = /permessage-deflate/i.test(this.#head) === this.hasCompression;
    if (!this.#head.startsWith('HTTP/1.1 101 ') || !isAgreed) this.#fail(`unexpected answer: ${this.#head}`);
    this.#head = '';
    this.#isOpen = true;
    this.#onOpen();
  }

  #receive(chunk) {
    const { pings, messages } = this.#frames.count(chunk);
    this.pings += pings;
    if (pings > 0) this.#socket.write(PONG);
    if (messages > 0) this.#onMessages();
  }
}
