import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const STDERR_TAIL_CHARACTERS = 2000;
const SHOWN_CHARACTERS = 75;

/** Settings of the shell that would make one rival slower than its users see it. */
const DROPPED_ENVIRONMENT = ['NODE_OPTIONS', 'WS_NO_BUFFER_UTIL', 'WS_NO_UTF_8_VALIDATE'];

/** A child that speaks the control channel. Whatever goes wrong with it rejects the request that waits for it. */
export class ChildProcess {
  /** What the child announced about itself. */
  facts = undefined;

  /** Resolves when the process is gone. */
  ended;

  #label;
  #process;
  #pending = new Map();
  #nextId = 1;
  #stderrTail = '';
  #ready;
  #fail;
  /** Resolves with the first error. */
  #failed = new Promise((resolve) => {
    this.#fail = (reason) => resolve(new Error(`${this.#label}: ${reason}`));
  });

  constructor(label, [file, ...args]) {
    this.#label = label;
    this.#process = spawn(file, args, { stdio: 'pipe', env: childEnvironment() });
    this.#ready = this.#expectAnswer('ready');
    this.ended = new Promise((resolve) => {
      this.#process.on('error', (error) => {
        this.#fail(error.message);
        resolve();
      });
      this.#process.on('close', (code, signal) => {
        this.#fail(`ended with ${signal ?? `code ${code}`}: ${this.#stderrTail.trim() || 'it said nothing'}`);
        resolve();
      });
    });
    // A child that ends early is reported by 'close'; a broken pipe to it says nothing more.
    this.#process.stdin.on('error', () => {});
    this.#process.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_TAIL_CHARACTERS);
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#receive(line));
  }

  async waitUntilReady(timeoutMs) {
    this.facts = await this.#withTimeout(this.#ready, 'start', timeoutMs);
  }

  request(method, params, timeoutMs) {
    const id = this.#nextId++;
    const answer = this.#expectAnswer(id);
    this.#process.stdin.write(`${JSON.stringify({ id, method, params })}\n`);
    return this.#withTimeout(answer, method, timeoutMs);
  }

  /** The error this child failed with, if it did or does so within that time. */
  failureWithin(timeoutMs) {
    return Promise.race([this.#failed, sleep(timeoutMs)]);
  }

  async stop() {
    this.kill();
    await this.ended;
  }

  kill() {
    this.#process.kill('SIGKILL');
  }

  #expectAnswer(id) {
    return new Promise((resolve) => this.#pending.set(id, resolve));
  }

  #receive(line) {
    const message = parseLine(line);
    if (message === undefined) {
      this.#fail(`wrote '${line.slice(0, SHOWN_CHARACTERS)}', which is not for the control channel`);
      return;
    }
    const id = message.ready === undefined ? message.id : 'ready';
    this.#pending.get(id)?.(message);
    this.#pending.delete(id);
  }

  async #withTimeout(answer, method, timeoutMs) {
    const timer = new AbortController();
    const timeout = sleep(timeoutMs, undefined, { signal: timer.signal }).then(
      () => new Error(`${this.#label}: '${method}' did not finish within ${timeoutMs / 1000} s`),
      () => undefined,
    );
    const outcome = await Promise.race([answer, this.#failed, timeout]);
    timer.abort();
    if (outcome instanceof Error) throw outcome;
    if (outcome.error !== undefined) throw new Error(`${this.#label}: ${outcome.error}`);
    return outcome.ready ?? outcome.result;
  }
}

function parseLine(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function childEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !DROPPED_ENVIRONMENT.includes(name)),
  );
}
