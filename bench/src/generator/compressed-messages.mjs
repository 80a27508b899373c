import { constants, deflateRawSync } from 'node:zlib';
import { jsonMessages } from '../payload.mjs';
import { maskedFrame } from './frames.mjs';

const TAIL_BYTES = 4;

/** Frames with JSON, compressed beforehand, each by itself: that is allowed whatever was agreed on (RFC 7692 7.2.1). */
export function compressedRequests(payloadBytes, isText) {
  return jsonMessages(payloadBytes).map((message) => {
    const deflated = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH });
    return maskedFrame(deflated.subarray(0, deflated.length - TAIL_BYTES), isText, true);
  });
}
