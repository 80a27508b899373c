import { WebSocketServer } from '@hawser/compat-ws';
import { runWsProgram } from './ws-program.mjs';

await runWsProgram(WebSocketServer, 'this tree');
