/**
 * The chat over Socket.IO: an event per message, named by its type; files as attachments; answers as
 * acknowledgements. One socket for all tries to connect: it is what remembers the session to recover.
 *
 * @implements {Wire}
 *
 * @typedef {import('./connection.js').Wire} Wire
 * @typedef {import('./connection.js').Link} Link
 * @typedef {import('./connection.js').LinkHandler} LinkHandler
 * @typedef {import('/socket.io/socket.io.esm.min.js').Socket} Socket
 */
export class SocketIoWire {
  // Engine.IO has a heartbeat of its own.
  watchesItself = true;
  #connect;
  /** @type {Socket | undefined} */
  #socket;
  /** @type {LinkHandler | undefined} */
  #handler;

  /**
   * @param {(options: { autoConnect: false, reconnection: false }) => Socket} connect the client's `io`
   */
  constructor(connect) {
    this.#connect = connect;
  }

  /** @type {Wire['open']} */
  open(handler) {
    this.#handler = handler;
    this.#socket ??= this.#listen();
    this.#socket.connect();
    const end = (/** @type {string} */ reason) => this.#ended(reason);
    return linkOf(this.#socket, handler, end, () => {
      this.#handler = undefined;
    });
  }

  // When to try again is decided, and shown, by the page.
  #listen() {
    const socket = this.#connect({ autoConnect: false, reconnection: false });
    socket.io.on('open', () => this.#followTransport(socket.io.engine));
    socket.on('connect', () => this.#handler?.onOpen(openingOf(socket)));
    socket.on('connect_error', (error) => this.#ended(`could not connect: ${error.message}`));
    socket.on('disconnect', (reason) => this.#ended(describeReason(reason)));
    socket.onAny((_event, message, bytes) => {
      this.#handler?.onMessage(message, bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : undefined);
    });
    return socket;
  }

  /**
   * A connection begins with HTTP long-polling and is then upgraded, if that is possible.
   *
   * @param {Socket['io']['engine']} engine
   */
  #followTransport(engine) {
    const transports = [engine.transport.name];
    this.#handler?.onTransport(transports);
    engine.on('upgrade', ({ name }) => {
      transports.push(name);
      this.#handler?.onTransport(transports);
    });
  }

  /** @param {string} reason */
  #ended(reason) {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onEnd(reason);
  }
}

/**
 * @param {Socket} socket
 * @param {LinkHandler} handler
 * @param {(reason: string) => void} end
 * @param {() => void} forget
 * @returns {Link}
 */
function linkOf(socket, handler, end, forget) {
  const onAnswer = (/** @type {import('./wire.js').ServerMessage | undefined} */ answer) => {
    if (answer !== undefined) handler.onMessage(answer);
  };
  return {
    queuedBytes: 0,
    send({ type, ...payload }, bytes) {
      if (!socket.connected) return false;
      const attachments = bytes === undefined ? [] : [bytes];
      // A receipt has no answer, and a change of name another one, which all get.
      const answers = type === 'received' ? [] : [onAnswer];
      socket.emit(type, payload, ...attachments, ...answers);
      return true;
    },
    close() {
      socket.disconnect();
      // Before it was open, no event says so.
      end(describeReason('io client disconnect'));
    },
    abandon() {
      forget();
      socket.disconnect();
    },
  };
}

/** @param {Socket} socket */
function openingOf(socket) {
  // Why a recovery was refused is known to a client and a server of Hawser alone.
  const refusal = 'recoveryRefusal' in socket ? socket.recoveryRefusal : undefined;
  return {
    isRecovered: socket.recovered,
    ...(typeof refusal === 'string' ? { refusal } : {}),
  };
}

const REASONS = /** @type {Readonly<Record<string, string | undefined>>} */ ({
  'io server disconnect': 'the server ended it',
  'io client disconnect': 'you ended it',
  'transport close': 'the other end closed it, or the network is gone',
  'transport error': 'the transport failed',
  'ping timeout': 'the server went silent',
});

/** @param {string} reason */
function describeReason(reason) {
  const meaning = REASONS[reason];
  return meaning === undefined ? `“${reason}”` : `“${reason}”: ${meaning}`;
}
