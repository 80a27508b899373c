export type Verdict = 'OK' | 'INFORMATIONAL' | 'UNIMPLEMENTED' | 'NON-STRICT' | 'FAILED';

export interface CaseResult {
  readonly id: string;
  readonly title: string;
  /** Section of RFC 6455, or "RFC 9110 ..." in the detail where HTTP asks. */
  readonly rfc: string;
  readonly verdict: Verdict;
  readonly detail: string;
  readonly durationMs: number;
  /** The first octets that the suite sent, in hex; absent for handshake cases. */
  readonly sent?: string;
  /** The first octets that the subject sent, in hex; absent for handshake cases. */
  readonly received?: string;
}

export interface SuiteOutcome {
  readonly role: 'server' | 'client';
  readonly durationMs: number;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly results: readonly CaseResult[];
}

export interface SuiteOptions {
  /** Prefixes of case numbers; default all. */
  readonly only?: readonly string[];
  /** Cases at a time; default 8. */
  readonly concurrency?: number;
  /** The subject's limit for a message, in octets: cases that cross it are run where it is known. */
  readonly maxMessageBytes?: number;
  readonly onResult?: (result: CaseResult) => void;
}

export interface ServerSuiteOptions extends SuiteOptions {
  readonly role: 'server';
  /** The `ws://` URL of an echo server. */
  readonly target: string;
}

export interface ClientSuiteOptions extends SuiteOptions {
  readonly role: 'client';
  /** Connects to the URL, echoes until the connection is closed, resolves then; called once per case. */
  readonly client?: (url: string) => Promise<void> | void;
  /** Instead: a command line in which %URL% and %COUNT% are replaced. */
  readonly exec?: string;
}

export function runSuite(options: ServerSuiteOptions | ClientSuiteOptions): Promise<SuiteOutcome>;

/** Whether nothing failed and nothing was non-strict. */
export function isStrictPass(outcome: SuiteOutcome): boolean;
