import { announceReady, answerRequests } from '../control-channel.mjs';
import { ConnectLoad } from './connect-load.mjs';
import { ConnectionPool } from './connection-pool.mjs';
import { DeflateEchoLoad } from './deflate-echo-load.mjs';
import { DeflateFanOutLoad } from './deflate-fan-out-load.mjs';
import { DeflateMemoryLoad } from './deflate-memory-load.mjs';
import { EchoLoad } from './echo-load.mjs';
import { FanOutLoad } from './fan-out-load.mjs';
import { IdleLoad } from './idle-load.mjs';
import { PollingEchoLoad } from './polling-echo-load.mjs';
import { SocketIoProtocol } from './protocols/socketio-protocol.mjs';
import { WebSocketProtocol } from './protocols/websocket-protocol.mjs';

const LOADS = Object.freeze({
  echo: EchoLoad,
  'fan-out': FanOutLoad,
  idle: IdleLoad,
  connect: ConnectLoad,
  'polling-echo': PollingEchoLoad,
  'deflate-echo': DeflateEchoLoad,
  'deflate-fan-out': DeflateFanOutLoad,
  'deflate-memory': DeflateMemoryLoad,
});

const PROTOCOLS = Object.freeze({ websocket: WebSocketProtocol, 'socket.io': SocketIoProtocol });

class LoadGenerator {
  #pool;
  #load;

  async open({ port, workload, isText }) {
    const protocol = new PROTOCOLS[workload.protocol](workload, isText);
    const pool = new ConnectionPool(port, protocol);
    this.#pool = pool;
    this.#load = new LOADS[workload.mode]({ pool, protocol, workload, isText });
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
