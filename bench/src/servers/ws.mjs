// ws uses bufferutil when it is installed; without it the comparison would flatter everybody else.
import 'bufferutil';
import { WebSocketServer } from 'ws';
import { packageVersion } from './package-version.mjs';
import { runWsProgram } from './ws-program.mjs';

const version = `${packageVersion('ws')}, bufferutil ${packageVersion('bufferutil')}`;
await runWsProgram(WebSocketServer, version);
