import type { EngineRequest } from './transport.ts';

const MAX_STRINGS = 1024;
const MAX_LENGTH = 256;

/** Places of a request: two, and one for the name and one for the value of each header. */
const URL_PLACE = 0;
const HTTP_VERSION_PLACE = 1;
const FIRST_HEADER_PLACE = 2;

/** So many are remembered: browsers send some fifteen headers. */
const MAX_PLACES = 64;

/**
 * One copy of strings that come again and again: names of headers, user agents, origins. A request that is kept for
 * the life of its session takes half a kilobyte less by it (`npm run bench -- --only idle --servers engine`).
 */
export class StringPool {
  #strings = new Map<string, string>();
  /** What the request before had in each place: clients come in runs of one kind, and to compare beats to hash. */
  readonly #before: string[] = [];

  /** Returns a string equal to `text`, mostly the same one for all who ask. */
  share(text: string): string {
    if (text.length > MAX_LENGTH) return text;
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const copy = copyOf(text);
    // What is not Latin-1 is rare.
    if (copy !== text) return text;
    // What is common comes again soon; what is not, and most that are here by now, never does.
    if (this.#strings.size >= MAX_STRINGS) this.#strings = new Map();
    this.#strings.set(copy, copy);
    return copy;
  }

  /**
   * Has a request of HTTP/1.1 share its strings.
   * @param isUpgrade - nobody has asked for its `headers` yet, which Node makes of `rawHeaders` then
   */
  shareRequest(request: EngineRequest, isUpgrade: boolean): void {
    const { rawHeaders } = request;
    // A user may have frozen it.
    if (!Object.isFrozen(rawHeaders)) {
      for (let i = 0; i < rawHeaders.length; i++) {
        rawHeaders[i] = this.#shareAt(FIRST_HEADER_PLACE + i, rawHeaders[i]!);
      }
    }
    if (!isUpgrade) this.shareValues(request.headers);
    request.httpVersion = this.#shareAt(HTTP_VERSION_PLACE, request.httpVersion);
    if (request.url !== undefined) request.url = this.#shareAt(URL_PLACE, request.url);
  }

  /** Has an object share its texts. */
  shareValues(record: Record<string, unknown>): void {
    if (Object.isFrozen(record)) return;
    for (const name in record) {
      const value = record[name];
      if (typeof value === 'string') record[name] = this.share(value);
    }
  }

  #shareAt(place: number, text: string): string {
    const before = this.#before[place];
    if (before === text) return before;
    const shared = this.share(text);
    if (place < MAX_PLACES && shared.length <= MAX_LENGTH) this.#before[place] = shared;
    return shared;
  }
}

/** Returns a text of Latin-1 as a string of its own: a part of a query would keep all of it. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
