/** Runs the live conformance suite against the built packages in both roles, strict. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { isStrictPass, runSuite } from '../conformance/suite/run-suite.mjs';
import { root } from './steps.mjs';

/** What both targets take. */
const maxMessageBytes = 64 * 1024 * 1024;

const server = spawn(process.execPath, [`${root}/conformance/targets/hawser-server.mjs`], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [target] = await once(createInterface(server.stdout), 'line');
const outcomes = [
  await runSuite({ role: 'server', target, maxMessageBytes }),
  await runSuite({
    role: 'client',
    maxMessageBytes,
    exec: `${process.execPath} ${root}/conformance/targets/hawser-client.mjs %URL% %COUNT%`,
  }),
];
server.kill();

for (const { role, results, counts, durationMs } of outcomes) {
  const faults = results.filter(({ verdict }) => !['OK', 'INFORMATIONAL'].includes(verdict));
  for (const { id, title, verdict, detail } of faults)
    console.error(`  ${verdict} ${id} ${title}: ${detail}`);
  const seconds = (durationMs / 1000).toFixed(1);
  console.log(`  ${role}: ${results.length} cases in ${seconds} s: ${JSON.stringify(counts)}`);
}
// Both ends compress: a case that could not be run is one that nobody looked at.
const isComplete = outcomes.every(({ counts }) => counts.UNIMPLEMENTED === 0);
process.exit(isComplete && outcomes.every(isStrictPass) ? 0 : 1);
