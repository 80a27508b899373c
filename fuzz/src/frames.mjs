/** Frames as a peer writes them, right and wrong ones. */

/**
 * Writes one frame (RFC 6455 5.2).
 *
 * @param frame.payload - a Buffer
 * @param frame.key - the mask as a number, or null for none
 * @param frame.lengthBits - up to 7, up to 16 or more: how the length is written; default the shortest way
 * @param frame.claims - the length that the header states; default the payload's
 */
export function encodeFrame({ firstByte, payload, key, lengthBits, claims = payload.length }) {
  const bits = lengthBits ?? (claims < 126 ? 7 : claims < 65_536 ? 16 : 64);
  const head = Buffer.alloc(bits <= 7 ? 2 : bits <= 16 ? 4 : 10);
  const short = { 2: claims & 0x7f, 4: 126, 10: 127 }[head.length];
  head[0] = firstByte;
  head[1] = (key === null ? 0 : 0x80) | short;
  if (head.length === 4) head.writeUInt16BE(claims & 0xffff, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(claims), 2);
  if (key === null) return Buffer.concat([head, payload]);
  const mask = Buffer.alloc(4);
  mask.writeUInt32BE(key);
  const masked = Buffer.from(payload);
  for (let i = 0; i < masked.length; i += 1) masked[i] ^= mask[i & 3];
  return Buffer.concat([head, mask, masked]);
}

/** Writes what {@link drawWire} drew. */
export function wireOf({ frames, changes, cutOff }) {
  const parts = frames.map((frame) => encodeFrame({ ...frame, payload: Buffer.from(frame.payload, 'hex') }));
  const wire = Buffer.concat(parts);
  for (const { at, octet } of changes) if (wire.length > 0) wire[at % wire.length] = octet;
  return wire.subarray(0, Math.max(0, wire.length - cutOff));
}

/** Reads whole frames that the machine wrote; a rest is `null`. */
export function decodeFrames(bytes) {
  const frames = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1] & 0x7f;
    const extension = short < 126 ? 0 : short === 126 ? 2 : 8;
    const length =
      extension === 0
        ? short
        : extension === 2
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    const isMasked = bytes[at + 1] >= 0x80;
    const start = at + 2 + extension + (isMasked ? 4 : 0);
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (payload.length < length) return [...frames, null];
    if (isMasked) for (let i = 0; i < length; i += 1) payload[i] ^= bytes[start - 4 + (i & 3)];
    frames.push({ firstByte: bytes[at], isMasked, payload });
    at = start + length;
  }
  return frames;
}

const TEXTS = ['a', 'é', '€', '😀', '\u0000', 'Hello ', '\uffff'];

/** What a peer of a machine in `role` might send, as JSON: mostly right, any rule broken anywhere. */
export function drawWire(random, role, { maxFrames = 8, mayCompress = false } = {}) {
  const frames = [];
  let isOpen = false;
  for (let count = 1 + random.below(maxFrames); count > 0; count -= 1) {
    const { frame, continues } = drawFrame(random, role, isOpen, mayCompress);
    frames.push({ ...frame, payload: frame.payload.toString('hex') });
    isOpen = continues;
  }
  const changes = random.oneIn(4)
    ? random.list(4, () => ({ at: random.below(400), octet: random.bits() & 0xff }))
    : [];
  return { frames, changes, cutOff: random.oneIn(6) ? random.below(200) : 0 };
}

function drawFrame(random, role, isOpen, mayCompress) {
  const key =
    (role === 'server') !== random.oneIn(60) ? random.pick([0, 0x37fa213d, 0xffffffff, random.bits()]) : null;
  const roll = random.below(100);
  if (roll < 22) return { frame: drawControl(random, key), continues: isOpen };
  if (roll < 25)
    return {
      frame: { firstByte: random.bits() & 0xff, payload: random.bytes(random.below(10)), key },
      continues: isOpen,
    };
  const fin = random.below(3) > 0;
  const opcode = isOpen !== random.oneIn(25) ? 0 : random.pick([1, 1, 2]);
  const rsv =
    opcode > 0 && mayCompress && random.oneIn(3)
      ? 0x40
      : random.oneIn(50)
        ? random.pick([0x10, 0x20, 0x40])
        : 0;
  const payload = drawPayload(random, opcode);
  const frame = { firstByte: (fin ? 0x80 : 0) | rsv | opcode, payload, key };
  if (random.oneIn(30)) frame.lengthBits = random.pick([7, 16, 64]);
  if (random.oneIn(40))
    Object.assign(frame, {
      lengthBits: 64,
      claims: random.pick([65_536, 2 ** 31, 2 ** 40, 2 ** 53, 2 ** 63]),
    });
  return { frame, continues: !fin };
}

function drawPayload(random, opcode) {
  if (opcode === 2 || random.oneIn(12)) return random.bytes(random.length(70_000));
  const unit = random.pick(TEXTS);
  const text = Buffer.from(unit.repeat(Math.ceil(random.length(70_000) / Buffer.byteLength(unit))));
  // Fragments that end inside a code point.
  return random.oneIn(5) ? text.subarray(0, random.below(text.length + 1)) : text;
}

function drawControl(random, key) {
  const opcode = random.pick([8, 9, 9, 10]);
  const fin = !random.oneIn(30);
  const payload =
    opcode === 8 ? drawClosePayload(random) : random.bytes(random.oneIn(20) ? 126 : random.below(126));
  return { firstByte: (fin ? 0x80 : 0) | opcode, payload, key };
}

export function drawClosePayload(random) {
  const codes = [
    1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1012, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 0,
    65_535,
  ];
  if (random.oneIn(8)) return random.bytes(random.below(3));
  const code = Buffer.alloc(2);
  code.writeUInt16BE(random.pick([1000, 1001, 3000, ...codes]));
  return Buffer.concat([code, random.oneIn(4) ? random.bytes(random.below(20)) : Buffer.from('bye')]);
}

/** Places to cut some octets at, in order; those beyond the end are at the end. */
export function drawCuts(random) {
  if (random.oneIn(8)) return Array.from({ length: 100 }, (_, i) => i);
  const limit = random.pick([10, 100, 100, 1000, 100_000]);
  return random.list(12, () => random.below(limit)).sort((a, b) => a - b);
}

/** Copies of the pieces, as a transport would hand them over. */
export function cut(wire, cuts) {
  const places = [...cuts, wire.length].map((place) => Math.min(place, wire.length));
  return places.map((end, i) => Buffer.from(wire.subarray(places[i - 1] ?? 0, end)));
}
