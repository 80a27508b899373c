import { existsSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

const DESCRIPTORS = '/proc/self/fd';
/** What one collection lets go, the next may find: finalizers and buffers are freed a turn later. */
const COLLECTIONS = 4;

/** What this process holds, garbage collected. Needs --expose-gc. */
export async function readFootprint() {
  for (let i = 0; i < COLLECTIONS; i += 1) {
    globalThis.gc();
    await setImmediate();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    heapBytes: heapUsed,
    externalBytes: external,
    rssBytes: rss,
    handles: process.getActiveResourcesInfo().length,
    // Linux alone can tell.
    descriptors: existsSync(DESCRIPTORS) ? readdirSync(DESCRIPTORS).length : 0,
  };
}
