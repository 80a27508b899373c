/** What the fuzzing is for: the code under test did something wrong. Every other error is a mistake of the fuzzer. */
export class Finding extends Error {
  /** @param rule - which promise was broken; stays the same while an input is made smaller */
  constructor(rule, detail) {
    super(`${rule}: ${detail}`);
    this.rule = rule;
  }
}

/** Runs the code under test; what it throws is a finding. */
export function attempt(what, run) {
  try {
    return run();
  } catch (error) {
    if (error instanceof Finding) throw error;
    throw new Finding(`${what} throws nothing`, error.stack ?? String(error));
  }
}

/** Fails where two values differ, which are compared as JSON. */
export function expectSame(rule, actual, expected) {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one === other) return;
  let at = 0;
  while (one?.[at] === other?.[at]) at += 1;
  const shown = (text) => String(text).slice(Math.max(0, at - 60), at + 120);
  throw new Finding(rule, `\n  got      ...${shown(one)}\n  expected ...${shown(other)}`);
}

/** Fails where a condition does not hold. */
export function expectTrue(rule, condition, detail = '') {
  if (!condition) throw new Finding(rule, detail);
}
