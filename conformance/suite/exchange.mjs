import { Unimplemented } from './deflate/agreement.mjs';
import { OPCODE } from './frame.mjs';
import { areSameReplies, judgement, showReplies, VERDICT, worstOf } from './verdict.mjs';

/** How long to wait for replies and for a failing subject to close; only wrong subjects make us wait that long. */
const REPLY_WAIT_MS = 10_000;
/** How long a subject may take to fail at a bad octet before it gets the rest of the message. */
const FAST_FAILURE_WAIT_MS = 1000;

/**
 * Runs one scripted case over an established connection and judges it.
 *
 * @param peer - our end
 * @param given.send - frames to send, or Buffers of raw bytes
 * @param given.writing - see `Peer.writeFrames`
 * @param given.replies - messages and pongs expected, in order
 * @param given.alternatives - other acceptable lists of replies: `{ replies, verdict, because }`
 * @param given.ending - `clean`: we close with 1000 when the replies are there; `answers`: `send` contains the close
 *   frame that the subject has to answer; `fails`: the subject has to fail the connection; `drops`: we end TCP
 * @param given.codes - close codes that fit, 1005 for an empty close frame
 * @param given.rest - for `fails`: what to send when the subject has not failed yet, which is then non-strict
 * @param given.heldBack - for `fails`: that many octets at the end of `send` are the rest
 * @param given.tolerated - for `fails`: replies that show that the subject let the error pass
 * @param given.toleration - the verdict then, default non-strict
 * @param given.expectsCompression - whether a subject that has agreed to compress should have done so
 * @param given.needsContext - whether our messages refer to earlier ones, which the subject may have ruled out
 * @param given.waitMs - bound for the replies, default 3000
 */
export async function runExchange(peer, given) {
  if (given.needsContext && !peer.takesOver) throw new Unimplemented('rules out context takeover');
  const script = given.heldBack ? holdBack(peer, given) : given;
  await peer.writeFrames(script.send, script.writing);
  const findings = await endings[script.ending](peer, script);
  await peer.finish();
  return worstOf([...findings, ...judge(peer, script)]);
}

function holdBack(peer, script) {
  const whole = Buffer.concat(script.send.map((frame) => peer.encode(frame)));
  const place = whole.length - script.heldBack;
  return { ...script, send: [whole.subarray(0, place)], rest: [whole.subarray(place)] };
}

const endings = {
  async clean(peer, script) {
    await waitForReplies(peer, script, script.replies.length);
    if (!peer.isOver) await peer.writeFrames([closeFrame(1000)]);
    await peer.until(() => peer.isOver, REPLY_WAIT_MS);
    return [];
  },

  async answers(peer, script) {
    await peer.until(() => peer.isOver, script.waitMs ?? REPLY_WAIT_MS);
    return [];
  },

  async drops(peer, script) {
    await waitForReplies(peer, script, script.replies.length);
    peer.endTcp();
    return [];
  },

  async fails(peer, script) {
    const hasPatience = script.rest === undefined;
    const isToleration = () => script.tolerated && areSameReplies(peer.replies, script.tolerated);
    await peer.until(
      () => peer.isOver || isToleration(),
      hasPatience ? (script.waitMs ?? REPLY_WAIT_MS) : FAST_FAILURE_WAIT_MS,
    );
    if (peer.isOver) return [];
    if (isToleration()) return endTolerant(peer, script);
    if (hasPatience) return [];
    await peer.writeFrames(script.rest);
    await peer.until(() => peer.isOver, REPLY_WAIT_MS);
    return [judgement(VERDICT.nonStrict, 'failed the connection only when the message was complete')];
  },
};

async function endTolerant(peer, { toleration = VERDICT.nonStrict }) {
  await peer.writeFrames([closeFrame(1000)]);
  await peer.until(() => peer.isOver, REPLY_WAIT_MS);
  return [judgement(toleration, `let the error pass and answered ${showReplies(peer.replies)}`)];
}

function waitForReplies(peer, script, count) {
  return peer.until(() => peer.isOver || peer.replies.length >= count, script.waitMs ?? REPLY_WAIT_MS);
}

function closeFrame(code) {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return { opcode: OPCODE.close, payload };
}

function judge(peer, script) {
  const findings = [];
  if (peer.violation) findings.push(judgement(VERDICT.failed, peer.violation));
  findings.push(...judgeReplies(peer.replies, script));
  findings.push(...judgeClose(peer, script));
  findings.push(...judgeTcp(peer, script));
  if (script.expectsCompression && peer.compressedCount === 0)
    findings.push(judgement(VERDICT.informational, 'agreed to compress and compressed nothing'));
  return findings;
}

function judgeReplies(replies, { replies: expected, alternatives = [], tolerated }) {
  if (areSameReplies(replies, expected) || (tolerated && areSameReplies(replies, tolerated))) return [];
  const alternative = alternatives.find((candidate) => areSameReplies(replies, candidate.replies));
  if (alternative) return [judgement(alternative.verdict, alternative.because)];
  const sentence = `expected ${showReplies(expected)}, got ${showReplies(replies)}`;
  const same = replies.findIndex(
    (reply, index) => !expected[index] || !areSameReplies([reply], [expected[index]]),
  );
  const place = expected.length > 4 && same !== -1 ? `, first different at reply ${same + 1}` : '';
  return [judgement(VERDICT.failed, `${sentence}${place}`)];
}

function judgeClose({ closeFrame: close, tcp, replies }, { ending, codes = [1000], tolerated }) {
  if (ending === 'drops') return [];
  const isFailure = ending === 'fails' && !(tolerated && areSameReplies(replies, tolerated));
  const expected = isFailure || ending === 'answers' ? codes : [1000];
  if (close === undefined) return [judgeSilence(isFailure, tcp, expected)];
  if (expected.includes(close.code)) return [];
  const isPoliteAnswer = expected.includes(1005) && close.code === 1000;
  const verdict = isPoliteAnswer ? VERDICT.informational : VERDICT.nonStrict;
  const reason = close.reason === '' ? '' : ` ("${close.reason}")`;
  return [judgement(verdict, `expected close code ${expected.join(' or ')}, got ${close.code}${reason}`)];
}

function judgeSilence(isFailure, tcp, expected) {
  if (!isFailure) return judgement(VERDICT.failed, `sent no close frame, TCP is ${tcp}`);
  if (tcp === 'open') return judgement(VERDICT.failed, 'did not fail the connection');
  return judgement(
    VERDICT.nonStrict,
    `closed TCP without a close frame, expected code ${expected.join(' or ')}`,
  );
}

function judgeTcp({ tcp, closeFrame: close }, { ending }) {
  if (tcp === 'ended') return [];
  if (tcp === 'open') return [judgement(VERDICT.failed, 'did not close the TCP connection')];
  // A reset can destroy the close frame on its way (RFC 6455 7.1.1), but nothing is owed once that has come.
  if ((ending === 'fails' && close) || ending === 'drops') return [];
  return [judgement(VERDICT.nonStrict, 'reset the TCP connection instead of closing it')];
}
