/** For the packages of this workspace that build on this one. No API: it may change with any release. */

export type { SessionConsumer } from './session.ts';
export { SessionIds } from './session-id.ts';
