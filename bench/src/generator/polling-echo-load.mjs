import { payload } from '../payload.mjs';
import { HttpExchange } from './http-exchange.mjs';
import { Latencies } from './latencies.mjs';
import { CONNECT_PACKET, isConnectAnswer, textEvent } from './protocols/socketio-packets.mjs';

const PATH = '/socket.io/?EIO=4&transport=polling';

/**
 * Socket.IO clients that never leave long-polling. Each has a GET waiting while it POSTs its message; when the POST is
 * confirmed and the GET has brought the reply, the next pair follows. Two connections each, as a browser has it.
 */
export class PollingEchoLoad {
  #pool;
  #workload;
  #packet;
  #clients;

  constructor({ pool, workload }) {
    this.#pool = pool;
    this.#workload = workload;
    this.#packet = textEvent(payload(workload.payloadBytes));
  }

  async open() {
    this.#clients = [];
    for (let index = 0; index < this.#workload.connections; index++) {
      this.#clients.push(await this.#openClient());
    }
  }

  run(durationMs) {
    const latencies = new Latencies();
    const startedAt = performance.now();
    let count = 0;
    let running = this.#clients.length;
    return new Promise((resolve) => {
      const replied = (latencyMs, now) => {
        latencies.record(latencyMs);
        count++;
        if (now - startedAt < durationMs) return true;
        running--;
        if (running === 0) resolve({ count, elapsedMs: now - startedAt, ...latencies.percentiles() });
        return false;
      };
      for (const client of this.#clients) this.#runClient(client, replied);
    });
  }

  async #openClient() {
    const fail = (reason) => this.#pool.fail(reason);
    const poll = new HttpExchange(this.#pool.connect(), fail);
    const post = new HttpExchange(this.#pool.connect(), fail);
    const opening = await poll.ask(getRequest(PATH));
    const { sid } = JSON.parse(opening.slice(1));
    const path = `${PATH}&sid=${sid}`;
    const get = Buffer.from(getRequest(path));
    await post.ask(postRequest(path, CONNECT_PACKET));
    const answer = await poll.ask(get);
    if (!isConnectAnswer(answer)) fail(`the server answered the CONNECT with ${answer}`);
    return { poll, post, getBytes: get, postBytes: Buffer.from(postRequest(path, this.#packet)) };
  }

  #runClient({ poll, post, getBytes, postBytes }, replied) {
    let sentAt;
    let missing;
    const send = (now) => {
      sentAt = now;
      missing = 2;
      poll.send(getBytes, polled);
      post.send(postBytes, posted);
    };
    const arrived = () => {
      missing--;
      if (missing > 0) return;
      const now = performance.now();
      if (replied(now - sentAt, now)) send(now);
    };
    const polled = (body) => {
      if (body !== this.#packet) this.#pool.fail(`the reply is not the message: ${body}`);
      arrived();
    };
    const posted = (body) => {
      if (body !== 'ok') this.#pool.fail(`the server did not confirm a POST: ${body}`);
      arrived();
    };
    send(performance.now());
  }
}

function getRequest(path) {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
}

function postRequest(path, body) {
  return (
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain;charset=UTF-8\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}
