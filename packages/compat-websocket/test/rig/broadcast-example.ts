import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { Queue } from '../../../ws/test/rig/queue.ts';

const ROOT = join(__dirname, '../../../..');

export interface RunningExample {
  /** Of the page. */
  readonly url: string;
  /** What it prints after the line with the URL. */
  readonly lines: Queue<string>;
}

/** Runs `examples/classic-broadcast` as after an `npm install`: `websocket` is our built package. */
export async function startBroadcastExample(): Promise<RunningExample> {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.cache', 'classic-broadcast-'));
  cpSync(join(ROOT, 'examples/classic-broadcast'), folder, { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'packages/compat-websocket'), join(folder, 'node_modules/websocket'));
  const child: ChildProcess = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const lines = new Queue<string>();
  createInterface(child.stdout!).on('line', (line) => lines.push(line));
  const [url = ''] = /http:\S+/.exec(await lines.next()) ?? [];
  return { url, lines };
}
