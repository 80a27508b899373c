import { announceReady, answerRequests } from '../control-channel.mjs';
import { payload } from '../payload.mjs';

const COLLECTIONS = 3;
const SETTLE_MS = 100;

/** What this server process is to do: `mode`, `isText` and the `message` that it publishes. */
export function serverSettings() {
  const { mode, payloadBytes, isText } = JSON.parse(process.argv[2]);
  const bytes = payload(payloadBytes);
  return { isFanOut: mode === 'fan-out', isText, message: isText ? bytes.toString() : bytes };
}

/** Announces the port and answers what the benchmark asks about this process; `more` are further answers. */
export function serveBenchmark({ port, version }, more = {}) {
  answerRequests({
    ...more,

    usage() {
      const { user, system } = process.cpuUsage();
      return { userUs: user, systemUs: system };
    },

    async collectGarbage() {
      for (let collection = 0; collection < COLLECTIONS; collection++) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      }
      const { rss, heapUsed } = process.memoryUsage();
      return { residentBytes: rss, heapBytes: heapUsed };
    },
  });
  announceReady({ port, version });
}

function collect() {
  if (process.versions.bun === undefined) globalThis.gc();
  else Bun.gc(true);
}
