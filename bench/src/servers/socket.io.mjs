// Its WebSocket server uses bufferutil when it is installed; without it the comparison would flatter everybody else.
import 'bufferutil';
import { Server } from 'socket.io';
import { packageVersion } from './package-version.mjs';
import { runSocketIoProgram, serverOptions } from './socketio-program.mjs';

const version = `${packageVersion('socket.io')}, bufferutil ${packageVersion('bufferutil')}`;
await runSocketIoProgram((httpServer) => new Server(httpServer, serverOptions()), version);
