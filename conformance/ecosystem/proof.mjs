/** Preloaded into each smoke test: the process must have loaded our WebSocket, and no other. */

import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const { cache } = createRequire(import.meta.url);
const ours = realpathSync(
  fileURLToPath(new URL('../../packages/compat-ws/dist/websocket.js', import.meta.url)),
);

process.on('exit', (code) => {
  const loaded = Object.keys(cache);
  const others = loaded.filter((file) => file.includes(`${sep}node_modules${sep}ws${sep}`));
  if (code === 0 && (others.length > 0 || !loaded.includes(ours))) {
    console.error(
      `the drop-in was ${loaded.includes(ours) ? '' : 'not '}loaded; other ws: ${others.join(', ')}`,
    );
    process.exitCode = 1;
  }
});
