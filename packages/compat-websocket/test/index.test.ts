import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as browser from '../src/browser.ts';
import * as ours from '../src/index.ts';
import { LIBRARIES } from './rig/libraries.ts';

const { upstream } = LIBRARIES;

const OURS = '@hawser/compat-websocket';

/** Evaluates in a process of its own, which finds the built packages. */
function evaluate(expression: string): unknown {
  const script = `console.log(JSON.stringify(${expression}))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    cwd: __dirname,
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** What kind of thing each module is, and what an object has. */
function shapesOf(home: string, names: readonly string[]): unknown {
  const list = JSON.stringify(names.map((name) => `${home}/lib/${name}`));
  return evaluate(
    `${list}.map((path) => require(path)).map((value) => typeof value === 'object' ? Object.keys(value).sort() : typeof value)`,
  );
}

describe('package', () => {
  test('exports what websocket does', () => {
    const names = Object.keys((upstream as unknown as { default: object }).default);
    expect(Object.keys(ours).sort()).toEqual(names.sort());
    expect(ours.version).toBe(upstream.version);
  });

  test('has roots that export every name by hand', () => {
    for (const [root, module] of [
      ['index.js', ours],
      ['browser.js', browser],
    ] as const) {
      const source = readFileSync(`${__dirname}/../${root}`, 'utf8');
      const names = [...source.matchAll(/^exports\.(\w+) = api\.\1;$/gm)].map(([, name]) => name);
      expect(names).toEqual(Object.keys(module).sort());
    }
  });

  test('has the modules below lib that programs reach for, of the built package', () => {
    const require = createRequire(__filename);
    const lib = join(dirname(require.resolve('websocket/package.json')), 'lib');
    const names = readdirSync(lib, { encoding: 'utf8' }).filter((name) => name !== 'utils.js');
    expect(readdirSync(`${__dirname}/../lib`)).toEqual(names);
    expect(shapesOf(OURS, names)).toEqual(shapesOf('websocket', names));
    const isSame = `require('${OURS}/lib/WebSocketServer') === require('${OURS}').server`;
    expect(evaluate(isSame)).toBe(true);
  });

  test('has the same statics, defaults and public methods', () => {
    for (const [name, value] of Object.entries(upstream.connection)) {
      expect([name, ours.connection[name as 'CLOSE_REASON_NORMAL']]).toEqual([name, value]);
    }
    const theirs = new upstream.client() as unknown as { config: object };
    expect(new ours.client().config).toEqual(theirs.config);
    const methods = [
      'send',
      'sendUTF',
      'sendBytes',
      'ping',
      'pong',
      'sendFrame',
      'fragmentAndSend',
      'close',
    ] as const;
    for (const method of [...methods, 'drop', 'pause', 'resume'] as const) {
      expect(typeof ours.connection.prototype[method]).toBe('function');
    }
  });

  test('warns of each deprecation once, and of none by itself', () => {
    for (const { deprecation } of [upstream, LIBRARIES.ours]) {
      const warnings: unknown[] = [];
      const { warn } = console;
      console.warn = (message) => warnings.push(message);
      try {
        deprecation.warn('old');
        deprecation.deprecationWarningMap.old = 'use new';
        deprecation.warn('old');
        deprecation.warn('old');
      } finally {
        console.warn = warn;
        delete deprecation.deprecationWarningMap.old;
      }
      expect(warnings).toEqual(['DEPRECATION WARNING: use new']);
    }
  });

  test('gives bundles for the browser its own WebSocket, and nothing of Node', () => {
    expect(Object.keys(browser).sort()).toEqual(['version', 'w3cwebsocket']);
    expect(browser.w3cwebsocket).toBe((globalThis as { WebSocket?: unknown }).WebSocket ?? null);
    const source = readFileSync(`${__dirname}/../src/browser.ts`, 'utf8');
    expect([...source.matchAll(/from '(.*)'/g)].map(([, name]) => name)).toEqual(['./version.ts']);
  });
});
