import { keepInput, readCorpus } from './corpus.mjs';
import { Finding } from './finding.mjs';
import { minimise } from './minimise.mjs';
import { Random } from './random.mjs';

/** No input may take longer: what does is a way to block a server. */
const MAX_INPUT_MS = 2000;

/**
 * Replays the kept inputs, then makes new ones until the time is over or something is found. Inputs depend on the seed
 * and their number alone, so that a run with the same seed comes upon the same.
 *
 * @param given.targets - `{ name, generate(random), check(input, subject) }`
 * @param given.subject - the code under test
 * @param given.seed
 * @param given.isOver - takes the number of inputs so far; ends the run
 * @param given.corpusFolder
 * @returns `{ counts, failure }`, the failure with the file that it was kept in
 */
export function fuzz({ targets, subject, seed, isOver, corpusFolder }) {
  const counts = Object.fromEntries(targets.map(({ name }) => [name, 0]));
  for (const target of targets) {
    for (const { file, input } of readCorpus(corpusFolder, target.name)) {
      const finding = check(target, input, subject);
      if (finding) return { counts, failure: { target: target.name, file, finding } };
    }
  }
  for (let number = 0; !isOver(number); number += 1) {
    const target = targets[number % targets.length];
    const input = target.generate(new Random(seed + number));
    counts[target.name] += 1;
    const finding = check(target, input, subject);
    if (finding)
      return {
        counts,
        failure: keepFailure(target, input, finding, { subject, seed: seed + number, corpusFolder }),
      };
  }
  return { counts, failure: null };
}

function keepFailure(target, input, finding, { subject, seed, corpusFolder }) {
  const { rule } = finding;
  const smallest = minimise(input, (candidate) => {
    try {
      return check(target, candidate, subject)?.rule === rule;
    } catch {
      // An input that the target cannot make anything of.
      return false;
    }
  });
  const file = keepInput(corpusFolder, target.name, { input: smallest, rule, seed });
  return { target: target.name, file, finding: check(target, smallest, subject) ?? finding };
}

/** Returns what is wrong, or undefined. */
function check(target, input, subject) {
  const startMs = performance.now();
  try {
    target.check(input, subject);
  } catch (error) {
    if (error instanceof Finding) return error;
    throw error;
  }
  const elapsedMs = performance.now() - startMs;
  if (elapsedMs <= MAX_INPUT_MS) return undefined;
  return new Finding('an input takes no longer than its size warrants', `${Math.round(elapsedMs)} ms`);
}
