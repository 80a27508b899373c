import { Server } from '@hawser/io';
import { runSocketIoProgram, SERVER_OPTIONS } from './socketio-program.mjs';

await runSocketIoProgram((httpServer) => new Server(httpServer, SERVER_OPTIONS), 'this tree');
