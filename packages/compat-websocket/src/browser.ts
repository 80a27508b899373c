/** What a bundle for the browser gets: nothing of Node. */

export { version } from './version.ts';

type BrowserWebSocket = new (url: string, protocols?: string | string[]) => object;

/** The browser's own `WebSocket`, or `null` where there is none. */
export const w3cwebsocket: BrowserWebSocket | null =
  (globalThis as { WebSocket?: BrowserWebSocket }).WebSocket ?? null;
