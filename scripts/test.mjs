/** Everything: the checks of a commit, then the built packages with real sockets, real browsers and real peers. */
import { nodeBinaries } from './node-binaries.mjs';
import { runStep } from './steps.mjs';

const VITEST = 'node_modules/vitest/vitest.mjs';

runStep('check', 'scripts/check.mjs');
runStep('build', 'scripts/build.mjs');
runStep('packed packages', 'scripts/check-packages.mjs');
runStep('other versions of Node', 'scripts/smoke-nodes.mjs');
// Against a strict reference endpoint, and against one flaw of it at a time.
runStep('conformance suite itself', 'conformance/suite/test/run-suite.test.mjs');
runStep('vectors themselves', 'conformance/suite/test/vectors.test.mjs');
runStep('conformance, both roles', 'scripts/conformance.mjs');
runStep('packages that depend on ws', 'scripts/ecosystem.mjs', ['ecosystem']);
runStep('web frameworks with Socket.IO', 'scripts/ecosystem.mjs', ['frameworks']);
runStep('fuzzing itself', 'fuzz/test/fuzz.test.mjs');
// The same inputs every time; a run with another seed, and for longer, is `npm run fuzz`.
runStep('fuzzing', 'fuzz/src/main.mjs', ['--inputs', '10000', '--seed', '1']);
runStep('soak itself', 'soak/test/soak.test.mjs');
runStep('soak', 'soak/src/main.mjs', ['--minutes', '0.1', '--connections', '300']);
runStep('chaos itself', 'chaos/test/chaos.test.mjs');
runStep('chaos', 'chaos/src/main.mjs', ['--seconds', '12', '--clients', '60']);
runStep('all tests', VITEST, ['run'], { HAWSER_NODE_24: nodeBinaries()[24] ?? '' });
