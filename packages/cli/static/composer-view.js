import { byId } from './dom.js';
import { formatSize } from './format.js';

/**
 * @typedef {object} ComposerActions
 * @property {(text: string) => boolean} say false when it could not be kept
 * @property {(file: { name: string, mediaType: string, bytes: Uint8Array<ArrayBuffer> }) => boolean} share
 */

const MAX_FILES_AT_ONCE = 10;
const COUNT_FROM = 0.8;
const FULL = 'Too much is waiting to be sent already. Wait for the connection, then try again.';

/** Where text is written, and where files are picked, pasted and dropped. */
export class ComposerView {
  #form = byId('composer', HTMLFormElement);
  #text = byId('text', HTMLTextAreaElement);
  #file = byId('file', HTMLInputElement);
  #counter = byId('counter', HTMLElement);
  #notice = byId('notice', HTMLElement);
  #drop = byId('drop', HTMLElement);
  #actions;
  #limits = { textLength: 4000, fileBytes: 4 * 1024 * 1024 };
  #dragDepth = 0;

  /** @param {ComposerActions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener('keydown', (event) => {
      // While an input method composes a character, Enter belongs to it.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener('input', () => this.#changed());
    this.#text.addEventListener('paste', (event) => {
      const files = event.clipboardData?.files;
      if (files === undefined || files.length === 0) return;
      event.preventDefault();
      void this.#shareAll(files);
    });
    byId('attach', HTMLButtonElement).addEventListener('click', () => this.#file.click());
    this.#file.addEventListener('change', () => {
      void this.#shareAll(this.#file.files ?? []).finally(() => {
        this.#file.value = '';
      });
    });
    this.#listenToDrops();
    this.#changed();
  }

  /** @param {{ textLength: number, fileBytes: number }} limits */
  setLimits(limits) {
    this.#limits = limits;
    this.#changed();
  }

  /** @param {string} room */
  setRoom(room) {
    this.#text.placeholder = `Message # ${room}`;
    byId('drop-text', HTMLElement).textContent = `Drop to share in # ${room}`;
  }

  focus() {
    this.#text.focus();
  }

  /**
   * Say above the text that something is not possible; empty takes it away.
   *
   * @param {string} text
   */
  showNotice(text) {
    this.#notice.textContent = text;
    this.#notice.hidden = text === '';
  }

  #send() {
    const text = this.#text.value.trim();
    if (text === '') return;
    const { textLength } = this.#limits;
    if (text.length > textLength) {
      this.showNotice(`The message has ${text.length} characters; ${textLength} are possible.`);
      return;
    }
    if (!this.#actions.say(text)) {
      this.showNotice(FULL);
      return;
    }
    this.#text.value = '';
    this.showNotice('');
    this.#changed();
  }

  #changed() {
    const { length } = this.#text.value;
    const { textLength } = this.#limits;
    this.#counter.textContent = length < textLength * COUNT_FROM ? '' : `${length} / ${textLength}`;
    this.#counter.classList.toggle('is-over', length > textLength);
    // As high as its text, up to what the stylesheet allows.
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }

  /** @param {Iterable<File>} files */
  async #shareAll(files) {
    const all = [...files];
    this.showNotice(
      all.length > MAX_FILES_AT_ONCE ? `${MAX_FILES_AT_ONCE} files at a time are possible.` : '',
    );
    for (const file of all.slice(0, MAX_FILES_AT_ONCE)) await this.#share(file);
  }

  /** @param {File} file */
  async #share(file) {
    const { fileBytes } = this.#limits;
    if (file.size > fileBytes) {
      const sizes = `${formatSize(file.size)}; ${formatSize(fileBytes)} are possible`;
      this.showNotice(`${file.name} is too large: ${sizes}.`);
      return;
    }
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (!this.#actions.share({ name: file.name, mediaType: file.type, bytes })) this.showNotice(FULL);
    } catch {
      // A folder, or a file that has gone since.
      this.showNotice(`${file.name} cannot be read.`);
    }
  }

  #listenToDrops() {
    const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') === true;
    addEventListener('dragenter', (event) => {
      if (!hasFiles(event)) return;
      this.#dragDepth++;
      this.#drop.hidden = false;
    });
    addEventListener('dragleave', (event) => {
      if (!hasFiles(event)) return;
      this.#dragDepth = Math.max(0, this.#dragDepth - 1);
      this.#drop.hidden = this.#dragDepth === 0;
    });
    addEventListener('dragover', (event) => {
      // Without this the browser leaves the page to show the file.
      if (hasFiles(event)) event.preventDefault();
    });
    addEventListener('drop', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.#dragDepth = 0;
      this.#drop.hidden = true;
      void this.#shareAll(event.dataTransfer?.files ?? []);
    });
  }
}
