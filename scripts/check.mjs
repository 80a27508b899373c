/** What every commit passes: format, lint, types, layers, unused code, the pure tests. */
import { runStep } from './steps.mjs';

const TSC = 'node_modules/typescript/bin/tsc';

runStep('format and lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']);
runStep('types', TSC, ['-p', 'tsconfig.json']);
// Without Node's or the DOM's types, I/O does not even type-check in the core.
runStep('types of the pure core', TSC, ['-p', 'packages/protocol/tsconfig.json', '--noEmit']);
runStep('types of the page', TSC, ['-p', 'packages/cli/tsconfig.page.json']);
runStep('layers', 'scripts/check-layers.mjs');
runStep('unused code', 'node_modules/knip/bin/knip.js');
// Every branch of the core, by its own tests.
runStep('pure tests', 'node_modules/vitest/vitest.mjs', [
  'run',
  '--project',
  'protocol',
  '--reporter',
  'dot',
]);
