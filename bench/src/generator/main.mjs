import { announceReady, answerRequests } from '../control-channel.mjs';
import { ConnectionPool } from './connection-pool.mjs';
import { EchoLoad } from './echo-load.mjs';
import { FanOutLoad } from './fan-out-load.mjs';
import { IdleLoad } from './idle-load.mjs';

const LOADS = Object.freeze({ echo: EchoLoad, 'fan-out': FanOutLoad, idle: IdleLoad });

class LoadGenerator {
  #pool;
  #load;

  async open({ port, workload, isText }) {
    this.#pool = new ConnectionPool(port);
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
