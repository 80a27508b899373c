const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']];
const ACK_TIMEOUT_MS = 2000;
/** So many tries that only a server that does not come back uses them up. */
const RETRIES = 1000;

/** One client: it puts numbers, one after the other, and hears the news. What must not be is in `faults`. */
export class Client {
  faults = [];
  /** The numbers that were acknowledged, each with the life of the server that did. */
  acknowledged = new Map();
  heard = 0;
  recoveries = 0;
  refusals = new Map();
  #name;
  #random;
  #socket;
  #put = 0;
  #lastNews = { life: 0, number: 0 };
  /** The next news may be any: the server knows nothing of what came before. */
  #isFresh = true;
  /** What it missed is being sent again. */
  #isCatchingUp = false;

  constructor(io, url, name, random) {
    this.#name = name;
    this.#random = random;
    this.#socket = io(url, {
      transports: this.#pickTransports(),
      auth: { name },
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 500,
      timeout: 3000,
      retries: RETRIES,
      ackTimeout: ACK_TIMEOUT_MS,
    });
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('news', (life, number) => this.#onNews(life, number));
    // What was missed may come before the event that says that it will.
    this.#socket.on('disconnect', () => {
      this.#isCatchingUp = true;
    });
    this.#socket.on('caught up', (connection, life, number) => {
      // It may be one of the things that were missed.
      if (connection !== this.#socket.io.engine.id) return;
      this.#checkGap(life, number + 1);
      this.#lastNews = { life, number };
      this.#isCatchingUp = false;
    });
    this.#socket.io.on('reconnect_attempt', () => {
      this.#socket.io.opts.transports = this.#pickTransports();
    });
  }

  get pending() {
    return this.#put - this.acknowledged.size;
  }

  get isConnected() {
    return this.#socket.connected;
  }

  /** Puts so many more numbers, at once. */
  put(count) {
    for (let i = 0; i < count; i++) {
      const number = ++this.#put;
      this.#socket.emit('put', number, (error, life) => this.#onAcknowledged(number, error, life));
    }
  }

  close() {
    this.#socket.disconnect();
  }

  #onConnect() {
    const { recovered, recoveryRefusal } = this.#socket;
    if (recovered) {
      this.recoveries++;
      return;
    }
    this.#isFresh = true;
    this.#isCatchingUp = false;
    if (recoveryRefusal !== undefined) {
      this.refusals.set(recoveryRefusal, (this.refusals.get(recoveryRefusal) ?? 0) + 1);
    }
  }

  #onNews(life, number) {
    const before = this.#lastNews;
    this.heard++;
    if (life < before.life) this.#fault(`news of life ${life} after those of ${before.life}`);
    else if (life === before.life && number <= before.number) {
      this.#fault(`news ${number} of life ${life} after ${before.number}`);
    } else if (!this.#isFresh) {
      this.#checkGap(life, number);
    }
    this.#isFresh = false;
    this.#lastNews = { life, number };
  }

  #checkGap(life, number) {
    const before = this.#lastNews;
    if (life !== before.life) this.#fault(`news of life ${life} in a session of life ${before.life}`);
    for (let missing = before.number + 1; missing < number; missing++) {
      // Every third is sent to who is there at that moment, and to nobody else.
      if (this.#isCatchingUp && missing % 3 === 0) continue;
      this.#fault(`news ${missing} of life ${life} is missing before ${number}`);
      return;
    }
  }

  #onAcknowledged(number, error, life) {
    if (error) this.#fault(`put ${number} failed: ${error.message}`);
    else if (this.acknowledged.has(number)) this.#fault(`put ${number} was acknowledged twice`);
    this.acknowledged.set(number, life);
  }

  #fault(text) {
    this.faults.push(`client ${this.#name}: ${text}`);
  }

  #pickTransports() {
    return this.#random.pick(TRANSPORTS);
  }
}
