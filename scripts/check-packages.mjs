/**
 * Packs every package, has publint and attw judge the tarballs, installs them into an empty folder, and uses them
 * there through `require` and through `import`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './steps.mjs';

const PACKAGES = ['protocol', 'ws', 'compat-ws', 'compat-websocket', 'engine', 'io', 'client', 'cli'];

/** Drop-ins, and what they stand in for. */
const STANDS_IN_FOR = {
  'compat-ws': 'ws',
  'compat-websocket': 'websocket',
  engine: 'engine.io',
  io: 'socket.io',
  client: 'socket.io-client',
};

const USE_BOTH = `
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { WebSocketServer, WebSocket, ServerSocket, WebSocketError } from '@hawser/ws';
import { createCodec } from '@hawser/protocol/engineio';
import { Decoder } from '@hawser/protocol/socketio';
import { Connection, Endpoint } from '@hawser/protocol/websocket';
import * as drop from '@hawser/compat-ws';
import websocket, { client as websocketClient, connection, frame, request, router, server, w3cwebsocket } from '@hawser/compat-websocket';
import { attach, listen, parser, protocol, Server, Socket, Transport, transports } from '@hawser/engine';
import createIo, * as ioModule from '@hawser/io';
import { Adapter } from '@hawser/io/adapter';
import { Encoder } from '@hawser/io/parser';
import client, { connect, io, Manager, protocol as socketIoProtocol, Socket as ClientSocket } from '@hawser/client';
import * as clientModule from '@hawser/client';
import { Socket as ClientEngine } from '@hawser/client/engine';
const require = createRequire(import.meta.url);
// One identity in one process, however it was loaded.
assert.equal(require('@hawser/ws').WebSocketServer, WebSocketServer);
assert.equal(require('@hawser/ws').WebSocket, WebSocket);
assert.equal(require('@hawser/protocol/websocket').Connection, Connection);
// A drop-in has the shape of what it stands in for.
const Drop = require('@hawser/compat-ws');
assert.equal(drop.default, Drop);
assert.deepEqual(Object.keys(drop).sort(), [
  'PerMessageDeflate', 'Receiver', 'Sender', 'WebSocket', 'WebSocketServer',
  'createWebSocketStream', 'default', 'extension', 'subprotocol',
]);
for (const [name, value] of Object.entries(drop)) assert.equal(name === 'default' ? Drop : Drop[name], value);
assert.equal(Drop.Server, drop.WebSocketServer);
assert.equal(require('@hawser/protocol/engineio').createCodec, createCodec);
assert.equal(require('@hawser/protocol/socketio').Decoder, Decoder);
assert.equal(require('@hawser/engine').Server, Server);
assert.equal(require('@hawser/engine').Socket, Socket);
assert.equal(protocol, 4);
for (const named of [attach, listen, parser.encodePacket, Transport, transports.polling]) assert.equal(typeof named, 'function');
assert.equal(require('@hawser/compat-websocket'), websocket);
assert.equal(websocket.server, server);
assert.equal('__esModule' in websocket, false);
// socket.io's root is a function with the classes as members.
assert.equal(require('@hawser/io'), createIo);
for (const name of ['Server', 'Namespace', 'Socket']) assert.equal(createIo[name], ioModule[name]);
assert.ok(createIo() instanceof ioModule.Server);
assert.ok(createIo().of('/x') instanceof ioModule.Namespace);
assert.equal(require('@hawser/io/adapter').Adapter, Adapter);
assert.ok(createIo().sockets.adapter instanceof Adapter);
assert.equal(require('@hawser/io/parser').Encoder, Encoder);
// The function is the module, as a program of socket.io-client has it.
const clientRoot = require('@hawser/client');
assert.equal(clientRoot, io);
for (const same of [client, connect, clientRoot.io, clientRoot.connect, clientRoot.default]) assert.equal(same, io);
for (const [name, value] of Object.entries(clientModule)) assert.equal(clientRoot[name], value);
assert.equal(clientRoot.Manager, Manager);
assert.equal(clientRoot.Socket, ClientSocket);
assert.equal(socketIoProtocol, 5);
assert.equal(require('@hawser/client/engine').Socket, ClientEngine);
const compat = [websocketClient, connection, frame, request, router, server, w3cwebsocket];
for (const named of [ServerSocket, WebSocketError, Endpoint, ...compat]) assert.equal(typeof named, 'function');
`;

const folder = mkdtempSync(join(tmpdir(), 'hawser-packages-'));
try {
  for (const [name, upstream] of Object.entries(STANDS_IN_FOR)) checkVersion(name, upstream);
  const tarballs = PACKAGES.map(pack);
  for (const tarball of tarballs) judge(tarball);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', ...tarballs]);
  copyFileSync(`${root}/scripts/smoke.cjs`, join(folder, 'smoke.cjs'));
  run(process.execPath, ['smoke.cjs']);
  writeFileSync(join(folder, 'use-both.mjs'), USE_BOTH);
  run(process.execPath, ['use-both.mjs']);
  run(process.execPath, ['node_modules/.bin/hawser', '--version']);
  console.log(`  ${PACKAGES.length} tarballs: packed, judged, installed, required and imported`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What wants upstream as a peer has to take the drop-in: its version is upstream's, or a later patch of it. */
function checkVersion(name, upstream) {
  const [ours, theirs] = [`packages/${name}`, `node_modules/${upstream}`].map((home) => {
    const { version } = JSON.parse(readFileSync(`${root}/${home}/package.json`, 'utf8'));
    return version.split('.').map(Number);
  });
  if (ours[0] !== theirs[0] || ours[1] !== theirs[1] || ours[2] < theirs[2])
    throw new Error(`${name} is ${ours.join('.')}, and ${upstream} ${theirs.join('.')}`);
}

function pack(name) {
  const home = `${root}/packages/${name}`;
  const output = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: home,
  });
  const packed = JSON.parse(output.toString());
  return join(folder, Object.values(packed)[0].filename);
}

function judge(tarball) {
  run(process.execPath, [`${root}/node_modules/publint/src/cli.js`, 'run', '--strict', tarball]);
  // Resolution as node10 has it, without "exports", is what TypeScript does in many programs that compile to CommonJS.
  run(process.execPath, [
    `${root}/node_modules/@arethetypeswrong/cli/dist/index.js`,
    tarball,
    '--profile',
    'strict',
    '--quiet',
    // Scripts for browsers have no types; these are at the end, as the option takes what follows it.
    ...(tarball.includes('hawser-client') ? ['--entrypoints', '.', './debug', './engine'] : []),
  ]);
}

function run(file, args) {
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} exited with ${status}\n${stdout}\n${stderr}`);
}
