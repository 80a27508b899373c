import { Server } from '@hawser/io';
import { runSocketIoProgram, serverOptions } from './socketio-program.mjs';

await runSocketIoProgram((httpServer) => new Server(httpServer, serverOptions()), 'this tree');
