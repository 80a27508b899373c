import { connect } from 'node:net';
import { Connection } from './connection.mjs';

/** Large, so that the kernel hands over whatever it has in one call. */
const READ_BUFFER_BYTES = 1_048_576;

/** The connections of one load. The bytes they receive are counted, not kept, so one read buffer serves all. */
export class ConnectionPool {
  #port;
  #extensions;
  #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #connections = new Set();
  #rejectFailed;

  /** Rejects as soon as a connection fails or the server sends what it should not. Never resolves. */
  failed = new Promise((_, reject) => {
    this.#rejectFailed = reject;
  });

  /** @param extensions - what every handshake offers, if anything */
  constructor(port, extensions) {
    this.#port = port;
    this.#extensions = extensions;
    this.failed.catch(() => {});
  }

  /** Connects and upgrades; resolves with the connection once the server has switched protocols. */
  open(path = '/') {
    return new Promise((resolve) => {
      let connection;
      const socket = connect({
        port: this.#port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          buffer: this.#readBuffer,
          callback: (byteLength, buffer) => {
            connection.receive(byteLength, buffer);
            return true;
          },
        },
      });
      connection = new Connection(socket, path, this.#extensions, resolve, (reason) => this.fail(reason));
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
    });
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
