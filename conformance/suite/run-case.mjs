import { Unimplemented } from './deflate/agreement.mjs';
import { judgement, VERDICT } from './verdict.mjs';

const CASE_TIMEOUT_MS = 15_000;

/**
 * Run one case within its time.
 *
 * @param session - `openPeer(seed)` for cases over an established connection, and what handshake cases ask for
 * @returns `{ id, title, rfc, verdict, detail, durationMs, sent, received }`
 */
export async function runCase(testCase, session) {
  const { id, title, rfc, timeoutMs = CASE_TIMEOUT_MS } = testCase;
  const startedAt = performance.now();
  let peer;
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(
      () => resolve(judgement(VERDICT.failed, `was not over after ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  const run = async () => {
    if (testCase.isHandshake) return testCase.run(session);
    peer = await session.openPeer(id, testCase.deflate);
    return testCase.run(peer);
  };
  const finding = await Promise.race([run().catch(asFailure), timeout]);
  clearTimeout(timer);
  peer?.destroy();
  const durationMs = Math.round(performance.now() - startedAt);
  const mayBeOurLoss = finding.verdict !== VERDICT.ok && peer?.hasLostWrites === true && !peer.closeFrame;
  return { id, title, rfc, ...finding, durationMs, ...peer?.log, mayBeOurLoss };
}

function asFailure(error) {
  if (error instanceof Unimplemented) return judgement(VERDICT.unimplemented, error.message);
  return judgement(VERDICT.failed, error.message);
}
