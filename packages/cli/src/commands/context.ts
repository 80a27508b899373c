import type { Streams } from '../connect/console.ts';
import type { Terminal } from '../terminal.ts';

/** What the commands need from the process. */
export interface ProgramContext {
  readonly version: string;
  readonly streams: Streams;
  readonly terminal: Terminal;
  /** Receives the exit code of the command that ran. */
  readonly onExit: (exitCode: number) => void;
}

/** What every exit code means, for the help. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    done, and closed normally
  1    could not connect or listen, or a file could not be read or written
  2    the command line is wrong
  3    a connection was open and closed abnormally, or answers are missing (bench)
  130  interrupted twice, or before the connection was open`;
