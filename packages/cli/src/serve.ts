import { EXIT_CODES } from './exit-codes.ts';
import { listenForInterrupt } from './interrupt.ts';
import { openBrowser } from './open-browser.ts';
import { startPlayground } from './playground.ts';
import type { Terminal } from './terminal.ts';

/** Options of `hawser serve`. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly open: boolean;
}

/**
 * Run `hawser serve`: the playground, until Ctrl-C.
 *
 * @returns the exit code
 */
export async function runServe(options: ServeOptions, terminal: Terminal): Promise<number> {
  const { host, port } = options;
  const onError = (error: Error) => terminal.note(error.message);
  const playground = await startPlayground({ host, port, onError });
  const interrupt = listenForInterrupt();
  terminal.print(`playground: ${playground.url} (Ctrl-C stops)`);
  terminal.print(`lab: ${playground.labUrl}`);
  if (options.open) openBrowser(playground.url, terminal.note);
  await interrupt.interrupted;
  terminal.note('closing the connections (Ctrl-C again to force)');
  await playground.close();
  interrupt.dispose();
  return EXIT_CODES.ok;
}
