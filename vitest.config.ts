import { defineConfig } from 'vitest/config';

/** Resolve the packages of this workspace to their sources, so that no test needs a build. */
const sourceConditions = ['@hawser/source'];

export default defineConfig({
  resolve: { conditions: sourceConditions },
  ssr: { resolve: { conditions: sourceConditions, externalConditions: sourceConditions } },
  test: {
    projects: [
      { extends: true, test: { name: 'protocol', include: ['packages/protocol/test/**/*.test.ts', 'conformance/vectors/**/*.test.ts'] } },
      { extends: true, test: { name: 'ws', include: ['packages/ws/test/**/*.test.ts'] } },
      { extends: true, test: { name: 'cli', include: ['packages/cli/test/**/*.test.ts'] } },
    ],
  },
});
