import { EXIT_CODES } from './exit-codes.ts';

/** Stable names of the reasons for which a command ends early. */
export type CommandErrorCode =
  | 'USAGE'
  | 'LISTEN_FAILED'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'CONNECT_FAILED';

/** Ends a command: its message is the one line that the user reads on stderr. */
export class CommandError extends Error {
  readonly code: CommandErrorCode;
  readonly exitCode: number;

  /**
   * @param code - the stable reason
   * @param message - one lower-case sentence without a line break
   */
  constructor(code: CommandErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'CommandError';
    this.code = code;
    this.exitCode = code === 'USAGE' ? EXIT_CODES.usage : EXIT_CODES.failed;
  }
}

/**
 * Read the code of a system error (`EADDRINUSE`, `ENOENT`), or of Node's HTTP parser (`HPE_INVALID_CONSTANT`), also
 * from the error that caused it.
 *
 * @param error - anything that was thrown
 */
export function systemErrorCode(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^(E[A-Z0-9]+|EAI_AGAIN|HPE_\w+)$/.test(code)) return code;
  }
  return undefined;
}

/**
 * Say in a few words why there was no connection, where Node's own would not be understood.
 *
 * @param error - what connecting failed with
 */
export function describeNetworkError(error: unknown): string | undefined {
  const code = systemErrorCode(error) ?? '';
  if (code.startsWith('HPE_INVALID')) return 'what answers there does not speak HTTP';
  return {
    EAI_AGAIN: 'the host name cannot be resolved now',
    ECONNREFUSED: 'nothing listens there',
    ECONNRESET: 'the server ended the connection without an answer',
    ENOTFOUND: 'there is no such host name',
  }[code];
}

/**
 * Say in one line why listening failed and what to try.
 *
 * @param error - what `listen` failed with
 * @param address - what was asked for
 */
export function listenError(
  error: unknown,
  address: { readonly host: string; readonly port: number },
): CommandError {
  const { host, port } = address;
  const why = {
    EADDRINUSE: `port ${port} on ${host} is already in use; choose another with --port, or --port 0 for any free one`,
    EACCES: `not allowed to listen on port ${port}; ports below 1024 need privileges, try --port 3000`,
    EADDRNOTAVAIL: `this machine has no address ${host}; try --host 127.0.0.1 or --host 0.0.0.0`,
    ENOTFOUND: `cannot resolve the host name ${host}; try --host 127.0.0.1`,
    EAI_AGAIN: `cannot resolve the host name ${host}; try --host 127.0.0.1`,
  }[systemErrorCode(error) ?? ''];
  const detail = error instanceof Error ? error.message : String(error);
  return new CommandError('LISTEN_FAILED', why ?? `cannot listen on ${host}:${port}: ${detail}`, {
    cause: error,
  });
}

/**
 * Say in one line that a file could not be read.
 *
 * @param path - the file or folder
 * @param error - what reading failed with
 */
export function unreadableFile(path: string, error: unknown): CommandError {
  return fileError('FILE_UNREADABLE', `cannot read ${path}`, error);
}

/**
 * Say in one line that a file could not be written.
 *
 * @param path - the file
 * @param error - what opening or writing failed with
 */
export function unwritableFile(path: string, error: unknown): CommandError {
  return fileError('FILE_UNWRITABLE', `cannot write ${path}`, error);
}

function fileError(code: CommandErrorCode, what: string, error: unknown): CommandError {
  const why = {
    ENOENT: 'no such file or folder',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOTDIR: 'it is not a folder',
    ENOSPC: 'no space left on the device',
  }[systemErrorCode(error) ?? ''];
  const detail = why ?? (error instanceof Error ? error.message : String(error));
  return new CommandError(code, `${what}: ${detail}`, { cause: error });
}
