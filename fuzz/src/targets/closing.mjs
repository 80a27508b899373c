import { attempt, expectSame } from '../finding.mjs';
import { decodeFrames, drawClosePayload, encodeFrame } from '../frames.mjs';
import { openMachine } from '../machine.mjs';

const CLOSE_TIMEOUT_MS = 10;
const SENT = { name: 'text', data: '61' };

/**
 * The closing handshake: any calls and any input in any order, next to the state table of `Connection`, written out
 * once more as the plainest model.
 */
export const closingTarget = {
  name: 'closing',

  generate(random) {
    return { role: random.pick(['server', 'client']), steps: random.list(14, () => drawStep(random)) };
  },

  check({ role, steps }, subject) {
    const { machine, trace } = openMachine(subject, { role, maxMessageBytes: 1000 });
    const model = new ClosingModel(role);
    const act = {
      receive: (step) => machine.receive(wireOf(role, step)),
      eof: () => machine.receiveEof(),
      close: ({ code }) => machine.close(1000 + code),
      send: () => machine.sendMessage('a', false),
      ping: () => machine.ping(),
      fail: () => machine.fail(1011, 'told to'),
      abort: () => machine.abort('told to'),
      pause: () => machine.pause(),
      resume: () => machine.resume(),
      tick: ({ nowMs }) => machine.tick(nowMs),
      written: () => machine.outboxWritten(),
    };
    for (const [i, step] of steps.entries()) {
      const result = attempt(step.do, () => act[step.do](step));
      expectSame(`step ${step.do} returns what the table says`, result ?? null, model[step.do](step) ?? null);
      const seen = {
        trace,
        isOpen: machine.isOpen,
        closeCode: machine.closeCode,
        wasClean: machine.wasClean,
      };
      const { isOpen, closeCode, wasClean } = model;
      expectSame(`step ${step.do} does what the table says`, seen, {
        trace: model.trace,
        isOpen,
        closeCode,
        wasClean,
      });
      if (i < steps.length - 1) continue;
      expectSame('what is sent is what the table says', framesOf(machine.outbox.take()), model.sent);
    }
  },
};

const FRAMES = Object.freeze({
  text: { firstByte: 0x81, payload: '61' },
  'bad text': { firstByte: 0x81, payload: 'ff' },
  ping: { firstByte: 0x89, payload: '70' },
  pong: { firstByte: 0x8a, payload: '' },
  reserved: { firstByte: 0x83, payload: '' },
});

function drawStep(random) {
  const step = {
    do: random.pick([
      'receive',
      'receive',
      'receive',
      'eof',
      'close',
      'send',
      'ping',
      'fail',
      'abort',
      'pause',
      'resume',
      'resume',
      'tick',
      'tick',
      'written',
    ]),
  };
  if (step.do === 'receive') {
    step.frame = random.pick([...Object.keys(FRAMES), 'close', 'close']);
    if (step.frame === 'close')
      step.payload = random.pick(['', '03e8', drawClosePayload(random).toString('hex')]);
  }
  if (step.do === 'close') step.code = random.below(3);
  if (step.do === 'tick') step.nowMs = random.below(40);
  return step;
}

function wireOf(role, { frame, payload }) {
  const { firstByte, payload: own } = FRAMES[frame] ?? { firstByte: 0x88, payload };
  return encodeFrame({
    firstByte,
    payload: Buffer.from(own, 'hex'),
    key: role === 'server' ? 0x37fa213d : null,
  });
}

function framesOf(parts) {
  // The words of a failure are its own; the code is what the table speaks of.
  return decodeFrames(Buffer.concat(parts)).map(({ firstByte, payload }) =>
    firstByte === 0x88
      ? `88 ${payload.toString('hex', 0, 2)}`
      : `${firstByte.toString(16)} ${payload.toString('hex')}`,
  );
}

/** The table in the docstring of `Connection`, and nothing else. */
class ClosingModel {
  trace = [];
  sent = [];
  closeCode = 0;
  wasClean = false;
  #state = 'open';
  #isServer;
  /** Input that waits; null where delivery is not paused. */
  #waiting = null;
  #deadlineMs = null;

