import { EXIT_CODES } from './exit-codes.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

// Under `npm start` one Ctrl-C arrives twice: from the terminal, and handed on by npm. What comes within
// this time is the same keystroke.
const SAME_KEYSTROKE_MS = 300;

/** The process, as far as interrupts need it. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * Wait for Ctrl-C or a termination signal. From then on a second one ends the process at once.
 *
 * @param signals - the process, or what stands for it
 * @returns a promise of the first signal, and a way to stop listening
 */
export function listenForInterrupt(signals: SignalSource = process): {
  readonly interrupted: Promise<void>;
  dispose(): void;
} {
  let firstAtMs: number | undefined;
  let resolveInterrupted = () => {};
  const interrupted = new Promise<void>((resolve) => {
    resolveInterrupted = resolve;
  });
  const onSignal = () => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      resolveInterrupted();
    } else if (performance.now() - firstAtMs > SAME_KEYSTROKE_MS) {
      signals.exit(EXIT_CODES.interrupted);
    }
  };
  for (const signal of SIGNALS) signals.on(signal, onSignal);
  return {
    interrupted,
    dispose() {
      for (const signal of SIGNALS) signals.off(signal, onSignal);
    },
  };
}
