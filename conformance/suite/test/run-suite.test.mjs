/**
 * The suite, tested: a strict endpoint passes every case, and an endpoint with one flaw does not.
 * Run with `node --test conformance/suite/test/run-suite.test.mjs`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeFrame, OPCODE } from '../frame.mjs';
import { runSuite } from '../run-suite.mjs';
import { VERDICT } from '../verdict.mjs';
import { runReferenceClient } from './reference-client.mjs';
import { MAX_MESSAGE_BYTES } from './reference-endpoint.mjs';
import { startReferenceServer } from './reference-server.mjs';

const BOTH = Object.freeze(['server', 'client']);

/** Flaw, the groups that must find it, and in whom. */
const FLAWS = Object.freeze([
  ['accepts-rsv', ['3.1', '3.2', '3.9.'], BOTH],
  ['accepts-wrong-masks', ['1.5.'], BOTH],
  ['accepts-reserved-opcodes', ['4.1.1', '4.2.1'], BOTH],
  ['accepts-fragmented-control', ['5.1', '5.2'], BOTH],
  ['accepts-long-control', ['2.'], BOTH],
  ['accepts-any-order', ['5.9', '5.18'], BOTH],
  ['accepts-long-forms', ['1.4.'], BOTH],
  ['accepts-any-text', ['6.3.', '6.12.1.'], BOTH],
  ['checks-text-late', ['6.4.', '6.20.1.'], BOTH],
  ['accepts-any-reason', ['7.5.'], BOTH],
  ['accepts-any-code', ['7.9.'], BOTH],
  ['accepts-one-octet-close', ['7.3.'], BOTH],
  ['answers-other-code', ['7.7.'], BOTH],
  ['goes-on-after-close', ['7.1.2'], BOTH],
  ['fails-without-close', ['4.1.1'], BOTH],
  ['fails-with-other-code', ['4.1.1'], BOTH],
  ['keeps-tcp-open', ['7.3.1'], BOTH],
  ['resets', ['7.3.1'], BOTH],
  ['answers-no-ping', ['2.1'], BOTH],
  ['answers-pings-empty', ['2.2'], BOTH],
  ['drops-empty-messages', ['1.1.1', '6.1.'], BOTH],
  ['echoes-as-binary', ['1.1.2'], BOTH],
  ['echoes-one-octet-wrong', ['1.2.', '10.'], BOTH],
  ['breaks-mask-phase', ['1.3.', '1.5.'], ['server']],
  ['masks-wrongly', ['1.1.2'], BOTH],
  ['repeats-its-mask', ['1.6.'], ['client']],
  ['sends-rsv', ['1.1.2'], BOTH],
  ['sends-long-forms', ['1.1.2'], BOTH],
  ['fragments-wrongly', ['1.1.2'], BOTH],
  ['drops-early-frames', ['H.1.3.', 'H.5.2.'], BOTH],
  ['accepts-with-wrong-hash', ['H.1.1.1', '1.1.1'], ['server']],
  ['accepts-extensions', ['H.1.2.'], ['server']],
  ['ignores-version', ['H.2.4.'], ['server']],
  ['ignores-key', ['H.2.3.'], ['server']],
  ['accepts-any-response', ['H.6.2.'], ['client']],
  ['repeats-its-key', ['1.1.'], ['client']],
  ['asks-for-version-8', ['H.5.1.1', '1.1.1'], ['client']],
  ['keeps-the-tail', ['12.1.4'], BOTH],
  ['ignores-its-window', ['13.3.7', '13.13.7'], BOTH],
  ['keeps-its-context', ['13.15.4'], BOTH],
  ['forgets-context', ['12.1.4', 'D.1.3'], BOTH],
  ['takes-all-for-context', ['D.1.'], BOTH],
  ['stops-at-last-blocks', ['D.1.8'], BOTH],
  ['accepts-rsv1-anywhere', ['D.2.'], BOTH],
  ['accepts-cut-off-blocks', ['D.3.'], BOTH],
  ['checks-no-inflated-text', ['D.4.'], BOTH],
  ['inflates-without-limit', ['D.5.1'], BOTH],
  ['accepts-any-parameter', ['N.1.', 'N.3.'], BOTH],
  ['confirms-nothing', ['13.2.1', '13.3.1'], ['server']],
  ['reads-one-offer', ['N.2.1'], ['server']],
]);

test('the frame encoder reproduces the examples of RFC 6455 5.7', () => {
  const hello = { opcode: OPCODE.text, payload: Buffer.from('Hello') };
  assert.equal(encodeFrame(hello).toString('hex'), '810548656c6c6f');
  assert.equal(encodeFrame(hello, Buffer.from('37fa213d', 'hex')).toString('hex'), '818537fa213d7f9f4d5158');
  const large = { opcode: OPCODE.binary, payload: Buffer.alloc(65536) };
  assert.equal(encodeFrame(large).subarray(0, 10).toString('hex'), '827f0000000000010000');
});

for (const role of BOTH) {
  test(`a strict ${role} passes every case`, async () => {
    const { results } = await runFlawed(role, [], []);
    const flawed = results.filter(({ verdict }) => verdict !== VERDICT.ok);
    assert.deepEqual(
      flawed.map(({ id, detail }) => `${id}: ${detail}`),
      [],
    );
  });
}

// A subject that does not fail when it must is given three seconds: the runs wait more than they work.
describe('the suite finds', { concurrency: 8 }, () => {
  for (const [flaw, only, roles] of FLAWS) {
    for (const role of roles) {
      test(`a ${role} that ${flaw.replaceAll('-', ' ')}`, async () => {
        const { counts } = await runFlawed(role, [flaw], only);
        assert.notEqual(
          counts[VERDICT.failed] + counts[VERDICT.nonStrict] + counts[VERDICT.unimplemented],
          0,
        );
      });
    }
  }
});

async function runFlawed(role, flaws, only) {
  const maxMessageBytes = MAX_MESSAGE_BYTES;
  if (role === 'client') {
    return runSuite({ role, only, maxMessageBytes, client: (url) => runReferenceClient(url, flaws) });
  }
  const server = await startReferenceServer(flaws);
  try {
    return await runSuite({ role, only, maxMessageBytes, target: server.url });
  } finally {
    await server.close();
  }
}
