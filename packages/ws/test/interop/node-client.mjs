// Run by a Node that has a WebSocket client of its own: does with the server at argv[2] what the test looks for.
const url = process.argv[2];

function open(path, protocols = []) {
  const socket = new WebSocket(url + path, protocols);
  socket.binaryType = 'arraybuffer';
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(socket));
    socket.addEventListener('error', () => reject(new Error('error event')));
  });
}

function next(socket, type) {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

async function echoes(payload) {
  const socket = await open('echo');
  const message = next(socket, 'message');
  socket.send(payload);
  const { data } = await message;
  const closed = next(socket, 'close');
  socket.close();
  const { code, wasClean } = await closed;
  const isSame =
    typeof payload === 'string' ? data === payload : Buffer.from(payload).equals(Buffer.from(data));
  return { isSame, type: typeof data, code, wasClean };
}

const text = 'grüß ☃ 😀';
const results = {
  echoes: [
    await echoes(''),
    await echoes(text),
    await echoes(text.repeat(100_000)),
    await echoes(new Uint8Array(0)),
    await echoes(Uint8Array.from({ length: 256 }, (_, i) => i)),
    await echoes(new Uint8Array(5_000_000).fill(7)),
  ],
};

const chosen = await open('protocol', ['a', 'b']);
results.protocol = { protocol: chosen.protocol, extensions: chosen.extensions };
chosen.close(3000, text);
await next(chosen, 'close');

const { code, reason, wasClean } = await next(await open('close'), 'close');
results.close = { code, reason, wasClean };

results.refused = await open('refuse').then(
  () => 'opened',
  (error) => error.message,
);

console.log(JSON.stringify(results));
