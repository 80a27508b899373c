/**
 * The five ways in which an event reaches the page.
 *
 * @typedef {{ seq: number, at: number, data: string }} LabEvent
 *
 * @typedef {object} ReceiverHandler
 * @property {(events: readonly LabEvent[]) => void} onEvents
 * @property {(state: string) => void} onState what it is doing, in a word or two
 *
 * @typedef {object} Receiver
 * @property {() => void} stop
 *
 * @typedef {{ base: string, stream: string, intervalMs: () => number }} Source where a transport listens
 * @typedef {(source: Source, handler: ReceiverHandler) => Receiver} StartReceiver
 *
 * @typedef {object} TransportInfo
 * @property {string} name as the server knows it
 * @property {string} title
 * @property {string} sentence what happens on the wire
 * @property {StartReceiver} start
 */

const RETRY_MS = 1000;

/** @type {readonly TransportInfo[]} */
export const TRANSPORTS = [
  {
    name: 'short-polling',
    title: 'Short polling',
    sentence:
      'The page asks again and again whether something has happened: every question and answer is a whole HTTP request with its headers, and an event waits for the next question.',
    start: (source, handler) => poll(source, handler, source.intervalMs),
  },
  {
    name: 'long-polling',
    title: 'Long polling',
    sentence:
      'The page asks and the server lets it wait until something happens: the answer comes at once, but every answer needs a new request.',
    start: (source, handler) => poll(source, handler, () => 0),
  },
  {
    name: 'server-sent-events',
    title: 'Server-sent events',
    sentence:
      'One request whose response never ends: each event is a few lines of text in it. Only from the server to the page.',
    start: listen,
  },
  {
    name: 'socket-io',
    title: 'Socket.IO',
    sentence:
      'Begins with long polling, which works everywhere, and changes over to a WebSocket; each event is named, numbered on demand, and can be acknowledged.',
    start: connect,
  },
  {
    name: 'websocket',
    title: 'WebSocket',
    sentence:
      'One HTTP request changes the connection over; from then on each event is a frame with a header of 2 to 4 bytes, in both directions.',
    start: open,
  },
];

/**
 * @param {Source} source
 * @param {ReceiverHandler} handler
 * @param {() => number} pauseMs how long to wait after an answer
 * @returns {Receiver}
 */
function poll({ base, stream }, handler, pauseMs) {
  const abort = new AbortController();
  /** @type {number | undefined} */
  let after;
  const ask = async () => {
    const url = `${base}/events?stream=${stream}${after === undefined ? '' : `&after=${after}`}`;
    const response = await fetch(url, { signal: abort.signal, credentials: 'omit' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { last, events } = await response.json();
    after = last;
    handler.onState('open');
    handler.onEvents(events);
  };
  const loop = async () => {
    while (!abort.signal.aborted) {
      try {
        await ask();
        await sleep(pauseMs(), abort.signal);
      } catch {
        if (abort.signal.aborted) return;
        handler.onState('failed, trying again');
        await sleep(RETRY_MS, abort.signal);
      }
    }
  };
  void loop();
  return { stop: () => abort.abort() };
}

/** @type {StartReceiver} */
function listen({ base, stream }, handler) {
  const source = new EventSource(`${base}/events?stream=${stream}`);
  source.onopen = () => handler.onState('open');
  source.onmessage = ({ data }) => handler.onEvents([JSON.parse(data)]);
  // It tries again by itself, unless the server refused it.
  source.onerror = () => handler.onState('failed, trying again');
  return { stop: () => source.close() };
}

/** @type {StartReceiver} */
function connect({ base, stream }, handler) {
  let stop = () => {};
  let isStopped = false;
  void import('/socket.io.esm.min.js').then(({ io }) => {
    if (isStopped) return;
    const socket = io(base, { query: { stream }, forceNew: true, reconnectionDelayMax: 2000 });
    const manager = socket.io;
    const showTransport = () => handler.onState(`open over ${manager.engine.transport.name}`);
    manager.on('open', () => {
      showTransport();
      manager.engine.on('upgrade', showTransport);
    });
    socket.on('event', (/** @type {LabEvent} */ event) => handler.onEvents([event]));
    socket.on('connect_error', () => handler.onState('failed, trying again'));
    socket.on('disconnect', () => handler.onState('lost, trying again'));
    stop = () => {
      socket.off();
      socket.disconnect();
    };
  });
  return {
    stop() {
      isStopped = true;
      stop();
    },
  };
}

/** @type {StartReceiver} */
function open({ base, stream }, handler) {
  /** @type {WebSocket} */
  let socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const begin = () => {
    socket = new WebSocket(`${base.replace('http', 'ws')}/?stream=${stream}`);
    socket.onopen = () => handler.onState('open');
    socket.onmessage = ({ data }) => handler.onEvents([JSON.parse(data)]);
    socket.onclose = () => {
      handler.onState('lost, trying again');
      timer = setTimeout(begin, RETRY_MS);
    };
  };
  begin();
  return {
    stop() {
      clearTimeout(timer);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal ends the sleep early
 * @returns {Promise<void>}
 */
function sleep(ms, signal) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
  });
}
