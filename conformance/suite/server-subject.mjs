import { createHash } from 'node:crypto';
import net from 'node:net';
import { judgeAnswer } from './deflate/agreement.mjs';
import { responseProblems, writeHead } from './http-head.mjs';
import { RawConnection } from './raw-connection.mjs';

const CONNECT_WAIT_MS = 8000;
const HEAD_WAIT_MS = 8000;

/** The server under test: opens connections to it, bare or with the handshake done. */
export class ServerSubject {
  /** @param url - `ws://host:port/path` of an echo server */
  constructor(url) {
    const { protocol, hostname, port, pathname, search } = new URL(url);
    if (protocol !== 'ws:') throw new Error(`the target must be a ws: URL, not ${url}`);
    this.port = Number(port || 80);
    this.hostname = hostname.replace(/^\[|\]$/g, '');
    this.authority = port ? `${hostname}:${port}` : hostname;
    this.path = pathname + search;
  }

  /** The fields of a plain request, as `[name, value]` pairs. */
  fields(key) {
    return [
      ['Host', this.authority],
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Key', key],
      ['Sec-WebSocket-Version', '13'],
    ];
  }

  /** Connect TCP. */
  connect() {
    return new Promise((resolve, reject) => {
      const options = { port: this.port, host: this.hostname, allowHalfOpen: true };
      const socket = net.connect(options, () => {
        socket.setTimeout(0);
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
      socket.setTimeout(CONNECT_WAIT_MS, () =>
        socket.destroy(new Error('the target does not accept connections')),
      );
      socket.once('error', reject);
    });
  }

  /**
   * Connect and do the handshake; throws a sentence when that fails.
   *
   * @param deflate.offers - the value, or the values, of Sec-WebSocket-Extensions; none for a plain handshake
   */
  async openPeer(seed, deflate) {
    const connection = await this.connect();
    const key = keyFor(seed);
    const offers = deflate ? [deflate.offers].flat() : [];
    const fields = [...this.fields(key), ...offers.map((offer) => ['Sec-WebSocket-Extensions', offer])];
    await connection.write(writeHead(`GET ${this.path} HTTP/1.1`, fields));
    const response = await connection.readHead(HEAD_WAIT_MS);
    const problems = response
      ? responseProblems(response, key, { mayExtend: deflate !== undefined })
      : ['no response to the opening handshake'];
    try {
      if (problems.length > 0) throw new Error(problems.join('; '));
      const answers = response.fields.get('sec-websocket-extensions');
      return connection.toPeer('client', seed, deflate && judgeAnswer(offers.join(', '), answers));
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }
}

/** A key that is the same in every run, so that a failure can be repeated. */
export function keyFor(seed) {
  return createHash('sha256').update(seed).digest().subarray(0, 16).toString('base64');
}
