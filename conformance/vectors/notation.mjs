/**
 * The building blocks of the vectors. Everything is hex text; first octets are written out as RFC 6455 5.2 draws them
 * (0x81 = FIN and text, 0x09 = ping without FIN), so that a case can be checked against the RFC by eye.
 *
 * One shorthand: `(6161*3)` stands for `616161616161`, for payloads that would make the files unreadable.
 */

/** The mask keys a masking peer uses, in turn: the example of RFC 6455 5.7, the edges, and a few uneven ones. */
const MASK_KEYS = Object.freeze(['37fa213d', '00000000', 'ffffffff', '01020304', '80000001', 'a5c35a3c']);

/** Hex of the UTF-8 octets of `string`. */
export function text(string) {
  return Buffer.from(string, 'utf8').toString('hex');
}

/** Hex shorthand for `count` times the same octet. */
export function run(octet, count) {
  return `(${octet}*${count})`;
}

/** Write out the shorthand. */
export function expand(hex) {
  return hex.replace(/\(([0-9a-f]+)\*(\d+)\)/g, (_, group, count) => group.repeat(Number(count)));
}

/** Hex of a close payload: the code in network order, then the reason. */
export function closePayload(code, reason = '') {
  return code.toString(16).padStart(4, '0') + text(reason);
}

/**
 * Write one frame.
 *
 * @param first - first octet: FIN, RSV1-3, opcode
 * @param payload - hex, unmasked
 * @param options.key - mask key in hex; absent = unmasked
 * @param options.lengthBits - 7, 16 or 64 to force an encoding of the length; absent = the shortest
 * @param options.length - what the header claims, where that differs from the payload given
 */
export function frame(first, payload, { key, lengthBits, length } = {}) {
  const octets = Buffer.from(expand(payload), 'hex');
  const claimed = BigInt(length ?? octets.length);
  const maskBit = key === undefined ? 0 : 0x80;
  const head = hexOctet(first) + lengthField(claimed, maskBit, lengthBits);
  if (key === undefined) return head + payload;
  return head + key + maskPayload(payload, octets, key);
}

/** Cut hex into chunks of one octet. */
export function octetwise(...frames) {
  return frames.join('').match(/../g) ?? [];
}

/** Cut hex before each of the given octet positions. */
export function cutAt(hex, ...positions) {
  const edges = [0, ...positions, hex.length / 2];
  return edges.slice(1).map((edge, index) => hex.slice(edges[index] * 2, edge * 2));
}

/** The peer of a machine in `role`: masks what it sends when the machine is a server (RFC 6455 5.1). */
export class VectorPeer {
  #keys;

  constructor(role, firstKey) {
    this.role = role;
    this.#keys = keysFrom(firstKey);
  }

  /** Write one frame, masked as the role demands, under the next mask key. */
  frame(first, payload = '', options = {}) {
    if (this.role === 'client') return frame(first, payload, options);
    return frame(first, payload, { key: this.#keys.next().value, ...options });
  }

  /** Write one close frame with a code and a reason. */
  close(code, reason) {
    return this.frame(0x88, closePayload(code, reason));
  }
}

function* keysFrom(first) {
  for (let index = first; ; index += 1) yield MASK_KEYS[index % MASK_KEYS.length];
}

function lengthField(claimed, maskBit, lengthBits) {
  const shortest = claimed <= 125n ? 7 : claimed <= 0xffffn ? 16 : 64;
  const bits = lengthBits ?? shortest;
  if (bits === 7) return hexOctet(maskBit | Number(claimed));
  return hexOctet(maskBit | (bits === 16 ? 126 : 127)) + claimed.toString(16).padStart(bits / 4, '0');
}

function maskPayload(payload, octets, key) {
  const keyOctets = Buffer.from(key, 'hex');
  const masked = Buffer.from(octets.map((octet, index) => octet ^ keyOctets[index % 4])).toString('hex');
  const isRun = payload.startsWith('(');
  if (!isRun) return masked;
  const whole = Math.floor(octets.length / 4);
  return `(${masked.slice(0, 8)}*${whole})${masked.slice(whole * 8)}`;
}

function hexOctet(value) {
  return value.toString(16).padStart(2, '0');
}
