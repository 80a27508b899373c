import { globals } from '../engine/globals.ts';
import type { Transports } from '../engine/platform.ts';
import { Fetch } from '../engine/transports/fetch.ts';
import { WS } from '../engine/transports/websocket.ts';
import { WT } from '../engine/transports/webtransport.ts';
import { XHR } from '../engine/transports/xhr.ts';

// A service worker has no XMLHttpRequest.
const polling: Transports['polling'] = globals.XMLHttpRequest ? XHR : Fetch;

export const transports: Transports = { polling, websocket: WS, webtransport: WT };

export { Fetch, WS as NodeWebSocket, XHR as NodeXHR };
