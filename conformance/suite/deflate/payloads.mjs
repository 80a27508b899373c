/**
 * Payloads of many kinds, the same in every run, so that a failure can be repeated. Each function gives the octets
 * `[start, start + size)` of an endless document.
 */

const LENGTH = 400_000;

const WORDS =
  'the of and a to in is you that it he was for on are as with his they I at be this have from or one had by'.split(
    ' ',
  );

/** Kind of payload: its name, whether it is text, whether it can be compressed. */
export const KINDS = Object.freeze([
  { name: 'JSON', isText: true, isCompressible: true, bytes: lazy(writeJson) },
  { name: 'a bitmap', isText: false, isCompressible: true, bytes: lazy(writeBitmap) },
  { name: 'prose', isText: true, isCompressible: true, bytes: lazy(writeProse) },
  { name: 'HTML', isText: true, isCompressible: true, bytes: lazy(writeHtml) },
  { name: 'noise', isText: false, isCompressible: false, bytes: lazy(writeNoise) },
]);

/** Marsaglia's xorshift32. */
function generator(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** The documents are written when the first case asks for them. Text is ASCII, so that it can be cut anywhere. */
function lazy(write) {
  let document;
  return (start, size) => {
    document ??= write(generator(0x9e3779b9));
    const from = start % Math.max(1, document.length - size);
    return document.subarray(from, from + size);
  };
}

function writeLines(line) {
  const lines = [];
  for (let length = 0; length < LENGTH; length += lines.at(-1).length) lines.push(line(lines.length));
  return Buffer.from(lines.join(''), 'latin1');
}

function writeJson(draw) {
  return writeLines((id) => {
    const scores = [draw() % 100, draw() % 100, draw() / 2 ** 32];
    return `${JSON.stringify({ id, name: `item ${draw() % 1000}`, isActive: draw() % 2 === 0, scores })},\n`;
  });
}

function writeProse(draw) {
  return writeLines(() => {
    const words = Array.from({ length: 6 + (draw() % 10) }, () => WORDS[draw() % WORDS.length]);
    return `${words.join(' ')}${draw() % 4 === 0 ? '.\n' : ', '}`;
  });
}

function writeHtml(draw) {
  return writeLines((id) => {
    const word = WORDS[draw() % WORDS.length];
    return `<tr class="${id % 2 ? 'odd' : 'even'}"><td><a href="/${word}/${draw() % 999}">${word}</a></td></tr>\n`;
  });
}

function writeBitmap(draw) {
  return Buffer.from(
    Array.from({ length: LENGTH }, (_, i) => ((i % 512) / 4 + (i >> 11) + (draw() % 3)) & 0xff),
  );
}

function writeNoise(draw) {
  return Buffer.from(Array.from({ length: LENGTH }, () => draw() >>> 24));
}
