/** Texts that every implementation has to carry unchanged. */
export const TEXT_SAMPLES: Readonly<Record<string, string>> = {
  'an empty text': '',
  'a short text': 'hello',
  'a text in many scripts': 'grüß ☃ 😀 Ωμέγα 日本語 \u0000 \uffff',
  'a text of 125 bytes': 'x'.repeat(125),
  'a text of 126 bytes': 'x'.repeat(126),
  'a text of 65 536 bytes': 'x'.repeat(65_536),
  'a text of 5 MB in many scripts': 'Ωμέγα ☃ 日本 😀 abcdef '.repeat(140_000),
};

/** Bytes that every implementation has to carry unchanged. */
export const BINARY_SAMPLES: Readonly<Record<string, Buffer>> = {
  'no bytes': Buffer.alloc(0),
  'every byte': Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  '65 535 bytes': Buffer.alloc(65_535, 'abc'),
  '5 MB': Buffer.alloc(5_000_000, 'no round number'),
};
