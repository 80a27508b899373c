/** What pays for `NATIVE_MIN_BYTES` in `utf8.ts`: `node bench/src/micro/utf8.mjs` after a build. */
import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import { bench, run, summary } from 'mitata';

const require = createRequire(import.meta.url);
const { validateUtf8 } = require('../../../packages/protocol/dist/cjs/websocket/utf8.js');

const natives = { isUtf8 };

for (const length of [8, 16, 32, 64, 256, 4096]) {
  const bytes = Buffer.from('aé€😀'.repeat(Math.ceil(length / 10))).subarray(0, length);
  summary(() => {
    bench(`${length} B, as the core does it`, () => validateUtf8(natives, 0, bytes, 0, bytes.length));
    bench(`${length} B, the runtime's validator`, () => isUtf8(bytes.subarray(0, bytes.length)));
  });
}

await run();
