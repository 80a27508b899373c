/** The load: holds the connections and runs the workloads. Told what to do by main.mjs. */
import { readFootprint } from './footprint.mjs';
import { serveRequests } from './remote.mjs';
import {
  abandoned,
  aborted,
  burst,
  churn,
  compressed,
  openClient,
  oversized,
  slowReaders,
  stuckHandshakes,
} from './workloads.mjs';

const held = [];
const MAX_DIALLING = 100;

serveRequests({
  async open({ ports, connections }) {
    while (held.length < connections) {
      const count = Math.min(MAX_DIALLING, connections - held.length);
      const opening = Array.from({ length: count }, (_, i) =>
        openClient(ports[(held.length + i) % ports.length], 'all'),
      );
      held.push(...(await Promise.all(opening)));
    }
  },
  churn: ({ ports }) => churn(held, ports),
  burst: () => burst(held),
  compressed: () => compressed(held),
  oversized: ({ ports }) => oversized(ports),
  hostile: ({ ports, impatientPort }) =>
    Promise.all([stuckHandshakes(impatientPort), abandoned(impatientPort), aborted(ports)]),
  slowReaders: ({ ports }) => slowReaders(ports, () => process.send({ event: 'flood' })),
  broadcast: ({ count }) => receiveAll(count),
  openCount: () => held.filter(({ readyState }) => readyState === 1).length,
  footprint: readFootprint,
});

/** Every held connection gets `count` binary messages. */
async function receiveAll(count) {
  const done = held.map(
    (client) =>
      new Promise((resolve, reject) => {
        let left = count;
        client.onclose = ({ code }) => reject(new Error(`closed with ${code} while all was well`));
        client.onmessage = () => {
          left -= 1;
          if (left === 0) resolve();
        };
      }),
  );
  process.send({ event: 'listening' });
  await Promise.all(done);
  for (const client of held) {
    client.onmessage = null;
    client.onclose = null;
  }
}
