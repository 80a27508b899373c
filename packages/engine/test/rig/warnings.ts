import { onTestFinished } from 'vitest';

/** Collects what the process is warned of under `code`. */
export function recordWarnings(code: string): string[] {
  const warnings: string[] = [];
  const note = (warning: Error & { code?: string }) =>
    warning.code === code && warnings.push(warning.message);
  process.on('warning', note);
  onTestFinished(() => {
    process.off('warning', note);
  });
  return warnings;
}

/** Warnings come in a turn of their own. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
