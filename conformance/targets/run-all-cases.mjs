const CONCURRENCY = 8;

/**
 * Drive a client under test from the command line: `node some-client.mjs URL COUNT`.
 *
 * @param echo - connects to the URL it is given, echoes every message, resolves when the connection is closed
 */
export async function runAllCases(echo) {
  const [url, count] = process.argv.slice(2);
  if (!url || !count) {
    console.error('usage: node client.mjs URL COUNT');
    process.exit(2);
  }
  const numbers = Array.from({ length: Number(count) }, (_, index) => index + 1);
  const work = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift())
      await echo(`${url}/case/${number}`);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}
