import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '../../fuzz/src/random.mjs';
import { Client } from './client.mjs';
import { Cutter } from './cutter.mjs';
import { judgeJournal } from './journal.mjs';

const STEP_MS = 250;
/** Steps between two deaths of the server; every other one is a kill, the rest say goodbye. */
const STEPS_PER_LIFE = 20;
const BURST = 5;
/** How long nobody may get on, when the trouble is over and not all have come to rest. */
const MAX_STANDSTILL_MS = 30_000;
const MAX_FAULTS_SHOWN = 20;

/** One run: a server and its successors, clients, and the trouble between them. */
export class Run {
  #options;
  #journal;
  #random;
  #cutter = new Cutter();
  #clients = new Map();
  #server;
  #life = 0;
  #faults = [];

  constructor(options, journal) {
    this.#options = options;
    this.#journal = journal;
    this.#random = new Random(options.seed);
    writeFileSync(journal, '');
  }

  async open() {
    const { clients, client: stack } = this.#options;
    await this.#startServer();
    const url = `http://127.0.0.1:${await this.#cutter.listen()}`;
    const { io } = await import(stack === 'hawser' ? '@hawser/client' : 'socket.io-client');
    for (let i = 0; i < clients; i++) {
      this.#clients.set(String(i), new Client(io, url, String(i), this.#random));
    }
  }

  async trouble() {
    const endMs = performance.now() + this.#options.seconds * 1000;
    for (let step = 1; performance.now() < endMs; step++) {
      for (const client of this.#clients.values()) client.put(1 + this.#random.below(BURST));
      await sleep(STEP_MS);
      this.#cutter.cut(() => this.#random.oneIn(20));
      this.#cutter.freeze(() => this.#random.oneIn(100));
      if (step % STEPS_PER_LIFE === 0) await this.#replaceServer(step % (2 * STEPS_PER_LIFE) === 0);
    }
  }

  /** Until everybody is connected, and everything is acknowledged. Who gets on, however slowly, does not hang. */
  async rest() {
    let leastPending = Number.POSITIVE_INFINITY;
    let deadlineMs = 0;
    for (;;) {
      const restless = [...this.#clients].filter(([, client]) => isRestless(client));
      if (restless.length === 0) return;
      const pending = restless.reduce((sum, [, client]) => sum + client.pending, 0);
      if (pending < leastPending) {
        leastPending = pending;
        deadlineMs = performance.now() + MAX_STANDSTILL_MS;
      } else if (performance.now() > deadlineMs) {
        throw new Error(`${restless.length} clients hang: ${restless.slice(0, 5).map(describe).join(', ')}`);
      }
      await sleep(STEP_MS);
    }
  }

  report() {
    const clients = [...this.#clients.values()];
    const sum = (quantity) => clients.reduce((total, client) => total + quantity(client), 0);
    const acknowledged = new Map([...this.#clients].map(([name, client]) => [name, client.acknowledged]));
    const faults = [
      ...this.#faults,
      ...clients.flatMap((client) => client.faults),
      ...judgeJournal(this.#journal, acknowledged),
    ];
    const refusals = {};
    for (const client of clients) {
      for (const [reason, count] of client.refusals) refusals[reason] = (refusals[reason] ?? 0) + count;
    }
    console.log(
      `  ${this.#life} lives, ${sum((client) => client.acknowledged.size)} puts acknowledged, ` +
        `${sum((client) => client.heard)} news heard, ${sum((client) => client.recoveries)} recoveries, ` +
        `refused: ${JSON.stringify(refusals)}`,
    );
    for (const fault of faults.slice(0, MAX_FAULTS_SHOWN)) console.error(`  ${fault}`);
    if (faults.length > 0) console.error(`  ${faults.length} promises broken`);
    return faults.length === 0 ? 0 : 1;
  }

  close() {
    for (const client of this.#clients.values()) client.close();
    this.#cutter.close();
    this.#server?.kill('SIGKILL');
  }

  async #replaceServer(isKill) {
    const exit = once(this.#server, 'exit');
    this.#server.kill(isKill ? 'SIGKILL' : 'SIGTERM');
    const [code] = await exit;
    if (!isKill && code !== 0)
      this.#faults.push(`life ${this.#life} ended with ${code}: its close hangs, or fails`);
    await this.#startServer();
  }

  async #startServer() {
    const args = [this.#options.server, String(++this.#life), this.#journal, this.#options.broken];
    this.#server = fork(fileURLToPath(new URL('server.mjs', import.meta.url)), args);
    const [{ port }] = await once(this.#server, 'message');
    this.#cutter.forwardTo(port);
  }
}

function isRestless({ pending, isConnected }) {
  return pending > 0 || !isConnected;
}

function describe([name, { pending, isConnected }]) {
  return `${name} (${pending} pending, ${isConnected ? '' : 'not '}connected)`;
}
