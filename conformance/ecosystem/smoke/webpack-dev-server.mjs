import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import webpack from 'webpack';
import WebpackDevServer from 'webpack-dev-server';
import WebSocket from 'ws';

const context = mkdtempSync(join(tmpdir(), 'webpack-'));
const entry = join(context, 'entry.js');
writeFileSync(entry, 'console.log(1);');
const compiler = webpack({
  mode: 'development',
  context,
  entry,
  infrastructureLogging: { level: 'error' },
  stats: 'none',
});
const devServer = new WebpackDevServer({ port: 'auto', host: '127.0.0.1', hot: true, open: false }, compiler);
await devServer.start();
const { port } = devServer.server.address();

// What the script in the page does.
const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin: `http://127.0.0.1:${port}` });
const types = [];
await new Promise((resolve, reject) => {
  client.on('error', reject);
  client.on('message', (data) => {
    types.push(JSON.parse(data).type);
    if (types.at(-1) === 'ok' && types.filter((type) => type === 'ok').length === 1) {
      writeFileSync(entry, 'console.log(2);');
    } else if (types.at(-1) === 'ok') {
      resolve();
    }
  });
});
for (const type of ['hot', 'liveReload', 'hash', 'invalid']) assert.ok(types.includes(type), type);
client.close();
await devServer.stop();
rmSync(context, { recursive: true });