  constructor(role) {
    this.#isServer = role === 'server';
  }

  get isOpen() {
    return this.#state === 'open';
  }

  receive(step) {
    if (this.#state === 'finished') return;
    if (this.#waiting !== null) this.#waiting.push(() => this.receive(step));
    else this.#read(step);
  }

  eof() {
    if (this.#waiting !== null) {
      // However often the end is announced, there is one, and it comes last.
      this.#hasEnded = true;
    } else if (this.#state !== 'finished') this.abort();
    else if (this.#awaitsEnd) {
      this.#awaitsEnd = false;
      this.trace.push('finished');
    }
  }

  #hasEnded = false;
  /** The closing handshake is done, and the server is to end the connection. */
  #awaitsEnd = false;

  close({ code }) {
    if (!this.isOpen) return false;
    this.#sendClose(1000 + code);
    this.#enter('close sent');
    return true;
  }

  send() {
    if (!this.isOpen) return false;
    this.sent.push(`81 ${SENT.data}`);
    return true;
  }

  ping() {
    if (!this.isOpen) return false;
    this.sent.push('89 ');
    return true;
  }

  fail() {
    this.#fail(1011);
  }

  abort() {
    if (this.#state === 'finished') return;
    this.closeCode = 1006;
    this.#enter('finished');
    this.trace.push('finished');
  }

  pause() {
    if (this.#state !== 'finished') this.#waiting ??= [];
  }

  resume() {
    if (this.#waiting === null) return;
    const inputs = this.#waiting;
    this.#waiting = null;
    for (const input of inputs) input();
    if (this.#hasEnded) this.eof();
  }

  tick({ nowMs }) {
    if (this.isOpen) return;
    if (this.#deadlineMs === null) {
      this.#deadlineMs = nowMs + CLOSE_TIMEOUT_MS;
    } else if (nowMs >= this.#deadlineMs) {
      if (this.#state === 'close sent') {
        this.closeCode = 1006;
        this.#enter('finished');
      }
      this.trace.push('timeout');
    }
  }

  written() {}

  #read({ frame, payload }) {
    if (frame === 'close') this.#readClose(Buffer.from(payload, 'hex'));
    else if (frame === 'reserved') this.#fail(1002);
    else if (frame === 'bad text') this.#fail(1007);
    else this.trace.push(`${frame} ${FRAMES[frame].payload}`);
    if (frame === 'ping') this.sent.push(`8a ${FRAMES.ping.payload}`);
  }

  #readClose(data) {
    const code = data.length === 0 ? 1005 : data.length === 1 ? 0 : data.readUInt16BE();
    const isCode = code === 1005 ? data.length === 0 : isForTheWire(code);
    if (!isCode) return this.#fail(1002);
    const reason = data.subarray(2);
    if (Buffer.compare(Buffer.from(reason.toString()), reason) !== 0) return this.#fail(1007);
    this.closeCode = code;
    this.wasClean = true;
    if (this.isOpen) this.#sendClose(code === 1005 ? undefined : code);
    this.#enter('finished');
    if (this.#isServer) this.trace.push('finished');
    else this.#awaitsEnd = true;
    return undefined;
  }

  #fail(code) {
    if (this.#state === 'finished') return;
    if (this.isOpen) this.#sendClose(code);
    this.closeCode = code;
    this.#enter('finished');
    this.trace.push('finished');
  }

  #sendClose(code) {
    this.sent.push(`88 ${code === undefined ? '' : code.toString(16).padStart(4, '0')}`);
  }

  #enter(state) {
    const wasOpen = this.isOpen;
    this.#state = state;
    this.#deadlineMs = null;
    if (state === 'finished') this.#waiting = null;
    if (wasOpen) this.trace.push('closing');
  }
}

/** RFC 6455 7.4 and the registry of IANA. */
function isForTheWire(code) {
  return (
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  );
}
