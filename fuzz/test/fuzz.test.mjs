/**
 * The fuzzing, tested: with one flaw at a time planted in the code under test, it fails.
 * Run with `node --test fuzz/test/fuzz.test.mjs`, after a build.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fuzz } from '../src/fuzz.mjs';
import { minimise } from '../src/minimise.mjs';
import { subject } from '../src/subject.mjs';
import { TARGETS } from '../src/targets/all-targets.mjs';

const SEED = 1;
const MAX_INPUTS = 2000;

const folder = mkdtempSync(join(tmpdir(), 'hawser-fuzz-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const { Connection, RequestHeadReader, MessageHistory } = subject;

/** A machine that treats each chunk in some way first. */
function receiving(change) {
  return class extends Connection {
    receive(chunk) {
      super.receive(change(chunk));
    }
  };
}

/** Target, what the flaw is, the flaw. */
const FLAWS = [
  [
    'connection',
    'a machine that loses the seventh octet of a chunk',
    { Connection: receiving((chunk) => Buffer.concat([chunk.subarray(0, 6), chunk.subarray(7)])) },
  ],
  [
    'connection',
    'a machine that throws at an empty chunk',
    {
      Connection: receiving((chunk) => {
        if (chunk.length === 0) throw new Error('nothing to read');
        return chunk;
      }),
    },
  ],
  [
    'connection',
    'a machine that reserves memory for what is announced',
    {
      Endpoint: class extends subject.Endpoint {
        takeReader(handler) {
          const reader = super.takeReader(handler);
          const { natives } = this;
          return Object.assign(Object.create(reader), {
            get isAtRest() {
              return reader.isAtRest;
            },
            stop: () => reader.stop(),
            resume: () => reader.resume(),
            read(chunk, start) {
              if (chunk.length > 9 && (chunk[1] & 0x7f) === 127) natives.allocate(10_000_000);
              return reader.read(chunk, start);
            },
          });
        }
        giveReader() {}
      },
    },
  ],
  [
    'receiver',
    'a machine that takes reserved bits',
    {
      Connection: receiving((chunk) =>
        chunk[0] & 0x20 ? Buffer.concat([Buffer.of(chunk[0] & 0xdf), chunk.subarray(1)]) : chunk,
      ),
    },
  ],
  [
    'receiver',
    'a machine that says 1002 to text that is too long',
    {
      Connection: class extends Connection {
        violate(code, value) {
          super.violate(code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'WS_ERR_INVALID_OPCODE' : code, value);
        }
      },
    },
  ],
  [
    'handshake',
    'a reader that forgets where an empty line began',
    {
      RequestHeadReader: class extends RequestHeadReader {
        read(chunk) {
          return super.read(chunk.length === 1 && chunk[0] === 10 ? Buffer.of(32) : chunk);
        }
      },
    },
  ],
  ['handshake', 'a server that confirms no window', { acceptDeflateOffer: confirmingNoWindow }],
  [
    'deflate',
    'an inflation without a limit',
    { inflateNow: (data, before) => subject.inflateNow(data, before, 2 ** 30) },
  ],
  [
    'deflate',
    'an inflation that takes all for an empty message',
    {
      inflateNow: (...given) => {
        const result = subject.inflateNow(...given);
        return typeof result === 'string' ? Buffer.alloc(0) : result;
      },
    },
  ],
  [
    'deflate',
    'a history that forgets one octet in a thousand',
    {
      MessageHistory: class extends MessageHistory {
        after(data) {
          return super.after(data.length > 1000 ? data.subarray(1) : data);
        }
      },
    },
  ],
  [
    'closing',
    'a machine that pings when it is closing',
    {
      Connection: class extends Connection {
        ping() {
          return super.ping() || this.closeCode === 1000;
        }
      },
    },
  ],
  [
    'closing',
    'a client that does not wait for the server to end',
    {
      Connection: class extends Connection {
        receiveEof() {
          if (!this.wasClean) super.receiveEof();
        }
      },
    },
  ],
];

function confirmingNoWindow(offers, wanted) {
  const acceptance = subject.acceptDeflateOffer(offers, wanted);
  if (acceptance === null) return null;
  const params = acceptance.extension.params.filter(([name]) => name !== 'server_max_window_bits');
  return { ...acceptance, extension: { ...acceptance.extension, params } };
}

function run(name, flaw, home, maxInputs = MAX_INPUTS) {
  return fuzz({
    targets: TARGETS.filter((target) => target.name === name),
    subject: { ...subject, ...flaw },
    seed: SEED,
    isOver: (count) => count >= maxInputs,
    corpusFolder: home,
  });
}

describe('the fuzzing finds', () => {
  for (const [name, what, flaw] of FLAWS) {
    test(`${what}, keeps what showed it, and finds it again there`, () => {
      const home = join(folder, what.replaceAll(' ', '-'));
      const { failure } = run(name, flaw, home);
      assert.notEqual(failure, null);
      assert.deepEqual(readdirSync(join(home, name)).length, 1);
      const kept = JSON.parse(readFileSync(failure.file, 'utf8'));
      assert.equal(kept.rule, failure.finding.rule);
      assert.ok(JSON.stringify(kept.input).length < 2000, 'the input is small');
      const again = run(name, flaw, home);
      assert.deepEqual(Object.values(again.counts), [0]);
      assert.equal(again.failure.finding.rule, kept.rule);
      assert.equal(run(name, {}, home, 0).failure, null);
    });
  }
});

test('a run with the same seed makes the same inputs', () => {
  const inputs = () => {
    const seen = [];
    const targets = TARGETS.map(({ name, generate }) => ({
      name,
      generate,
      check: (input) => seen.push(input),
    }));
    fuzz({ targets, subject, seed: 7, isOver: (count) => count >= 50, corpusFolder: folder });
    return seen;
  };
  assert.deepEqual(inputs(), inputs());
});

test('an input is made as small as it can be', () => {
  const isFailing = ({ list }) => list.some((number) => number >= 10);
  assert.deepEqual(minimise({ list: [3, 500, 12, 90], hex: 'abcd' }, isFailing), { list: [10], hex: '' });
});
