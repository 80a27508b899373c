import { expect, it } from 'vitest';
import { ours, upstream, type WsModule } from './modules.ts';
import { Recorder, type Trace } from './recorder.ts';

/** A script that waits for what does not come is stuck; how far it came is then compared all the same. */
const MAX_SCRIPT_MS = 8_000;

/** Uses a module, and records what comes of it. */
export type Script = (ws: WsModule, log: Recorder) => unknown;

/** A test: the script must leave the same trace with `ws` and with our module. */
export function differ(name: string, script: Script): void {
  it(name, async () => {
    const expected = await record(upstream, script);
    const actual = await record(ours, script);
    // A script that records nothing would compare nothing.
    expect(Object.keys(expected)).not.toHaveLength(0);
    expect(actual).toEqual(expected);
    expect(actual, 'the script must end').not.toHaveProperty('stuck');
  });
}

/** A test: we behave otherwise on purpose, and the list of these cases stays true. */
export function departs(name: string, reason: string, script: Script): void {
  it(`${name} (departure: ${reason})`, async () => {
    const expected = await record(upstream, script);
    const actual = await record(ours, script);
    expect(actual).not.toEqual(expected);
    expect(actual, 'the script must end').not.toHaveProperty('stuck');
  });
}

async function record(ws: WsModule, script: Script): Promise<Trace> {
  const log = new Recorder();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log.note('stuck', ws.name);
      resolve();
    }, MAX_SCRIPT_MS);
  });
  try {
    await Promise.race([script(ws, log), late]);
    // What cleaning up causes is no part of it.
    return structuredClone(log.trace);
  } finally {
    clearTimeout(timer);
    await log.cleanUp();
  }
}
