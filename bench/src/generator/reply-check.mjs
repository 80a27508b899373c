const SHOWN_BYTES = 16;

/**
 * Sends once and compares the reply byte by byte. The load itself only counts bytes; this makes sure, once per
 * sample, that they are the right ones.
 */
export function checkReply({ sender, bytes, receiver, expected, pool }) {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    receiver.onBytes = (byteLength, buffer) => {
      received = Buffer.concat([received, buffer.subarray(0, byteLength)]);
      if (!received.equals(expected.subarray(0, received.length))) {
        pool.fail(
          `the reply is not the expected frame: it begins with ${received.toString('hex', 0, SHOWN_BYTES)}`,
        );
      } else if (received.length === expected.length) {
        resolve();
      }
    };
    sender.write(bytes);
  });
}
