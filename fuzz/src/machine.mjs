import { isUtf8 } from 'node:buffer';

/** What a machine needs of the runtime, predictable; memory is full of garbage and counted. */
class FuzzNatives {
  allocatedBytes = 0;
  mask = undefined;

  allocate(size) {
    this.allocatedBytes += size;
    return Buffer.alloc(size, 0xaa);
  }

  utf8Length(text) {
    return Buffer.byteLength(text);
  }

  writeUtf8(target, text, offset) {
    return asBuffer(target).write(text, offset);
  }

  readUtf8(bytes, start = 0, end = bytes.length) {
    return asBuffer(bytes).toString('utf8', start, end);
  }

  writeLatin1(target, text, offset) {
    target.write(text, offset, 'latin1');
  }

  readLatin1(bytes) {
    return asBuffer(bytes).toString('latin1');
  }

  isUtf8(bytes) {
    return isUtf8(bytes);
  }

  randomMask() {
    return 0x3d21fa37;
  }
}

function asBuffer(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function makeNatives() {
  return new FuzzNatives();
}

/**
 * A connection machine with a trace of what it calls.
 *
 * @param given.react - called with the name of each call and its data, after it was written down
 * @returns `{ machine, trace, natives }`
 */
export function openMachine(
  { Connection, Endpoint },
  { role, maxMessageBytes, allowsRsv1 = false, react = () => {} },
) {
  const trace = [];
  const natives = makeNatives();
  const record = (name, data, isBinary) => {
    trace.push(data === undefined ? name : `${name} ${asBuffer(data).toString('hex')}`);
    react(name, data, isBinary);
  };
  const handler = {
    onMessage: (data, isBinary) => record(isBinary ? 'binary' : 'text', data, isBinary),
    onCompressedMessage: (data, isBinary) => {
      record(`compressed ${isBinary}`, data, isBinary);
      return Buffer.from('inflated');
    },
    onPing: (data) => record('ping', data),
    onPong: (data) => record('pong', data),
    onClosing: () => record('closing'),
    onFinished: () => record('finished'),
    onTimeout: () => record('timeout'),
  };
  const options = { role, maxMessageBytes, closeTimeoutMs: 10, pingIntervalMs: 0, pingTimeoutMs: 10 };
  const machine = new Connection(handler, new Endpoint(options, natives), allowsRsv1);
  return { machine, trace, natives };
}
