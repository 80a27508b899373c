import { CLOSE_FRAME_BYTE } from './frames.mjs';

/** One raw connection: bytes out, and the bytes that come in handed to whoever waits for them. */
export class Connection {
  /** Told how many bytes arrived, and the shared buffer whose beginning they are, until it returns. */
  onBytes = (byteLength) => this.#fail(`the server sent ${byteLength} bytes that nobody asked for`);

  #socket;
  #isReset = false;
  #fail;
  #onClosed = () => this.#fail('the server closed a connection');

  constructor(socket, fail) {
    this.#socket = socket;
    this.#fail = (reason) => !this.#isReset && fail(reason);
    socket.on('error', (error) => this.#fail(`a connection failed: ${error.message}`));
    socket.on('close', () => this.#onClosed());
  }

  write(bytes) {
    this.#socket.write(bytes);
  }

  /** Writes `farewell`, a close frame at its end; resolves when the server has answered that and ended the connection. */
  close(farewell) {
    let isAnswered = false;
    this.onBytes = (byteLength, buffer) => {
      isAnswered ||= buffer.subarray(0, byteLength).includes(CLOSE_FRAME_BYTE);
    };
    this.write(farewell);
    return new Promise((resolve) => {
      this.#onClosed = () => (isAnswered ? resolve() : this.#fail('the server did not answer a close frame'));
    });
  }

  reset() {
    this.#isReset = true;
    this.#socket.resetAndDestroy();
  }
}
