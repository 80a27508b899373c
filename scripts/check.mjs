/** What every commit passes: format, lint, types, layers, unused code, the pure tests. */
import { startStep } from './steps.mjs';

const TSC = 'node_modules/typescript/bin/tsc';

// Every branch of the core, by its own tests: they take as long as all the rest, on the other core.
const pureTests = startStep('pure tests', 'node_modules/vitest/vitest.mjs', [
  'run',
  '--project',
  'protocol',
  '--coverage',
  '--reporter',
  'dot',
]);
await startStep('format and lint', 'node_modules/@biomejs/biome/bin/biome', [
  'check',
  '--error-on-warnings',
  '.',
]);
await startStep('types', TSC, ['-p', 'tsconfig.json']);
// Without Node's or the DOM's types, I/O does not even type-check in the core.
await startStep('types of the pure core', TSC, ['-p', 'packages/protocol/tsconfig.json', '--noEmit']);
await startStep('types of the page', TSC, ['-p', 'packages/cli/tsconfig.page.json']);
await startStep('layers', 'scripts/check-layers.mjs');
await startStep('unused code', 'node_modules/knip/bin/knip.js');
await pureTests;
