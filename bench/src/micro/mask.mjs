/**
 * What pays for the ways of masking in `mask.ts` and `vector-mask.ts`: `node bench/src/micro/mask.mjs` after a build.
 */
import { createRequire } from 'node:module';
import { bench, run, summary } from 'mitata';

const require = createRequire(import.meta.url);
const { Chunk } = require('../../../packages/protocol/dist/cjs/websocket/chunk.js');
const { applyMask } = require('../../../packages/protocol/dist/cjs/websocket/mask.js');
const { createVectorMask } = require('../../../packages/ws/dist/vector-mask.js');

const KEY = 0x0403_0201;
/** Where a payload begins in a chunk of one frame from a client. */
const START = 8;

const { mask: vectorMask, page } = createVectorMask();

for (const size of [16, 64, 512, 1024, 4096, 16_384, 65_528]) {
  const chunk = Buffer.alloc(START + size, 7);
  const end = START + size;
  summary(() => {
    bench(`${size} B, bytes`, () => applyMask({}, new Chunk({}, chunk, false), START, end, KEY));
    bench(`${size} B, words`, () => applyMask({}, new Chunk({}, chunk, true), START, end, KEY));
    bench(`${size} B, vectors`, () => vectorMask(chunk, START, end, KEY));
    bench(`${size} B, vectors in place`, () => vectorMask(page, START, end, KEY));
  });
}

await run();
