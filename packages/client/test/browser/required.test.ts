/** What `require` gets of the client where there is no Node: from a bundler, or in a DOM that is laid over Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import type { io, Socket } from '@hawser/client';
import { rolldown } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventOf } from '../rig/clients.ts';
import { startServer } from '../rig/servers.ts';
import { bundleSources } from '../rig/sources.ts';
import { buildOnce, dist } from './page.ts';

const PROGRAM = join(__dirname, 'program.js');
const SCRIPTS = ['socket.io.js', 'socket.io.min.js', 'socket.io.msgpack.min.js'];

const NAMES = [
  'Fetch',
  'Manager',
  'NodeWebSocket',
  'NodeXHR',
  'Socket',
  'SocketError',
  'WebSocket',
  'WebTransport',
  'XHR',
  'connect',
  'default',
  'io',
  'protocol',
];

beforeAll(buildOnce, 120_000);

/** Bundles a program for browsers, and returns the script. */
async function bundle(program: string, resolve: object): Promise<{ code: string; modules: string[] }> {
  const built = await rolldown({
    input: PROGRAM,
    platform: 'browser',
    resolve,
    plugins: [
      {
        name: 'program',
        resolveId: (source) => (source === PROGRAM ? PROGRAM : null),
        load: (id) => (id === PROGRAM ? program : null),
      },
    ],
  });
  const { output } = await built.generate({ format: 'iife' });
  await built.close();
  return {
    code: output[0].code,
    modules: Object.keys(output[0].modules).map((id) => id.split('/').slice(-2).join('/')),
  };
}

/** A global object that has what the language has, and timers: no `TextEncoder`, as in jsdom. */
function bareGlobals(): Record<string, unknown> {
  return createContext({ setTimeout, clearTimeout, URL });
}

describe('the client, required by a bundled program', () => {
  test.each([
    ['a bundler that knows `exports`', {}],
    [
      'a bundler that knows the field `browser` alone',
      { exportsFields: [], mainFields: ['browser', 'main'] },
    ],
  ])('is the function, of one file: for %s', async (_name, resolve) => {
    const { code, modules } = await bundle("globalThis.client = require('@hawser/client');", resolve);
    expect(modules).toContain('dist/browser.js');
    expect(modules).not.toContain('esm/socket.js');
    const globals = bareGlobals();
    runInContext(code, globals);
    const client = globals.client as Record<string, unknown>;
    expect(typeof client).toBe('function');
    expect(Object.keys(client).sort()).toEqual(NAMES);
    for (const same of ['io', 'connect', 'default']) expect(client[same]).toBe(client);
  });

  test('is what is imported, module by module, where the program imports', async () => {
    const { modules } = await bundle("export { io } from '@hawser/client';", {});
    expect(modules).toContain('esm/socket.js');
    expect(modules).not.toContain('dist/browser.js');
  });
});

test('browser.js has the syntax of 2019', () => {
  const found: unknown[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('type' in node && isNewer(node as AstNode)) found.push(node);
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(readFileSync(join(dist, 'browser.js'), 'utf8'), { lang: 'js' }));
  expect(found).toEqual([]);
});

interface AstNode {
  readonly type: string;
  readonly operator?: string;
  readonly raw?: string | null;
  readonly value?: unknown;
}

function isNewer({ type, operator, raw, value }: AstNode): boolean {
  return (
    [
      'PrivateIdentifier',
      'PropertyDefinition',
      'ChainExpression',
      'StaticBlock',
      'ImportExpression',
    ].includes(type) ||
    ['??', '??=', '||=', '&&='].includes(operator ?? '') ||
    (typeof value === 'number' && raw?.includes('_') === true)
  );
}

test.each(SCRIPTS)('%s loads where there is no TextEncoder', (name) => {
  const globals = bareGlobals();
  runInContext(readFileSync(join(dist, name), 'utf8'), globals);
  expect(typeof globals.io).toBe('function');
});

/** Loads it as a test runner with a DOM does, where all tests have timers that are fake from the beginning. */
async function loadUnderFakes(onMicrotask: (run: () => void) => void): Promise<typeof io> {
  const program = "import { io } from '@hawser/client'; globalThis.io = io;";
  const globals = Object.assign(bareGlobals(), {
    ...{ WebSocket, fetch, Headers, AbortController, TextDecoder, TextEncoder },
    queueMicrotask: onMicrotask,
  });
  runInContext(await bundleSources(program, 'browser'), globals);
  return globals.io as typeof io;
}

test.each(['websocket', 'polling'])(
  'what is sent leaves over %s where microtasks were fake before the client was loaded',
  async (transport) => {
    const { url } = await startServer({}, (io) => {
      io.on('connection', (peer) => peer.on('ask', (answer: () => void) => answer()));
    });
    const connect = await loadUnderFakes(() => {});
    const socket: Socket = connect(url, { transports: [transport] });
    onTestFinished(() => void socket.disconnect());
    await eventOf(socket, 'connect');
    for (let i = 0; i < 3; i++) await socket.emitWithAck('ask');
  },
);

test('what a listener throws is uncaught, once, where microtasks were fake before the client was loaded', async () => {
  const { url } = await startServer();
  const held: (() => void)[] = [];
  const connect = await loadUnderFakes((run) => held.push(run));
  const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;
  const others = EVENTS.map((event) => process.listeners(event as 'uncaughtException'));
  for (const event of EVENTS) process.removeAllListeners(event);
  onTestFinished(() => {
    for (const [i, event] of EVENTS.entries()) {
      process.removeAllListeners(event);
      for (const listener of others[i]!) process.on(event, listener as never);
    }
  });
  const uncaught = eventOf(process, 'uncaughtException');
  const socket: Socket = connect(url, { transports: ['websocket'] });
  onTestFinished(() => void socket.disconnect());
  socket.on('connect', () => {
    throw new Error('the listener failed');
  });
  expect((await uncaught)[0]).toMatchObject({ message: 'the listener failed' });
  expect(held).not.toEqual([]);
  for (const run of held) run();
});
