import { connect } from 'node:net';
import { Connection } from './connection.mjs';

/** Large, so that the kernel hands over whatever it has in one call. */
const READ_BUFFER_BYTES = 1_048_576;

/** The connections of one load. The bytes they receive are counted, not kept, so one read buffer serves all. */
export class ConnectionPool {
  #port;
  #protocol;
  #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #connections = new Set();
  #rejectFailed;

  /** Rejects as soon as a connection fails or the server sends what it should not. Never resolves. */
  failed = new Promise((_, reject) => {
    this.#rejectFailed = reject;
  });

  /** @param protocol - how a connection is opened for messages */
  constructor(port, protocol) {
    this.#port = port;
    this.#protocol = protocol;
    this.failed.catch(() => {});
  }

  /** A TCP connection; what is written before it is there waits. */
  connect() {
    let connection;
    const socket = connect({
      port: this.#port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: this.#readBuffer,
        callback: (byteLength, buffer) => {
          connection.onBytes(byteLength, buffer);
          return true;
        },
      },
    });
    connection = new Connection(socket, (reason) => this.fail(reason));
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
    return connection;
  }

  /** Connects; resolves with the connection once messages can be exchanged. */
  async open({ isPublisher = false } = {}) {
    const connection = this.connect();
    const { onBytes } = connection;
    await this.#protocol.open(connection, { isPublisher, fail: (reason) => this.fail(reason) });
    connection.onBytes = onBytes;
    return connection;
  }

  /** Opens `count` connections with at most `parallel` handshakes at a time; `opened` is told how long each took. */
  async openMany(count, parallel, opened = () => {}) {
    const connections = [];
    let remaining = count;
    const openInTurn = async () => {
      while (remaining-- > 0) {
        const startedAt = performance.now();
        connections.push(await this.open());
        opened(performance.now() - startedAt);
      }
    };
    await Promise.all(Array.from({ length: parallel }, openInTurn));
    return connections;
  }

  fail(reason) {
    this.#rejectFailed(new Error(reason));
  }

  /** Resets rather than closes: thousands of sockets in TIME_WAIT would use up the ports of the next samples. */
  reset() {
    for (const connection of this.#connections) connection.reset();
  }
}
