import timers from 'node:timers';

/*
 * What divides the turns of the event loop, and what ticks beside it, as Node has it. A suite of tests that fakes the
 * global ones stops the time, and with `ws`, which writes within `send`, what is sent arrives nonetheless. Taken once: the
 * modules' are replaced too.
 */
export const setImmediate: typeof globalThis.setImmediate = timers.setImmediate;
export const setInterval: typeof globalThis.setInterval = timers.setInterval;
export const clearInterval: typeof globalThis.clearInterval = timers.clearInterval;
export const { nextTick } = process;
export const { queueMicrotask } = globalThis;
