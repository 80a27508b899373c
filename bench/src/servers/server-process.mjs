import { announceReady, answerRequests } from '../control-channel.mjs';
import { jsonMessages, payload } from '../payload.mjs';

const COLLECTIONS = 3;
const SETTLE_MS = 100;

/**
 * What this server process is to do: whether it fans out, the `message` that it publishes or, compressed, the next of
 * `messages`, and `compression`.
 */
export function serverSettings() {
  const { mode, payloadBytes, compression, isText } = JSON.parse(process.argv[2]);
  const bytes = payload(payloadBytes);
  const json = compression === undefined ? [] : jsonMessages(payloadBytes);
  const messages = json.map((bytes) => (isText ? bytes.toString() : bytes));
  const isFanOut = mode.endsWith('fan-out');
  return { isFanOut, compression, messages, isText, message: isText ? bytes.toString() : bytes };
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
