/** For the packages of this workspace that build on this one. No API: it may change with any release. */

export { attempt, SlotMap, setImmediate, throwLater } from '@hawser/ws/internal';
export { amountOf } from './amounts.ts';
export { chooseCoding } from './http-compression.ts';
export { createCorsMiddleware, type Middleware } from './middleware.ts';
export { resolveAmounts } from './options.ts';
export { type BodyLimits, discardBody } from './request-body.ts';
export { cutUntaken } from './router.ts';
export type { SessionConsumer } from './session-consumer.ts';
export { SessionIds } from './session-id.ts';
export type { UwsApp } from './uws/app.ts';
export { openExchange } from './uws/connection.ts';
