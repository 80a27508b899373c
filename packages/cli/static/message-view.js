import { button, element, icon } from './dom.js';
import { formatDuration, formatSize, formatTime, initialsOf, tintOf } from './format.js';

/**
 * @typedef {import('./chat-client.js').Delivery} Delivery
 * @typedef {{ name: string, mediaType: string, size: number, bytes: Uint8Array<ArrayBuffer> | undefined }} FileContent
 * @typedef {object} MessageModel
 * @property {string} id
 * @property {string} author
 * @property {boolean} isMine
 * @property {number} atMs
 * @property {string | FileContent} content
 *
 * @typedef {object} MessageActions
 * @property {(id: string) => void} retry
 * @property {(id: string) => void} discard
 */

// Only what cannot carry a script, also when someone opens the picture alone in a tab.
const PREVIEWED = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];

/** One message in the log. */
export class MessageView {
  /** @type {MessageModel} */
  model;
  node;
  #delivery = element('span', { class: 'delivery' });
  #ticks = element('span', { class: 'ticks', role: 'img' });
  #actions;
  /** @type {string | undefined} */
  #blobUrl;

  /**
   * @param {MessageModel} model
   * @param {Delivery} delivery
   * @param {MessageActions} actions
   */
  constructor(model, delivery, actions) {
    this.model = model;
    this.#actions = actions;
    const { id, author, isMine, atMs, content } = model;
    const time = element('time', { datetime: new Date(atMs).toISOString() }, formatTime(atMs));
    time.title = new Date(atMs).toLocaleString();
    const name = element('bdi', { class: 'author' }, author);
    const head = element('div', { class: 'message-head' }, name, isMine ? mineTag() : undefined, time);
    const body = typeof content === 'string' ? textBody(content) : this.#fileBody(content);
    this.node = element(
      'li',
      { class: isMine ? 'message is-mine' : 'message', 'data-id': id },
      avatar(author),
      element('div', { class: 'message-main' }, head, body),
      this.#delivery,
    );
    this.show(delivery);
  }

  /** Whether it still has to reach the server. */
  get isPending() {
    const { state } = this.node.dataset;
    return state === 'waiting' || state === 'sending' || state === 'refused';
  }

  /** @param {Delivery} delivery */
  show(delivery) {
    this.node.dataset.state = delivery.state;
    const { text, spoken, title } = describe(delivery);
    this.#delivery.title = title;
    // That it fared well is to be seen and read, but not to be called out for each message.
    this.#delivery.setAttribute('aria-live', delivery.state === 'refused' ? 'assertive' : 'off');
    this.#delivery.replaceChildren(
      element('span', { 'aria-hidden': 'true' }, text),
      element('span', { class: 'visually-hidden' }, spoken),
    );
    if (delivery.state === 'sending') this.#showTicks('✓', 'sent');
    if (delivery.state === 'delivered') this.#showTicks('✓✓', 'the server has it');
    if (delivery.state !== 'refused') return;
    const { id } = this.model;
    this.#delivery.append(
      button('Try again', 'link', () => this.#actions.retry(id)),
      button('Discard', 'link', () => this.#actions.discard(id)),
    );
  }

  /**
   * Show how many of the others have it.
   *
   * @param {number} by
   * @param {number} of
   */
  showReceipt(by, of) {
    if (this.node.dataset.state !== 'delivered') return;
    this.#showTicks(`✓✓ ${by}/${of}`, `delivered to ${by} of ${of}`);
    this.#ticks.classList.toggle('is-complete', by >= of);
  }

