export { Deliveries } from './deliveries.ts';
export { type Audience, isInAudience } from './event-log.ts';
export { formatOffset } from './offset.ts';
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
