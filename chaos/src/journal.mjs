import { readFileSync } from 'node:fs';

/**
 * Compares what the server wrote down with what the clients were told.
 *
 * @param {string} file - a line `<life> <client> <number>` for each put
 * @param {ReadonlyMap<string, ReadonlyMap<number, number>>} acknowledged - for each client: number -> life
 * @returns {string[]} what must not be
 */
export function judgeJournal(file, acknowledged) {
  const faults = [];
  /** client -> number -> the lives that wrote it down */
  const written = new Map();
  const last = new Map();
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const [life, client, number] = line.split(' ');
    const place = `${life} ${client}`;
    const before = last.get(place) ?? 0;
    if (Number(number) === before)
      faults.push(`client ${client}: put ${number} was taken twice in life ${life}`);
    else if (Number(number) < before)
      faults.push(`client ${client}: put ${number} came after ${before} in life ${life}`);
    last.set(place, Number(number));
    const lives = writtenBy(written, client);
    lives.set(Number(number), [...(lives.get(Number(number)) ?? []), Number(life)]);
  }
  for (const [client, answers] of acknowledged) {
    for (const [number, life] of answers) {
      const lives = writtenBy(written, client).get(number) ?? [];
      if (!lives.includes(life))
        faults.push(`client ${client}: put ${number}, acknowledged in life ${life}, is lost`);
      // Sent again although it had been acknowledged.
      if (lives.some((other) => other > life)) faults.push(`client ${client}: put ${number} was sent again`);
    }
  }
  return faults;
}

function writtenBy(written, client) {
  if (!written.has(client)) written.set(client, new Map());
  return written.get(client);
}
