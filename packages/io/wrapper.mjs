import io from './index.js';

export const { BroadcastOperator, IoError, Namespace, RemoteSocket, Server, Socket } = io;
export default io;
