import { createRequire } from 'node:module';
import { attempt, expectSame, Finding } from '../finding.mjs';
import { cut, drawCuts, drawWire, wireOf } from '../frames.mjs';
import { openMachine } from '../machine.mjs';

const { Receiver } = createRequire(import.meta.url)('ws');

const MAX_MESSAGE_BYTES = 100_000;
/** Completes any header. */
const FILLER = Buffer.alloc(14);

/**
 * Our machine next to the `Receiver` of `ws`: for the same bytes the same messages, and the same close code. The
 * differences that are meant to be:
 *
 * - Lengths that are not minimal, or have the highest bit set, are 1002 with us (RFC 6455 5.2); `ws` takes the former,
 *   and says 1009 to the latter.
 * - Text fails with us at its first bad octet, with `ws` when the message is complete, so that something else may
 *   happen before.
 * - `ws` judges a header as soon as it has two octets, we when it is whole.
 */
export const receiverTarget = {
  name: 'receiver',

  generate(random) {
    const role = random.pick(['server', 'client']);
    const wire = drawWire(random, role);
    return { role, cuts: drawCuts(random), wire };
  },

  check({ role, cuts, wire }, subject) {
    const chunks = () => cut(wireOf(wire), cuts);
    const ours = runOurs(subject, role, chunks());
    const theirs = runTheirs(role, chunks());
    compare(ours, theirs);
  },
};

function compare(ours, theirs) {
  if (ours.code === undefined && theirs.code !== undefined) ours = ours.completeHeader();
  if (ours.violation === 'WS_ERR_INVALID_PAYLOAD_LENGTH') {
    expectSame(
      'the messages before a bad length are those of ws',
      ours.events,
      theirs.events.slice(0, ours.events.length),
    );
    return;
  }
  if (ours.code === 1007) {
    expectSame(
      'the messages before bad text are those of ws',
      ours.events,
      theirs.events.slice(0, ours.events.length),
    );
    return;
  }
  expectSame('the messages are those of ws', ours.events, theirs.events);
  expectSame('the close code is that of ws', ours.code ?? null, theirs.code ?? null);
}

function runOurs(subject, role, chunks) {
  const { machine, trace } = openMachine(subject, { role, maxMessageBytes: MAX_MESSAGE_BYTES });
  attempt('receive', () => {
    for (const chunk of chunks) machine.receive(chunk);
  });
  const outcome = () => ({
    events: eventsOf(trace, machine),
    code: machine.violation === null ? undefined : machine.closeCode,
    violation: machine.violation?.code,
  });
  return {
    ...outcome(),
    completeHeader() {
      const { events } = outcome();
      machine.receive(Buffer.from(FILLER));
      return { ...outcome(), events };
    },
  };
}

function eventsOf(trace, { wasClean, closeCode, closeReason }) {
  const events = trace.filter((call) => call !== 'closing' && call !== 'finished');
  return wasClean ? [...events, `close ${closeCode} ${closeReason}`] : events;
}

function runTheirs(role, chunks) {
  const receiver = new Receiver({
    isServer: role === 'server',
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: 0,
    maxBufferedChunks: 0,
    allowSynchronousEvents: true,
  });
  const events = [];
  let code;
  let isOver = false;
  const record = (name) => (data) => events.push(`${name} ${data.toString('hex')}`);
  receiver.on('message', (data, isBinary) => record(isBinary ? 'binary' : 'text')(data));
  receiver.on('ping', record('ping')).on('pong', record('pong'));
  receiver.on('conclude', (closeCode, reason) => {
    isOver = true;
    events.push(`close ${closeCode} ${reason}`);
  });
  for (const chunk of chunks) {
    if (isOver) break;
    receiver._write(chunk, 'buffer', (error) => {
      if (!error) return;
      isOver = true;
      code = statusOf(error);
    });
  }
  return { events, code };
}

/** The close code that `ws` would send. */
function statusOf(error) {
  const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code');
  if (symbol === undefined) throw new Finding('ws fails with a status code', error.stack);
  return error[symbol];
}
