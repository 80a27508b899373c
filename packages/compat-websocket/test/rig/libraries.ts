import * as upstream from 'websocket';
import * as ours from '../../src/index.ts';

/** The API under test, as the types of `websocket` have it: what compiles for theirs runs on ours. */
export type Library = typeof upstream;

export const LIBRARIES = {
  upstream,
  ours: ours as unknown as Library,
} as const satisfies Record<string, Library>;
