/**
 * Why a session is not recovered.
 *
 * - `restarted`: another process made it;
 * - `expired`: this one did, and has let go of it;
 * - `overflow`: what the client missed is more than is kept, or than may wait for one connection;
 * - `unknown-offset`: what the client says it has cannot be;
 * - `ended`: its socket was disconnected on purpose.
 */
export type RecoveryRefusal = 'restarted' | 'expired' | 'overflow' | 'unknown-offset' | 'ended';
