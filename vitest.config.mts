import { defineConfig } from 'vitest/config';

/** Resolve the packages of this workspace to their sources, so that no test needs a build. */
const sourceConditions = ['@hawser/source'];

/** Tests with real sockets, processes and browsers, on a machine that may be busy. */
const slow = { testTimeout: 30_000, hookTimeout: 30_000 };

export default defineConfig({
  resolve: { conditions: sourceConditions },
  ssr: { resolve: { conditions: sourceConditions, externalConditions: sourceConditions } },
  test: {
    coverage: {
      provider: 'v8',
      include: ['packages/protocol/src/**'],
      reporter: ['text-summary'],
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'protocol',
          include: ['packages/protocol/test/**/*.test.ts', 'conformance/vectors/**/*.test.ts'],
          // Pure code leaves nothing behind that the next file could see.
          isolate: false,
          pool: 'threads',
          // Properties take many runs, on a machine that may be busy.
          testTimeout: 30_000,
        },
      },
      { extends: true, test: { name: 'ws', include: ['packages/ws/test/**/*.test.ts'], ...slow } },
      {
        extends: true,
        test: { name: 'compat-ws', include: ['packages/compat-ws/test/**/*.test.ts'], ...slow },
      },
      {
        extends: true,
        test: {
          name: 'compat-websocket',
          include: ['packages/compat-websocket/test/**/*.test.ts'],
          ...slow,
        },
      },
      { extends: true, test: { name: 'engine', include: ['packages/engine/test/**/*.test.ts'], ...slow } },
      { extends: true, test: { name: 'io', include: ['packages/io/test/**/*.test.ts'], ...slow } },
      { extends: true, test: { name: 'client', include: ['packages/client/test/**/*.test.ts'], ...slow } },
      { extends: true, test: { name: 'cli', include: ['packages/cli/test/**/*.test.ts'], ...slow } },
      {
        extends: true,
        test: { name: 'docs', include: ['docs/test/**/*.test.ts'], ...slow },
      },
    ],
  },
});
