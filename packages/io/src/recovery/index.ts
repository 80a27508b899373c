export { Deliveries } from './deliveries.ts';
export type { Audience } from './event-log.ts';
export { formatOffset, parseOffset } from './offset.ts';
export {
  type MissedEvent,
  type Position,
  type RecoveredSession,
  Recovery,
  type RecoveryOptions,
  type RefusedRecovery,
  type SessionState,
} from './recovery.ts';
export type { RecoveryRefusal } from './refusal.ts';
