/** One raw connection: bytes out, and the bytes that come in handed to whoever waits for them. */
export class Connection {
  /** Told how many bytes arrived, and the shared buffer whose beginning they are, until it returns. */
  onBytes = (byteLength) => this.#fail(`the server sent ${byteLength} bytes that nobody asked for`);

  #socket;
  #isReset = false;
  #fail;

  constructor(socket, fail) {
    this.#socket = socket;
    this.#fail = (reason) => !this.#isReset && fail(reason);
    socket.on('error', (error) => this.#fail(`a connection failed: ${error.message}`));
    socket.on('close', () => this.#fail('the server closed a connection'));
  }

  write(bytes) {
    this.#socket.write(bytes);
  }

  reset() {
    this.#isReset = true;
    this.#socket.resetAndDestroy();
  }
}
