import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A child process that is asked for things by name and answers them one by one. */
export class Remote {
  #child;
  #waiting = new Map();
  #nextId = 0;

  /**
   * @param file - of this folder; calls {@link serveRequests}
   * @param onEvent - told what the child says of itself: a message with "event"
   */
  constructor(file, args = [], onEvent = () => {}) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    this.#child = fork(path, args, {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', ({ event, id, result, error }) => {
      if (event !== undefined) return onEvent(event);
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(`${file}: ${error}`));
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${file} has exited: ${signal ?? code}`));
    });
  }

  /** Ask for something; rejects when it fails, or is not answered in time. */
  ask(what, given = {}, timeoutMs = 60_000) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer to "${what}" in ${timeoutMs} ms`)),
        timeoutMs,
      );
      const settle = (then) => (value) => {
        clearTimeout(timer);
        then(value);
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      this.#child.send({ id, what, given });
    });
  }

  end() {
    this.#child.kill('SIGKILL');
  }
}

/** The other end: `answers` by name, which may return promises. */
export function serveRequests(answers) {
  process.on('message', async ({ id, what, given }) => {
    try {
      process.send({ id, result: await answers[what](given) });
    } catch (error) {
      process.send({ id, error: error.stack ?? String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
}
