const MB = 1_000_000;

/** One line for each round. */
export function printReading(round, { server, load }) {
  const row = (name, { heapBytes, externalBytes, rssBytes, handles, descriptors }) =>
    `${name} heap ${show('heapBytes', heapBytes)} external ${show('externalBytes', externalBytes)} ` +
    `rss ${show('rssBytes', rssBytes)} handles ${handles} fds ${descriptors}`;
  console.log(`  ${String(round).padStart(4)}  ${row('server', server)}  |  ${row('load', load)}`);
}

/** What grew, and by how much it might have. */
export function printVerdicts(verdicts) {
  console.log('\n  process  quantity         first       last    growth      limit');
  for (const { process, name, first, last, limit, isTooMuch } of verdicts) {
    const cells = [first, last, last - first, limit].map((value) => show(name, value).padStart(10));
    console.log(`  ${process.padEnd(7)}  ${name.padEnd(13)} ${cells.join(' ')}${isTooMuch ? '  GROWS' : ''}`);
  }
}

function show(name, value) {
  return name.endsWith('Bytes') ? `${(value / MB).toFixed(2)} MB` : String(value);
}
