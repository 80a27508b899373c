/** Bundles the client for browsers: the files that `socket.io-client` has in its `dist/`, by the same names. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const home = fileURLToPath(new URL('../packages/client', import.meta.url));
const { version } = JSON.parse(readFileSync(`${home}/package.json`, 'utf8'));
const BANNER = `/*! Hawser v${version} (MIT) */`;

/** Browsers with classes that have private fields: since 2021. */
const TARGET = 'es2022';

/** What bundlers that know no `exports` can still parse. */
const OLD_TARGET = 'es2019';

const BUNDLES = [
  { file: 'socket.io.js', format: 'umd', isMinified: false },
  { file: 'socket.io.min.js', format: 'umd', isMinified: true },
  { file: 'socket.io.esm.min.js', format: 'es', isMinified: true },
  { file: 'socket.io.msgpack.min.js', format: 'umd', isMinified: true, parser: 'socket.io-msgpack-parser' },
  // Not for pages: what `require` gets in a program that is bundled, or run in a DOM that is laid over Node.
  { file: 'browser.js', format: 'cjs', isMinified: false },
];

/** Properties and methods of the sources that are nobody else's: no option, no API, no name of the DOM. */
const INTERNAL = `
  emitReserved clearTimeoutFn setTimeoutFn finishClosing maxPayloadLength maxPackets markAlive
  hasExpired deadlineMs clock isPending takesError onProgress onSuccess onFailure onSilence onRevived transportClosed
  onUpgradeFailed stampedQuery resumePolling pausePolling pollingPaused receivePacket encodePayload decodePayload
  decodeFrame encodeFrame decodeBase64 encodeBase64 writeUtf8 readUtf8 utf8Length allocate isExpendable sendProbe
  onUpgraded tryCount maxRetries endMs inFlight handOut violation failures abandon _isHawser _mark _takeBack
  _fail _flush _packet _isFull _autoConnect _reconnecting _hasPingExpired
  _onClose _destroy _close refusal codec createTransport setTransport createUri defaultBinaryType toBinary
  createCookieJar exchange supportsBinary incoming outgoing attempts callback onHandshake withError _cookieJar
  original emitGuarded giveUp isEnding settle ackIds awaitedId waiting parseCookies onPeerClose tick timer count note
  receive events drain packets take remove start stop reset request resume source unsent unsendable queued priorWebsocketSuccess args flags
`
  .trim()
  .split(/\s+/);

/** Members that programs in Node look at, or the server's half: of a minified bundle nobody could call them. */
const UNCALLED = '_queue|_pingTimeoutTime|nextDeadline';

/** Takes {@link UNCALLED} out. The lines stay, for the source map. */
const withoutUncalled = {
  name: 'without-uncalled',
  transform(code, id) {
    const member = new RegExp(`^ {4}(?:[gs]et )?(?:${UNCALLED})\\(.*?^ {4}\\}$`, 'gms');
    const rest = code.replace(member, (text) => text.replace(/.+/g, ''));
    if (new RegExp(`\\b(?:${UNCALLED})\\b`).test(rest)) throw new Error(`called after all, in ${id}`);
    return { code: rest, map: null };
  },
};

/** What is bundled. A script tag gives one name, so the bundle for it exports the function alone, as `require` does. */
const ENTRIES = {
  umd: "export { io as default } from './io.js';",
  cjs: "import * as client from './index.js'; export default Object.assign(client.io, client);",
};
const ENTRY = 'entry';

for (const { file, format, isMinified, parser } of BUNDLES) {
  const bundle = await rolldown({
    input: format === 'es' ? `${home}/dist/esm/index.js` : ENTRY,
    platform: 'browser',
    transform: { target: format === 'cjs' ? OLD_TARGET : TARGET },
    // A module that imports itself by others is not there yet when it is needed, in the order of some bundlers.
    checks: { circularDependency: true },
    onLog: (_level, log) => {
      throw new Error(log.message);
    },
    treeshake: { manualPureFunctions: ['Object.freeze'] },
    plugins: [modules(format, parser), isMinified && withoutUncalled],
  });
  await bundle.write({
    file: `${home}/dist/${file}`,
    format,
    name: 'io',
    exports: format === 'es' ? 'named' : 'default',
    minify: isMinified && {
      compress: true,
      mangle: true,
      codegen: true,
      mangleProps: { include: new RegExp(`^(?:${INTERNAL.join('|')})$`) },
    },
    comments: { annotation: false, legal: false },
    sourcemap: true,
    postBanner: BANNER,
  });
  await bundle.close();
}

/** Makes the entry, and puts `parser` in the place of the one that the client has. */
function modules(format, parser) {
  return {
    name: 'hawser-client',
    resolveId(source) {
      if (source === ENTRY) return `${home}/dist/esm/${ENTRY}.js`;
      if (parser !== undefined && source === './default-parser.js')
        return `${home}/dist/esm/parser-of-choice.js`;
      return null;
    },
    load(id) {
      if (id.endsWith(`/${ENTRY}.js`)) return ENTRIES[format];
      if (id.endsWith('parser-of-choice.js')) {
        return `import { Decoder, Encoder } from '${parser}'; export const defaultParser = { Decoder, Encoder };`;
      }
      return null;
    },
  };
}
