/** As people write it who learned it with Socket.IO 2, which the types of `socket.io` do not let through: it is never run. */
import SocketIO from 'socket.io';

const io: SocketIO.Server = SocketIO(3000, { path: '/x' });
io.close();
