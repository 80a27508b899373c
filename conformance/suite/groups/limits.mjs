import { OPCODE } from '../frame.mjs';
import {
  binary,
  binaryReply,
  continuation,
  failureCase,
  fragments,
  lazyCase,
  ping,
  pongReply,
  repliesCase,
  text,
  textReply,
} from '../script.mjs';
import { judgement, VERDICT } from '../verdict.mjs';

const KIB = 1024;
const MIB = 1024 * KIB;
const HEAVY = Object.freeze({ isHeavy: true, timeoutMs: 15_000, waitMs: 14_000 });
const ROUND_TRIPS = 1000;

/** Group 9: large messages, many messages, lengths no endpoint can serve. */
export function limitCases() {
  return [
    ...sizeCases('9.1', 'text', text, textReply),
    ...sizeCases('9.2', 'binary', binary, binaryReply),
    ...fragmentCases('9.3', 'text', OPCODE.text, textReply),
    ...fragmentCases('9.4', 'binary', OPCODE.binary, binaryReply),
    ...chopCases('9.5', 'text', text, textReply),
    ...chopCases('9.6', 'binary', binary, binaryReply),
    ...roundTripCases('9.7', 'text', text, textReply),
    ...roundTripCases('9.8', 'binary', binary, binaryReply),
    ...burstCases(),
    ...excessCases(),
  ];
}

function sizeCases(group, kind, frame, reply) {
  return [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB].map((size, index) => {
    const payload = () => patternOf(kind, size);
    const title = `${kind} message of ${showSize(size)} in one frame is echoed`;
    return lazyCase(
      `${group}.${index + 1}`,
      title,
      '5.2',
      () => [[frame(payload())], [reply(payload())]],
      HEAVY,
    );
  });
}

function fragmentCases(group, kind, opcode, reply) {
  return [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB].map((size, index) => {
    const title = `${kind} message of 4 MiB in fragments of ${showSize(size)} is echoed`;
    const build = () => {
      const payload = patternOf(kind, 4 * MIB);
      return [fragments(opcode, payload, size), [reply(payload)]];
    };
    return lazyCase(`${group}.${index + 1}`, title, '5.4', build, HEAVY);
  });
}

function chopCases(group, kind, frame, reply) {
  return [64, 128, 256, 512, KIB, 2 * KIB].map((writing, index) => {
    const title = `${kind} message of 1 MiB in chops of ${showSize(writing)} is echoed`;
    const build = () => {
      const payload = patternOf(kind, MIB);
      return [[frame(payload)], [reply(payload)]];
    };
    return lazyCase(`${group}.${index + 1}`, title, '5.2', build, { ...HEAVY, writing });
  });
}

/** One message at a time: each is sent when the echo of the one before has come. */
function roundTripCases(group, kind, frame, reply) {
  return [0, 16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB].map((size, index) => {
    const title = `${ROUND_TRIPS} round trips of ${kind} messages of ${showSize(size)}`;
    const last = repliesCase(`${group}.${index + 1}`, title, '5.2', [], [], HEAVY);
    return {
      ...last,
      async run(peer) {
        const payload = patternOf(kind, size);
        const expected = reply(payload);
        for (let count = 1; count <= ROUND_TRIPS; count += 1) {
          await peer.writeFrames([frame(payload)]);
          const hasCome = await peer.until(() => peer.isOver || peer.replies.length > 0, HEAVY.waitMs);
          const [got] = peer.replies.splice(0);
          if (!hasCome || got?.type !== expected.type || !got.data.equals(expected.data)) {
            await peer.finish();
            return judgement(VERDICT.failed, `round trip ${count} did not bring the message back`);
          }
        }
        return last.run(peer);
      },
    };
  });
}

/** Many frames in one segment: whoever answers per chunk must not lose or swap any. */
function burstCases() {
  const numbers = Array.from({ length: 2000 }, (_, index) => index);
  const mixed = numbers.flatMap((number) =>
    number % 3 === 0
      ? [ping(`ping ${number}`)]
      : [number % 3 === 1 ? text(`text ${number}`) : binary(`binary ${number}`)],
  );
  const answers = numbers.map((number) =>
    number % 3 === 0
      ? pongReply(`ping ${number}`)
      : number % 3 === 1
        ? textReply(`text ${number}`)
        : binaryReply(`binary ${number}`),
  );
  const onlyData = (list) => list.filter((_, index) => index % 3 !== 0);
  const growing = Array.from({ length: 200 }, (_, index) => patternOf('binary', index * 97));
  return [
    repliesCase(
      '9.9.1',
      '1333 small messages in one write are echoed in order',
      '5.2',
      onlyData(mixed),
      onlyData(answers),
      HEAVY,
    ),
    repliesCase('9.9.2', 'the same in chops of 13', '5.2', onlyData(mixed), onlyData(answers), {
      ...HEAVY,
      writing: 13,
    }),
    repliesCase(
      '9.9.3',
      '200 messages of growing length in one write are echoed in order',
      '5.2',
      growing.map((payload) => binary(payload)),
      growing.map(binaryReply),
      HEAVY,
    ),
    repliesCase(
      '9.9.4',
      '150 messages and pings in one write are answered in order',
      '5.2',
      mixed.slice(0, 150),
      answers.slice(0, 150),
      HEAVY,
    ),
  ];
}

/** RFC 6455 10.4: an endpoint has limits; 1009 says so, at the header, for nobody can send these. */
function excessCases() {
  const lengths = { '2^40': 2n ** 40n, '2^53': 2n ** 53n, '2^63 - 1': 2n ** 63n - 1n };
  return Object.entries(lengths).flatMap(([what, claims], index) => [
    excessCase(`9.10.${index * 2 + 1}`, `message of ${what} octets fails at its header`, [
      binary('', { claims }),
    ]),
    excessCase(`9.10.${index * 2 + 2}`, `fragment of ${what} octets fails at its header`, [
      text('start', { fin: false }),
      continuation('', { claims }),
    ]),
  ]);
}

function excessCase(id, title, send) {
  const base = failureCase(id, title, '10.4', [1009], send, { waitMs: 1500 });
  return {
    ...base,
    async run(peer) {
      const { verdict, detail } = await base.run(peer);
      const isUnlimited = peer.closeFrame === undefined && verdict === VERDICT.failed;
      return isUnlimited
        ? judgement(VERDICT.informational, 'waits for a message that cannot come')
        : judgement(verdict, detail);
    },
  };
}

/** Octets without a short period, so that a chunk put in the wrong place is noticed; text mixes lengths of code points. */
function patternOf(kind, size) {
  const bytes = Buffer.allocUnsafe(size);
  if (kind === 'binary') {
    for (let index = 0; index < size; index += 1) bytes[index] = (index * 31 + (index >>> 8)) & 0xff;
    return bytes;
  }
  const line = Buffer.from('0123456789 äöü κόσμε 日本語 😀 ');
  let length = 0;
  for (let count = 0; length + line.length + 8 <= size; count += 1) {
    length += line.copy(bytes, length);
    length += bytes.write(String(count % 10_000_000), length, 'latin1');
  }
  return bytes.fill('.', length);
}

function showSize(size) {
  if (size >= MIB) return `${size / MIB} MiB`;
  return size >= KIB ? `${size / KIB} KiB` : `${size} octets`;
}
