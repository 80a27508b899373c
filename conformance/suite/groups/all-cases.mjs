import { autoFragmentationCases } from './auto-fragmentation.mjs';
import { clientHandshakeCases } from './client-handshake.mjs';
import { closingCases } from './closing.mjs';
import { compressedDataCases } from './compressed-data.mjs';
import { bombCases, corruptDataCases } from './compressed-data-hostile.mjs';
import { compressionCases, compressionOfferCases } from './compression.mjs';
import { clientNegotiationCases, serverNegotiationCases } from './compression-negotiation.mjs';
import { fragmentationCases } from './fragmentation.mjs';
import { framingCases } from './framing.mjs';
import { limitCases } from './limits.mjs';
import { opcodeCases } from './opcodes.mjs';
import { pingCases } from './pings.mjs';
import { reservedBitCases } from './reserved-bits.mjs';
import { serverAcceptanceCases } from './server-handshake.mjs';
import { serverRefusalCases } from './server-refusal.mjs';
import { utf8Cases } from './utf8.mjs';

/**
 * Every case for a subject of `role`, in the order in which they run: heavy ones last.
 *
 * @param only - prefixes of case numbers, for example `['6.', 'H.']`; empty = all
 * @param limits.maxMessageBytes - the subject's, where it is known
 */
export function casesFor(role, only = [], limits = {}) {
  const all = [
    ...serverAcceptanceCases(),
    ...serverRefusalCases(),
    ...clientHandshakeCases(),
    ...framingCases(),
    ...pingCases(),
    ...reservedBitCases(),
    ...opcodeCases(),
    ...fragmentationCases(),
    ...utf8Cases(),
    ...closingCases(),
    ...autoFragmentationCases(),
    ...compressionCases(),
    ...compressionOfferCases(),
    ...limitCases(),
    ...compressedDataCases(),
    ...corruptDataCases(),
    ...bombCases(limits),
    ...serverNegotiationCases(),
    ...clientNegotiationCases(),
  ];
  assertNumbersAreUnique(all);
  const chosen = all.filter(({ id, roles }) => {
    const isForRole = roles === undefined || roles.includes(role);
    return isForRole && (only.length === 0 || only.some((prefix) => id.startsWith(prefix)));
  });
  return [...chosen.filter(({ isHeavy }) => !isHeavy), ...chosen.filter(({ isHeavy }) => isHeavy)];
}

function assertNumbersAreUnique(cases) {
  const seen = new Set();
  for (const { id } of cases) {
    if (seen.has(id)) throw new Error(`two cases have the number ${id}`);
    seen.add(id);
  }
}
