/**
 * What each of the servers here does with Socket.IO: whoever says something is heard by all, and told by how many.
 *
 * @param {import('socket.io').Server} io
 */
export function attachChat(io) {
  io.on('connection', (socket) => {
    socket.on('say', (text, answer) => {
      io.emit('said', { from: socket.id, text });
      // Not every client waits for an answer.
      if (typeof answer === 'function') answer(io.of('/').sockets.size);
    });
  });
}
