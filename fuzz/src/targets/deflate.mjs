import { Inflater } from '../../../conformance/suite/deflate/inflater.mjs';
import { Violation } from '../../../conformance/suite/frame.mjs';
import { attempt, expectSame, expectTrue, Finding } from '../finding.mjs';

/**
 * What is taken although it is not right: a final block need not be followed by an empty one; and one that is cut off,
 * but takes exactly what is appended for its own, cannot be told from a whole one.
 */
const LENIENT_ENDS = [Buffer.from('00', 'hex'), Buffer.from('0000ffff01', 'hex')];

/** permessage-deflate: round trips, corrupt data, limits, contexts. */
export const deflateTarget = {
  name: 'deflate',

  generate(random) {
    const messages = random.list(5, () => ({
      data: drawData(random),
      isAlone: random.oneIn(4),
      isPlain: random.oneIn(6),
    }));
    return {
      messages,
      windowBits: 8 + random.below(8),
      takesOver: random.oneIn(2),
      level: random.below(10),
      memLevel: 1 + random.below(9),
      changes: random.list(4, () => ({ at: random.below(200), octet: random.bits() & 0xff })),
      cutAt: random.oneIn(4) ? random.below(100) : -1,
      maxBytes: random.pick([0, 1, 100, 5000, 1_000_000]),
      noise: random.bytes(random.below(60)).toString('hex'),
      historyBytes: random.pick([1, 100, 256, 2048, 8192, 32_768]),
    };
  },

  check(input, subject) {
    checkConversation(subject, input);
    for (const { data } of input.messages) checkCorruption(subject, input, data);
    checkInflation(subject, Buffer.from(input.noise, 'hex'), input.maxBytes);
    checkHistory(subject, input);
  },
};

/** Octets as hex, or a repetition of few, so that corpus files stay small. */
function drawData(random) {
  const length = random.length(40_000);
  if (length > 300) return { unit: random.bytes(1 + random.below(40)).toString('hex'), length };
  return { unit: random.bytes(length).toString('hex'), length };
}

function bytesOf({ unit, length }) {
  const bytes = Buffer.from(unit, 'hex');
  return bytes.length === 0 ? bytes : Buffer.alloc(length, bytes);
}

/** What one end compresses the other inflates, within the window that they agreed on. */
function checkConversation(subject, { messages, windowBits, takesOver, level, memLevel }) {
  const agreement = {
    serverNoContextTakeover: !takesOver,
    clientNoContextTakeover: !takesOver,
    serverMaxWindowBits: windowBits,
    clientMaxWindowBits: windowBits,
  };
  const settings = subject.resolveCompression({ ...agreement, level, memLevel, thresholdBytes: 0 });
  const sender = new subject.Compressor(settings, 'server').agree(agreement);
  const receiver = new subject.Compressor(settings, 'client').agree(agreement);
  const strict = new Inflater({ windowBits, takesOver });
  for (const { data, isAlone, isPlain } of messages) {
    const bytes = bytesOf(data);
    const history = isAlone ? sender.noHistory : sender.history;
    const deflated = attempt('deflate', () => sender.deflate(bytes, history));
    // What gets no smaller is sent as it is.
    if (deflated === null || isPlain) continue;
    sender.sent(bytes, deflated);
    expectInflated('a strict reader inflates what was deflated', strictly(strict, deflated), bytes);
    const inflated = attempt('inflate', () => receiver.inflate(deflated, 1_000_000));
    expectInflated('the other end inflates what was deflated', inflated, bytes);
  }
}

function strictly(inflater, deflated) {
  try {
    return inflater.inflate(deflated);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return error.message;
  }
}

function expectInflated(rule, inflated, bytes) {
  if (inflated instanceof Uint8Array && bytes.equals(inflated)) return;
  throw new Finding(rule, typeof inflated === 'string' ? inflated : 'other octets');
}

function checkCorruption(subject, { windowBits, level, changes, cutAt, maxBytes }, data) {
  const params = { windowBits, dictionary: undefined, isFinal: true, zlib: { level } };
  const deflated = Buffer.from(attempt('deflateNow', () => subject.deflateNow(bytesOf(data), params)));
  for (const { at, octet } of changes) if (deflated.length > 0) deflated[at % deflated.length] = octet;
  checkInflation(subject, cutAt < 0 ? deflated : deflated.subarray(0, cutAt), maxBytes);
}

/** Any octets: nothing is thrown, no limit crossed, and the strict reader agrees. */
function checkInflation({ inflateNow }, deflated, maxBytes) {
  const result = attempt('inflateNow', () => inflateNow(deflated, [], maxBytes));
  // What has several last blocks is inflated on another thread.
  if (result === null) return;
  if (result instanceof Uint8Array)
    expectTrue('a limit is kept', result.length <= maxBytes, `${result.length} of ${maxBytes}`);
  const expected = strictly(new Inflater({ windowBits: 15, takesOver: false }), deflated);
  if (expected instanceof Uint8Array) {
    const isOver = expected.length > maxBytes;
    if (isOver) expectSame('what is over the limit is refused', result, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    else expectInflated('a strict reader inflates the same', result, expected);
    return;
  }
  if (typeof result === 'string') return;
  const isLeniency = LENIENT_ENDS.some((end) => {
    const whole = strictly(
      new Inflater({ windowBits: 15, takesOver: false }),
      Buffer.concat([deflated, end]),
    );
    return whole instanceof Uint8Array && whole.equals(result);
  });
  expectTrue('corrupt data is refused', isLeniency, `${expected}, but ${result.length} octets came of it`);
}

function checkHistory({ MessageHistory }, { messages, historyBytes }) {
  let history = new MessageHistory(15, historyBytes);
  let all = Buffer.alloc(0);
  for (const { data } of messages) {
    const bytes = bytesOf(data);
    history = attempt('MessageHistory', () => history.after(bytes));
    all = Buffer.concat([all, bytes]);
    const end = history.end ?? Buffer.alloc(0);
    expectInflated(
      'a history is the end of what was sent',
      end,
      all.subarray(Math.max(0, all.length - historyBytes)),
    );
  }
}
