import { parseArgs } from 'node:util';
import { CORPUS_FOLDER } from './corpus.mjs';
import { fuzz } from './fuzz.mjs';
import { subject } from './subject.mjs';
import { TARGETS } from './targets/all-targets.mjs';

const USAGE = `Fuzzes the protocol core and permessage-deflate.

  npm run fuzz -- --seconds 60
  npm run fuzz -- --inputs 20000 --seed 1

  --seconds 60       stop after so long
  --inputs N         stop after so many inputs instead, which with a seed makes a run the same every time
  --seed N           default: drawn, and printed
  --only NAME,...    ${TARGETS.map(({ name }) => name).join(', ')}

The kept inputs in fuzz/corpus are replayed first. What fails is made smaller and kept there: commit it with the fix.
Exits with 1 when anything fails, with 2 when it is called wrongly.`;

process.exitCode = main();

function main() {
  const options = readOptions();
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const { seed, targets, isOver } = options;
  console.log(`  seed ${seed}`);
  const startMs = performance.now();
  const { counts, failure } = fuzz({ targets, subject, seed, isOver, corpusFolder: CORPUS_FOLDER });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const list = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  console.log(`  ${seconds} s, inputs: ${list.join(', ')}`);
  if (failure === null) return 0;
  console.error(`\n${failure.target}, seed ${seed}: ${failure.finding.message}\nkept in ${failure.file}`);
  return 1;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        inputs: { type: 'string' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
        only: { type: 'string' },
      },
    });
    const names = values.only?.split(',') ?? TARGETS.map(({ name }) => name);
    const targets = TARGETS.filter(({ name }) => names.includes(name));
    const seed = Number(values.seed);
    const limit = Number(values.inputs ?? values.seconds);
    const isRight = targets.length === names.length && Number.isInteger(seed) && limit > 0;
    if (!isRight) return undefined;
    const endMs = performance.now() + limit * 1000;
    const isOver = values.inputs === undefined ? () => performance.now() >= endMs : (count) => count >= limit;
    return { seed, targets, isOver };
  } catch {
    return undefined;
  }
}
