#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isStrictPass, runSuite } from './run-suite.mjs';
import { VERDICT } from './verdict.mjs';

const USAGE = `A strict conformance suite for RFC 6455 and RFC 7692.

  node conformance/suite/main.mjs --role server --target ws://127.0.0.1:PORT/
  node conformance/suite/main.mjs --role client --exec 'node client.mjs %URL% %COUNT%'

  --only 6.,H.       run the cases whose numbers begin so
  --concurrency 8    cases at a time
  --max-message-bytes N   the subject's limit for a message, if the cases that cross it are to run
  --json FILE        write every result
  --verbose          print every result as it comes

Exits with 1 when anything is FAILED or NON-STRICT, with 2 when it is called wrongly.`;

process.exitCode = await main();

async function main() {
  const options = readOptions();
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const outcome = await runSuite(options);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(outcome, null, 2)}\n`);
  printOutcome(outcome);
  return isStrictPass(outcome) ? 0 : 1;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        role: { type: 'string' },
        target: { type: 'string' },
        exec: { type: 'string' },
        only: { type: 'string', default: '' },
        concurrency: { type: 'string', default: '8' },
        'max-message-bytes': { type: 'string' },
        json: { type: 'string' },
        verbose: { type: 'boolean', default: false },
      },
    });
    const { role, target, exec, json } = values;
    const isComplete = (role === 'server' && target) || (role === 'client' && exec);
    const concurrency = Number(values.concurrency);
    if (!isComplete || !Number.isInteger(concurrency) || concurrency < 1) return undefined;
    const limit = values['max-message-bytes'];
    const maxMessageBytes = limit === undefined ? undefined : Number(limit);
    const onResult = values.verbose ? printResult : () => {};
    const only = values.only.split(',').filter(Boolean);
    return { role, target, exec, json, concurrency, maxMessageBytes, onResult, only };
  } catch {
    return undefined;
  }
}

function printOutcome({ role, durationMs, counts, results }) {
  for (const verdict of [VERDICT.informational, VERDICT.unimplemented, VERDICT.nonStrict, VERDICT.failed]) {
    for (const result of results.filter((candidate) => candidate.verdict === verdict)) printResult(result);
  }
  const parts = Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`);
  const seconds = (durationMs / 1000).toFixed(1);
  console.log(`${role}: ${results.length} cases in ${seconds} s: ${parts.join(', ')}`);
}

function printResult({ id, title, rfc, verdict, detail }) {
  console.log(
    `${verdict.padEnd(13)} ${id.padEnd(10)} ${title} (${rfc.startsWith('RFC') ? rfc : `RFC 6455 ${rfc}`}): ${detail}`,
  );
}
