/**
 * The child's end of the channel to the benchmark's main process: one JSON object per line, requests on standard
 * input, answers on standard output. Chosen because Node and Bun both have it.
 */

/** Tells the main process that requests may come, with what it should know about this child. */
export function announceReady(facts) {
  process.stdout.write(`${JSON.stringify({ ready: facts })}\n`);
}

/** Answers each request with the handler of its method. Ends the process when the main process is gone. */
export function answerRequests(handlers) {
  let partialLine = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text) => {
    const lines = (partialLine + text).split('\n');
    partialLine = lines.pop();
    for (const line of lines) void answer(handlers, JSON.parse(line));
  });
  process.stdin.on('end', () => process.exit(0));
}

async function answer(handlers, { id, method, params }) {
  try {
    const result = await handlers[method](params);
    process.stdout.write(`${JSON.stringify({ id, result })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ id, error: error.message })}\n`);
  }
}
