/** Codes of {@link ClusterError}; stable, while messages are not. */
export type ClusterErrorCode = 'IO_ERR_SERVERS_MISSING' | 'IO_ERR_PUBLISH' | 'IO_ERR_ADAPTER_CLOSED';

/** What there is of a request that failed. */
interface Outcome {
  readonly responses: readonly unknown[];
  readonly missing: readonly string[];
  readonly missingCount: number;
  readonly cause?: unknown;
}

/** A request to the other servers that not all of them have answered. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ClusterErrorCode;
  /** The answers that came. */
  readonly responses: readonly unknown[];
  /** The ids of the servers that have not answered, where servers know each other. */
  readonly missing: readonly string[];
  /** How many have not answered. */
  readonly missingCount: number;

  constructor(code: ClusterErrorCode, message: string, { responses, missing, missingCount, cause }: Outcome) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.responses = responses;
    this.missing = missing;
    this.missingCount = missingCount;
  }
}
