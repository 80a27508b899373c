import net from 'node:net';
import { answerOffers } from './deflate/agreement.mjs';
import { responseFields } from './groups/client-handshake.mjs';
import { requestProblems, writeHead } from './http-head.mjs';
import { RawConnection } from './raw-connection.mjs';

const HEAD_WAIT_MS = 8000;

/**
 * The client under test: listens for it, and hands each connection to the case that its path names.
 * The client opens `<url>/case/1` to `<url>/case/<count>`, in any order, and echoes whatever it receives.
 */
export class ClientSubject {
  #server;
  #sockets = new Set();
  #seenKeys = new Set();
  #onCase;

  /** @param onCase - takes `(number, session)` for every connection with a readable request */
  constructor(onCase) {
    this.#onCase = onCase;
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listen on a free port of the loopback interface; returns the URL to give to the client. */
  async listen() {
    await new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    this.authority = `127.0.0.1:${this.#server.address().port}`;
    return `ws://${this.authority}`;
  }

  /** Stop listening and let go of every connection. */
  async close() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #accept(socket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const connection = new RawConnection(socket);
    const request = await connection.readHead(HEAD_WAIT_MS);
    const number = Number(/^GET \/case\/(\d+)[ ?]/.exec(request?.startLine ?? '')?.[1]);
    if (Number.isNaN(number)) {
      // A redirect that was followed, or no WebSocket client at all.
      await connection.write([
        writeHead('HTTP/1.1 404 Not Found', [
          ['Content-Length', '0'],
          ['Connection', 'close'],
        ]),
      ]);
      connection.end();
      return;
    }
    this.#onCase(number, {
      connection,
      request,
      authority: this.authority,
      openPeer: (seed, deflate) => this.#openPeer(connection, request, seed, deflate),
    });
  }

  /** Do the handshake; throws a sentence when the request is wrong. */
  async #openPeer(connection, request, seed, deflate) {
    const problems = requestProblems(request, this.authority);
    const [key] = request.fields.get('sec-websocket-key') ?? [''];
    // RFC 6455 4.1: the nonce MUST be selected randomly for each connection.
    if (this.#seenKeys.has(key)) problems.push(`the key "${key}" was used before`);
    this.#seenKeys.add(key);
    if (problems.length > 0) {
      connection.destroy();
      throw new Error(problems.join('; '));
    }
    const fields = responseFields(key);
    let agreement;
    if (deflate) {
      const chosen = answerOffers(request.fields.get('sec-websocket-extensions'), deflate.answer);
      fields.push(['Sec-WebSocket-Extensions', chosen.answer]);
      agreement = chosen.agreement;
    }
    await connection.write([writeHead('HTTP/1.1 101 Switching Protocols', fields)]);
    return connection.toPeer('server', seed, agreement);
  }
}
