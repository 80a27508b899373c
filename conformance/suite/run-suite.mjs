import { spawn } from 'node:child_process';
import { ClientSubject } from './client-subject.mjs';
import { casesFor } from './groups/all-cases.mjs';
import { runCase } from './run-case.mjs';
import { ServerSubject } from './server-subject.mjs';
import { judgement, VERDICT } from './verdict.mjs';

const CONCURRENCY = 8;
const HEAVY_CONCURRENCY = 2;
const MAX_ATTEMPTS = 3;
/** A client that connects to nothing for so long will not go on. */
const STALL_MS = 20_000;

/**
 * Run the suite against one subject.
 *
 * @param options.role - what the subject is: `server` or `client`
 * @param options.target - for a server: the `ws://` URL of its echo service
 * @param options.client - for a client: connects to the URL it is given, echoes until the connection is closed, and
 *   resolves then; called once per case
 * @param options.exec - for a client, instead: a command line in which %URL% and %COUNT% are replaced (no quoting)
 * @param options.only - prefixes of case numbers; default all
 * @param options.concurrency - cases at a time, default 8
 * @param options.maxMessageBytes - the subject's limit for a message; cases that cross it are run where it is known
 * @param options.onResult - called with each result as it comes
 * @returns `{ role, durationMs, counts, results }`; the results are in the order of the cases
 */
export async function runSuite(options) {
  const cases = casesFor(options.role, options.only, options);
  if (cases.length === 0)
    throw new Error(`no case of role ${options.role} matches ${options.only?.join(', ')}`);
  const startedAt = performance.now();
  const run = options.role === 'server' ? runServerCases : runClientCases;
  const results = await run(cases, { concurrency: CONCURRENCY, onResult: () => {}, ...options });
  const durationMs = Math.round(performance.now() - startedAt);
  return { role: options.role, durationMs, counts: countVerdicts(results), results };
}

/** Whether a run has nothing failed and nothing non-strict. */
export function isStrictPass({ counts }) {
  return counts[VERDICT.failed] === 0 && counts[VERDICT.nonStrict] === 0;
}

async function runServerCases(cases, { target, concurrency, onResult }) {
  const subject = new ServerSubject(target);
  const session = { subject, openPeer: (seed, deflate) => subject.openPeer(seed, deflate) };
  return forEachCase(cases, concurrency, async (testCase) => {
    let result = await runCase(testCase, session);
    // A write of ours into a connection just closed makes the system discard what the subject had sent.
    for (let attempt = 2; result.mayBeOurLoss && attempt <= MAX_ATTEMPTS; attempt += 1) {
      result = await runCase(testCase, session);
    }
    return report(result, onResult);
  });
}

async function runClientCases(cases, options) {
  const pending = new Map();
  const subject = new ClientSubject((number, session) => {
    const testCase = cases[number - 1];
    const waiting = pending.get(number);
    pending.delete(number);
    if (!testCase || !waiting) session.connection.destroy();
    else runCase(testCase, session).then((result) => waiting(report(result, options.onResult)));
  });
  const url = await subject.listen();
  const outcomes = cases.map((_, index) => new Promise((resolve) => pending.set(index + 1, resolve)));
  const giveUp = (number, because) => {
    const waiting = pending.get(number);
    pending.delete(number);
    const { id, title, rfc } = cases[number - 1];
    waiting?.(
      report({ id, title, rfc, ...judgement(VERDICT.failed, because), durationMs: 0 }, options.onResult),
    );
  };
  try {
    if (options.exec) return await driveProcess(url, cases, outcomes, giveUp, options);
    return await driveFunction(url, cases, outcomes, giveUp, options);
  } finally {
    await subject.close();
  }
}

function driveFunction(url, cases, outcomes, giveUp, { client, concurrency }) {
  return forEachCase(cases, concurrency, async (_testCase, index) => {
    const path = `${url}/case/${index + 1}`;
    const calling = Promise.resolve(client(path)).then(
      () => giveUp(index + 1, 'the client ended without a connection'),
      (error) => giveUp(index + 1, `the client threw: ${error.message}`),
    );
    const result = await outcomes[index];
    await Promise.race([calling, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    return result;
  });
}

async function driveProcess(url, cases, outcomes, giveUp, { exec }) {
  const words = exec.trim().split(/\s+/);
  const [command, ...args] = words.map((word) =>
    word.replaceAll('%URL%', url).replaceAll('%COUNT%', String(cases.length)),
  );
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const giveUpAll = (because) => {
    for (const index of cases.keys()) giveUp(index + 1, because);
  };
  child.on('error', (error) => giveUpAll(`the client does not start: ${error.message}`));
  child.on('exit', (code, signal) =>
    giveUpAll(`the client has exited (${signal ?? `code ${code}`}) and never connected`),
  );
  let watchdog;
  const rearm = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => giveUpAll(`the client opened no connection for ${STALL_MS} ms`), STALL_MS);
  };
  rearm();
  for (const outcome of outcomes) outcome.then(rearm);
  const results = await Promise.all(outcomes);
  clearTimeout(watchdog);
  await endProcess(child);
  return results;
}

async function endProcess(child) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const hasExited = new Promise((resolve) => child.once('exit', resolve));
  const grace = setTimeout(() => child.kill(), 1000);
  await hasExited;
  clearTimeout(grace);
}

/** Run all cases, so many at a time; heavy ones fewer, when the light ones are done. */
async function forEachCase(cases, concurrency, run) {
  const results = [];
  const indexes = cases.map((_, index) => index);
  const light = indexes.filter((index) => !cases[index].isHeavy);
  const heavy = indexes.filter((index) => cases[index].isHeavy);
  for (const [queue, width] of [
    [light, concurrency],
    [heavy, Math.min(concurrency, HEAVY_CONCURRENCY)],
  ]) {
    const work = async () => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        results[index] = await run(cases[index], index);
      }
    };
    await Promise.all(Array.from({ length: width }, work));
  }
  return results;
}

function report({ mayBeOurLoss, ...result }, onResult) {
  onResult(result);
  return result;
}

function countVerdicts(results) {
  const counts = Object.fromEntries(Object.values(VERDICT).map((verdict) => [verdict, 0]));
  for (const { verdict } of results) counts[verdict] += 1;
  return counts;
}
