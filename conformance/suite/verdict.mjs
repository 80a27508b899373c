/** The verdicts, as the well-known suites call them. */
export const VERDICT = Object.freeze({
  ok: 'OK',
  informational: 'INFORMATIONAL',
  unimplemented: 'UNIMPLEMENTED',
  nonStrict: 'NON-STRICT',
  failed: 'FAILED',
});

const SEVERITY = Object.freeze([
  VERDICT.ok,
  VERDICT.informational,
  VERDICT.unimplemented,
  VERDICT.nonStrict,
  VERDICT.failed,
]);

/** A judgement: a verdict and the sentence that explains it. */
export function judgement(verdict, detail) {
  return { verdict, detail };
}

/** The worst of several judgements speaks for the case; the sentences of its equals are kept. */
export function worstOf(judgements) {
  const worst = judgements.reduce(
    (verdict, next) => (SEVERITY.indexOf(next.verdict) > SEVERITY.indexOf(verdict) ? next.verdict : verdict),
    VERDICT.ok,
  );
  const details = judgements.filter(({ verdict }) => verdict === worst).map(({ detail }) => detail);
  return judgement(worst, details.join('; ') || 'as the RFC asks');
}

/** Show bytes in a sentence: as text where they are plain, cut to a readable length. */
function showBytes(bytes) {
  const head = bytes.subarray(0, 24);
  const isPlain = head.every((octet) => octet >= 0x20 && octet < 0x7f);
  const shown = isPlain ? JSON.stringify(head.toString('latin1')) : head.toString('hex');
  return bytes.length > head.length ? `${shown}... (${bytes.length} octets)` : shown;
}

/** Show a list of replies in a sentence. */
export function showReplies(replies) {
  if (replies.length === 0) return 'nothing';
  const shown = replies.slice(0, 4).map(({ type, data }) => `${type} ${showBytes(data)}`);
  return (
    shown.join(', ') + (replies.length > shown.length ? ` and ${replies.length - shown.length} more` : '')
  );
}

/** Whether two lists of replies are the same, octet for octet. */
export function areSameReplies(actual, expected) {
  return (
    actual.length === expected.length &&
    actual.every(
      (reply, index) => reply.type === expected[index].type && reply.data.equals(expected[index].data),
    )
  );
}
