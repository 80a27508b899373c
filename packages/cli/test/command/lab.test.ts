import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { io } from 'socket.io-client';
import { afterEach, describe, expect, test } from 'vitest';
import { HawserProcesses } from './hawser-process.ts';

const hawser = new HawserProcesses();
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await hawser.dispose();
});

interface Ready {
  readonly stream: string;
  readonly ports: Readonly<Record<string, number>>;
}

/** A server whose lab has a page. */
async function openLab() {
  const server = hawser.start('serve', '--port', '0');
  const [, url = ''] = await server.seen('stdout', /^playground: (http:\S+)/);
  const page = io(`${url}lab`, { reconnectionDelay: 50 });
  closers.push(() => page.disconnect());
  const [ready] = (await once(page as never, 'ready')) as [Ready];
  return { server, page, ready };
}

/** Wait until a process has ended, be it that nobody has asked how. */
function ended(pid: number): Promise<void> {
  return expect
    .poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '')[0], { timeout: 10_000 })
    .toBe('Z');
}

describe.skipIf(process.platform !== 'linux')('the lab of hawser serve', () => {
  test('begins anew where a process ended while the server was suspended', async () => {
    const { server, page } = await openLab();
    await page.emitWithAck('change', { rate: 200, payloadBytes: 16, isRunning: true });
    await once(page as never, 'totals');
    const { pid } = server.children().find(({ args }) => args.includes('websocket'))!;
    server.signal('SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await ended(pid);
    const again = once(page as never, 'ready');
    server.signal('SIGCONT');
    const [{ ports }] = (await again) as [Ready];
    expect(Object.keys(ports)).toHaveLength(5);
    server.signal('SIGTERM');
    const { exitCode, stderr } = await server.ended();
    expect(exitCode).toBe(0);
    expect(stderr.match(/the lab's process for websocket ended with SIGKILL/g)).toHaveLength(1);
    expect(stderr.match(/the lab's process/g)).toHaveLength(1);
  });
});
