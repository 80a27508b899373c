/** What sends one frame to all subscribers: several publications that arrive together leave together, in one write each. */
export function createFanOut(header, payload) {
  const frame = Buffer.concat([Buffer.from(header), Buffer.from(payload)]);
  const subscribers = new Set();

  function publish(count) {
    const bytes = count === 1 ? frame : Buffer.concat(Array(count).fill(frame));
    for (const socket of subscribers) socket.write(bytes);
  }

  return { subscribers, publish };
}
