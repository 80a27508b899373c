/**
 * A page that loads a bundle and connects with it. It leaves in `measured` how long the bundle took to be fetched,
 * compiled and run, and how long it took from the same beginning until `connect`.
 *
 * @param clientOptions - what `io` is called with
 */
export function pageFor({ isModule, path }, clientOptions) {
  return `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="module">
  const startedAt = performance.now();
  const io = await ${isModule ? `import('${path}').then((module) => module.io)` : loadClassic(path)};
  const loadedMs = performance.now() - startedAt;
  const socket = io(${JSON.stringify(clientOptions)});
  socket.on('connect', () => {
    window.measured = { loadedMs, connectedMs: performance.now() - startedAt };
  });
  socket.on('connect_error', (error) => {
    window.measured = { error: error.message };
  });
</script>
`;
}

function loadClassic(path) {
  return `new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), { src: '${path}' });
    script.onload = () => resolve(window.io);
    script.onerror = () => reject(new Error('the bundle did not load'));
    document.head.append(script);
  })`;
}
