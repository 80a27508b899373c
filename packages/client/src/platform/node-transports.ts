import type { Transports } from '../engine/platform.ts';
import { NodeFetch } from '../engine/transports/node-fetch.ts';
import { NodeWebSocket } from '../engine/transports/node-websocket.ts';
import { NodeXHR } from '../engine/transports/node-xhr.ts';
import { WT } from '../engine/transports/webtransport.ts';

export const transports: Transports = {
  polling: NodeXHR,
  websocket: NodeWebSocket,
  webtransport: WT,
};

export { NodeFetch as Fetch, NodeWebSocket, NodeXHR };
