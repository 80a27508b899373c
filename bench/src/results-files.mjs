import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart } from './chart.mjs';

/** Writes the JSON file with every sample, and the chart if there is anything to compare; returns their paths. */
export function writeResults({ startedAt, machine, pinning, options, versions, results }, directory) {
  const date = startedAt.toISOString();
  const { rounds, seconds, warmUpSeconds, isText } = options;
  const document = {
    date,
    machine: { ...machine, isPinned: pinning.isPinned },
    options: { rounds, seconds, warmUpSeconds, isText },
    versions,
    results,
  };
  const name = `bench-${date.slice(0, 19).replaceAll(':', '-')}`;
  const files = [[`${name}.json`, `${JSON.stringify(document, null, 2)}\n`]];
  const chart = drawChart({ results, machine, versions, rounds });
  if (chart !== undefined) files.push([`${name}.svg`, chart]);

  mkdirSync(directory, { recursive: true });
  return files.map(([fileName, content]) => {
    const path = join(directory, fileName);
    writeFileSync(path, content);
    return path;
  });
}
