import { attempt, expectSame, expectTrue } from '../finding.mjs';
import { cut, decodeFrames, drawCuts, drawWire, wireOf } from '../frames.mjs';
import { openMachine } from '../machine.mjs';

const MAX_MESSAGE_BYTES = [0, 1, 125, 126, 5000, 65_536, 1_000_000];

/** Of a message in lent chunks, memory is made for so many times what has come of it. */
const FORESIGHT = 16;

/** The frame reader, the message reader and the machine: any bytes, in any pieces, in both roles. */
export const connectionTarget = {
  name: 'connection',

  generate(random) {
    const role = random.pick(['server', 'client']);
    const allowsRsv1 = random.oneIn(3);
    const wire = drawWire(random, role, { mayCompress: allowsRsv1 });
    const maxMessageBytes = random.pick([...MAX_MESSAGE_BYTES, 1_000_000, 1_000_000]);
    return {
      role,
      allowsRsv1,
      maxMessageBytes,
      isEcho: random.oneIn(2),
      pauses: random.list(6, () => random.below(8)),
      cuts: drawCuts(random),
      wire,
    };
  },

  check(input, subject) {
    const wire = wireOf(input.wire);
    const whole = run(subject, input, [Buffer.from(wire)], []);
    const pieces = run(subject, input, cut(wire, input.cuts), []);
    expectSame('any chunking gives the same trace', pieces, whole);
    // Few cuts, so that large payloads come whole.
    const lent = run(subject, input, cut(wire, input.cuts.slice(0, 2)), [], true);
    expectSame('chunks that are only lent give the same trace', lent, whole);
    const paused = run(subject, input, cut(wire, input.cuts), input.pauses);
    // What is sent may wait while delivery does, but nothing is lost, added or put in another order.
    if (!input.isEcho) expectSame('pausing gives the same trace', paused, whole);
    checkOrder(whole, input.role);
  },
};

/** @param isLent - each chunk is written over as soon as it was received */
function run(subject, { role, allowsRsv1, maxMessageBytes, isEcho }, chunks, pauses, isLent = false) {
  let pausesLeft = pauses.length;
  let calls = 0;
  const { machine, trace, natives } = openMachine(subject, {
    role,
    allowsRsv1,
    maxMessageBytes,
    react(name, data, isBinary) {
      if (isEcho && (name === 'text' || name === 'binary')) machine.sendMessage(data, isBinary);
      calls += 1;
      if (pausesLeft > 0 && pauses.includes(calls % 8) && !name.startsWith('compressed')) machine.pause();
    },
  });
  let receivedBytes = 0;
  attempt('receive', () => {
    for (const chunk of chunks) {
      receivedBytes += chunk.length;
      machine.receive(chunk, isLent);
      if (isLent) chunk.fill(0xee);
      checkMemory(natives, receivedBytes, isLent ? FORESIGHT : 0);
    }
    machine.receiveEof();
    for (; machine.isPaused; pausesLeft -= 1) machine.resume();
  });
  const sent = Buffer.concat(machine.outbox.take());
  const { closeCode, closeReason, wasClean, violation, isOpen } = machine;
  return { trace, sent: sent.toString('hex'), closeCode, closeReason, wasClean, violation, isOpen };
}

/** All that was ever allocated, so a bound for what can be kept: a few times what came, whatever was announced. */
function checkMemory({ allocatedBytes }, receivedBytes, foresight) {
  const limit = (6 + foresight) * receivedBytes + 300_000;
  expectTrue(
    'memory stays within what was received',
    allocatedBytes <= limit,
    `${allocatedBytes} of ${limit}`,
  );
}

function checkOrder({ trace, sent, isOpen }, role) {
  const rule = 'a connection ends once';
  const end = trace.indexOf('finished');
  expectTrue(
    rule,
    !isOpen && trace.filter((call) => call === 'closing').length === 1,
    trace.join(', ').slice(0, 300),
  );
  expectTrue(rule, end >= 0 && end === trace.length - 1, trace.join(', ').slice(0, 300));
  const frames = decodeFrames(Buffer.from(sent, 'hex'));
  expectTrue(
    'what is sent is whole frames, masked by a client',
    frames.every((frame) => frame?.isMasked === (role === 'client')),
    sent.slice(0, 300),
  );
  const close = frames.findIndex(({ firstByte }) => firstByte === 0x88);
  expectTrue('nothing follows a close frame', close < 0 || close === frames.length - 1, sent.slice(0, 300));
}
