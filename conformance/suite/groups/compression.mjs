import { KINDS } from '../deflate/payloads.mjs';
import { OPCODE } from '../frame.mjs';
import { binaryReply, lazyCase, textReply, toCompress } from '../script.mjs';

/** Size of the messages, and of the fragments that they are cut into. */
const SIZES = Object.freeze([
  [16],
  [64],
  [256],
  [1024],
  [4096],
  [8192],
  [16_384],
  [32_768],
  [65_536],
  [131_072],
  [8192, 256],
  [16_384, 256],
  [32_768, 256],
  [65_536, 256],
  [131_072, 256],
  [131_072, 1024],
  [131_072, 4096],
  [131_072, 32_768],
  // The well-known suites end here.
  [300_000],
  [300_000, 65_535],
]);

const MAX_MESSAGES = 100;
const MIN_MESSAGES = 2;

/** All parameters that RFC 7692 7.1 knows: what a server is offered, and what a client is answered. */
const PARAMETERS = Object.freeze([
  [''],
  ['server_no_context_takeover'],
  ['server_max_window_bits=9'],
  ['server_max_window_bits=15'],
  ['server_no_context_takeover; server_max_window_bits=9'],
  ['server_no_context_takeover; server_max_window_bits=15'],
  ['server_no_context_takeover; server_max_window_bits=9', 'server_no_context_takeover', ''],
  // The well-known suites end here.
  ['server_max_window_bits=8'],
  ['server_max_window_bits=12'],
  ['client_no_context_takeover'],
  ['client_max_window_bits', 'client_max_window_bits=15'],
  ['client_max_window_bits=8'],
  ['client_max_window_bits=9'],
  ['client_max_window_bits=12; client_no_context_takeover'],
  [
    'server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=10',
  ],
  [
    'server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=8',
  ],
  ['server_max_window_bits="10"; client_max_window_bits="11"'],
]);

/** A client decides on its offers itself: what is answered, and what a server is offered. */
function deflateWith(parameters) {
  const offers = parameters.map((list) => `permessage-deflate${list === '' ? '' : `; ${list}`}`).join(', ');
  return { offers, answer: parameters.find((list) => !/bits(;|$)/.test(list)) ?? '' };
}

/** Group 12: messages of many kinds and sizes, RFC 7692 7.2. */
export function compressionCases() {
  const deflate = deflateWith(['client_max_window_bits', '']);
  return KINDS.flatMap((kind, index) =>
    sizeCases(`12.${index + 1}`, SIZES, kind, 400_000, `${kind.name}, default parameters`, { deflate }),
  );
}

/** Group 13: the same with other parameters. */
export function compressionOfferCases() {
  return PARAMETERS.flatMap((parameters, index) => {
    const deflate = deflateWith(parameters);
    const how = `JSON with ${parameters.map((list) => list || 'no parameter').join(', or ')}`;
    return sizeCases(`13.${index + 1}`, SIZES.slice(0, 18), KINDS[0], 100_000, how, { deflate });
  });
}

/** About `totalBytes` in messages of each size. */
function sizeCases(group, sizes, kind, totalBytes, how, more) {
  const [opcode, reply] = kind.isText ? [OPCODE.text, textReply] : [OPCODE.binary, binaryReply];
  return sizes.map(([size, fragmentBytes], index) => {
    const count = Math.min(MAX_MESSAGES, Math.max(MIN_MESSAGES, Math.floor(totalBytes / size)));
    const payloads = () => Array.from({ length: count }, (_, i) => kind.bytes(i * size, size));
    const cut = fragmentBytes === undefined ? '' : ` in fragments of ${fragmentBytes}`;
    const title = `${count} messages of ${size} octets${cut} are echoed: ${how}`;
    const build = () => [
      payloads().map((payload) => toCompress(opcode, payload, fragmentBytes)),
      payloads().map(reply),
    ];
    const expectsCompression = kind.isCompressible && size >= 1024;
    const id = `${group}.${index + 1}`;
    return lazyCase(id, title, 'RFC 7692 7.2', build, {
      ...more,
      isHeavy: true,
      timeoutMs: 15_000,
      expectsCompression,
    });
  });
}
