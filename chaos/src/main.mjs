import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions, USAGE } from './options.mjs';
import { Run } from './run.mjs';

process.exitCode = await main();

async function main() {
  const options = readOptions();
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'hawser-chaos-'));
  const run = new Run(options, join(folder, 'journal'));
  try {
    await run.open();
    await run.trouble();
    await run.rest();
    return run.report();
  } catch (error) {
    console.error(`  failed: ${error.message}`);
    return 1;
  } finally {
    run.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
