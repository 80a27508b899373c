const HEAD_END = Buffer.from('\r\n\r\n');
const KEY = Buffer.alloc(16, 'hawser').toString('base64');

/** One raw connection: its own HTTP upgrade, then bytes. Nothing is parsed once the handshake is done. */
export class Connection {
  /** Told how many bytes arrived, and the shared buffer whose beginning they are, until it returns. */
  onBytes = (byteLength) => this.#fail(`the server sent ${byteLength} bytes that nobody asked for`);

  #socket;
  #head = Buffer.alloc(0);
  #isOpen = false;
  #isReset = false;
  #opened;
  #fail;

  constructor(socket, path, extensions, opened, fail) {
    this.#socket = socket;
    this.#opened = opened;
    this.#fail = (reason) => !this.#isReset && fail(reason);
    socket.on('error', (error) => this.#fail(`a connection failed: ${error.message}`));
    socket.on('close', () => this.#fail('the server closed a connection'));
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n` +
        (extensions === undefined ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`) +
        '\r\n',
    );
  }

  write(bytes) {
    this.#socket.write(bytes);
  }

  receive(byteLength, buffer) {
    if (this.#isOpen) this.onBytes(byteLength, buffer);
    else this.#receiveHead(buffer.subarray(0, byteLength));
  }

  reset() {
    this.#isReset = true;
    this.#socket.resetAndDestroy();
  }

  #receiveHead(bytes) {
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf(HEAD_END);
    if (end === -1) return;
    const statusLine = this.#head.latin1Slice(0, this.#head.indexOf('\r\n'));
    if (!statusLine.startsWith('HTTP/1.1 101 ')) this.#fail(`the server refused the upgrade: ${statusLine}`);
    else if (this.#head.length > end + HEAD_END.length) this.#fail('the server spoke first');
    this.#head = undefined;
    this.#isOpen = true;
    this.#opened(this);
  }
}
