import { announceReady, answerRequests } from '../control-channel.mjs';
import { ConnectionPool } from './connection-pool.mjs';
import { DeflateEchoLoad } from './deflate-echo-load.mjs';
import { DeflateFanOutLoad } from './deflate-fan-out-load.mjs';
import { DeflateMemoryLoad } from './deflate-memory-load.mjs';
import { EchoLoad } from './echo-load.mjs';
import { FanOutLoad } from './fan-out-load.mjs';
import { IdleLoad } from './idle-load.mjs';

const LOADS = Object.freeze({
  echo: EchoLoad,
  'fan-out': FanOutLoad,
  idle: IdleLoad,
  'deflate-echo': DeflateEchoLoad,
  'deflate-fan-out': DeflateFanOutLoad,
  'deflate-memory': DeflateMemoryLoad,
});

const OFFERS = Object.freeze({
  'no-context': 'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  context: 'permessage-deflate',
});

class LoadGenerator {
  #pool;
  #load;

  async open({ port, workload, isText }) {
    this.#pool = new ConnectionPool(port, OFFERS[workload.compression]);
    this.#load = new LOADS[workload.mode](this.#pool, workload, isText);
    await Promise.race([this.#load.open(), this.#pool.failed]);
  }

  async run({ durationMs }) {
    const cpuBefore = process.cpuUsage();
    const result = await Promise.race([this.#load.run(durationMs), this.#pool.failed]);
    const { user, system } = process.cpuUsage(cpuBefore);
    return { ...result, generatorCpuUs: user + system };
  }

  close() {
    this.#pool.reset();
  }
}

answerRequests(new LoadGenerator());
announceReady({});
