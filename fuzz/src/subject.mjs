/** The code under test, built. A test may replace parts of it, to see that the fuzzing finds a flaw. */
import * as protocol from '@hawser/protocol/websocket';
import { Compressor } from '@hawser/ws/internal';
import { resolveCompression } from '../../packages/ws/dist/compression/compression-options.js';
import { deflateNow, inflateNow } from '../../packages/ws/dist/compression/deflate.js';
import { MessageHistory } from '../../packages/ws/dist/compression/message-history.js';

export const subject = Object.freeze({
  ...protocol,
  Compressor,
  MessageHistory,
  deflateNow,
  inflateNow,
  resolveCompression,
});
