import { ChildProcess } from './child-process.mjs';

/** The child processes that are alive, so that none outlives the benchmark, however it ends. */
export class ProcessGroup {
  #children = new Set();

  async start(label, command, startTimeoutMs) {
    const child = new ChildProcess(label, command);
    this.#children.add(child);
    child.ended.then(() => this.#children.delete(child));
    await child.waitUntilReady(startTimeoutMs);
    return child;
  }

  /** Synchronous, for the 'exit' event. */
  killAll() {
    for (const child of this.#children) child.kill();
  }
}
