/** The process of the clients: opens connections, has them exchange messages, and drops them. */
import { announceReady, answerRequests } from '../control-channel.mjs';
import { Client } from './client.mjs';
import { messageFrame } from './frames.mjs';

const PARALLEL_HANDSHAKES = 64;
/** Of an address with more than some 6,000 ports in use, `bind` finds a free one slowly. */
const CONNECTIONS_PER_ADDRESS = 4_000;

const clients = [];
let fail;
const failed = new Promise((_, reject) => {
  fail = (reason) => reject(new Error(reason));
});
failed.catch(() => {});

answerRequests({
  /** @param network - the first three numbers of the addresses to come from */
  async open({ network, count, messages, messageBytes, ...target }) {
    const frame = messageFrame(messageBytes, target.compression !== undefined);
    let left = count;
    const openInTurn = async () => {
      while (left-- > 0) {
        const localAddress = `${network}.${1 + Math.floor(clients.length / CONNECTIONS_PER_ADDRESS)}`;
        const client = new Client({ ...target, localAddress }, fail);
        clients.push(client);
        await client.opened;
        await client.exchange(frame, messages);
      }
    };
    await Promise.race([Promise.all(Array.from({ length: PARALLEL_HANDSHAKES }, openInTurn)), failed]);
    return clients.length;
  },

  /** How many pings were answered so far. */
  pings() {
    return clients.reduce((sum, client) => sum + client.pings, 0);
  },

  close() {
    for (const client of clients.splice(0)) client.reset();
  },
});
announceReady({});