  /**
   * @param {string} text
   * @param {string} meaning
   */
  #showTicks(text, meaning) {
    this.#ticks.textContent = text;
    this.#ticks.title = meaning;
    this.#ticks.setAttribute('aria-label', meaning);
    this.#delivery.prepend(this.#ticks);
  }

  /** Free what the message holds outside the document. */
  dispose() {
    if (this.#blobUrl !== undefined) URL.revokeObjectURL(this.#blobUrl);
  }

  /** @param {FileContent} file */
  #fileBody({ name, mediaType, size, bytes }) {
    const label = element('bdi', { class: 'file-name' }, name);
    if (bytes === undefined) {
      const gone = element(
        'div',
        { class: 'file-facts' },
        `${formatSize(size)}, shared earlier and not kept`,
      );
      return element('div', { class: 'file is-gone' }, icon('file'), element('div', {}, label, gone));
    }
    const isPicture = PREVIEWED.includes(mediaType);
    // Anything else is handed over as mere bytes, which a browser stores and does not run.
    const type = isPicture ? mediaType : 'application/octet-stream';
    const url = URL.createObjectURL(new Blob([bytes], { type }));
    this.#blobUrl = url;
    const link = element('a', { href: url, download: name, class: 'link' }, 'Download');
    link.setAttribute('aria-label', `Download ${name}`);
    const facts = element('div', { class: 'file-facts' }, `${formatSize(size)} · `, link);
    const card = element('div', { class: 'file' }, icon('file'), element('div', {}, label, facts));
    if (!isPicture) return card;
    const picture = element('img', { src: url, alt: name, class: 'picture', decoding: 'async' });
    // A file may say that it is a picture and not be one.
    picture.addEventListener('error', () => picture.remove());
    return element('div', { class: 'picture-card' }, picture, card);
  }
}

/**
 * The square with initials before a name.
 *
 * @param {string} name
 * @returns {HTMLElement}
 */
export function avatar(name) {
  return element(
    'span',
    { class: 'avatar', 'data-tint': tintOf(name), 'aria-hidden': 'true' },
    initialsOf(name),
  );
}

/** @param {string} text */
function textBody(text) {
  return element('p', { class: 'text', dir: 'auto' }, text);
}

function mineTag() {
  return element('span', { class: 'tag' }, 'you');
}

/**
 * @param {Delivery} delivery
 * @returns {{ text: string, spoken: string, title: string }}
 */
function describe(delivery) {
  switch (delivery.state) {
    case 'waiting':
      return delivery.again
        ? say('not confirmed', 'The connection was lost before the server confirmed it; it is sent again.')
        : say('waiting', 'It is sent as soon as there is a connection.');
    case 'sending':
      return say('sending…', 'Sent; the server has not confirmed it yet.');
    case 'delivered':
      return describeDelivered(delivery);
    case 'received': {
      const { ageMs, errorMs } = delivery;
      const text = ageMs <= errorMs ? `→ < ${formatDuration(errorMs)}` : `→ ${formatDuration(ageMs)}`;
      const title = 'From the server to this page, estimated: the two clocks agree to';
      return say(text, `${title} ± ${formatDuration(errorMs)}.`);
    }
    case 'refused':
      return say(`not delivered: ${delivery.reason}`, 'The server refused it.');
    case 'recovered':
      return say('recovered', 'Sent while the connection was lost; the server kept it and sent it again.');
    case 'remembered':
      return { text: '', spoken: '', title: '' };
  }
}

/** @param {{ roundTripMs: number | undefined, waitedMs: number }} delivered */
function describeDelivered({ roundTripMs, waitedMs }) {
  const late = waitedMs > 1000 ? ` It had waited ${formatDuration(waitedMs)} for a connection.` : '';
  if (roundTripMs === undefined) {
    return say('delivered', `Found in the room's history after the connection was lost.${late}`);
  }
  return say(
    `⇄ ${formatDuration(roundTripMs)}`,
    `Round trip, measured: from sending it to receiving it back with everyone else.${late}`,
  );
}

/**
 * @param {string} text
 * @param {string} title
 */
function say(text, title) {
  return {
    text,
    title,
    spoken: `${text.replace('⇄', 'round trip').replace('→', 'received after').replace('<', 'less than')}`,
  };
}
