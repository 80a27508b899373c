import { isFieldValue, isToken } from './header-fields.ts';
import type { Natives } from './natives.ts';

/** The head of an HTTP/1.1 request. */
export interface RequestHead {
  readonly method: string;
  /** The request target as sent, for a WebSocket mostly a path with its query. */
  readonly url: string;
  /** "1.1" */
  readonly httpVersion: string;
  /** Names in lower case; repeated ones joined by ", ", cookies by "; ". No prototype. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A head that cannot be read: the HTTP status and the sentence to answer with. */
export interface BadRequestHead {
  readonly status: number;
  readonly message: string;
}

const REQUEST_LINE = /^([^ ]+) ([\x21-\xff]+) HTTP\/([0-9]\.[0-9])$/;
const NO_BYTES = new Uint8Array(0);
const LF = 0x0a;
const CR = 0x0d;

/**
 * Reads the head of one HTTP/1.1 request from bytes in any chunking, and nothing else of HTTP: no body, no second
 * request. What follows the head belongs to the protocol that the request asks for.
 * @see RFC 9112 sections 2 to 5
 */
export class RequestHeadReader {
  readonly #natives: Natives;
  readonly #maxBytes: number;
  #kept: Uint8Array = NO_BYTES;
  #keptBytes = 0;

  /** @param maxBytes - longest head that is read, its empty line included; more is 431 */
  constructor(natives: Natives, maxBytes: number) {
    this.#natives = natives;
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes in a chunk.
   * @returns `null` when more is needed; else the head and the bytes behind it, or what is wrong with it
   */
  read(chunk: Uint8Array): { head: RequestHead; rest: Uint8Array } | BadRequestHead | null {
    const known = this.#keptBytes;
    // Whoever speaks another protocol, TLS mostly, waits for us.
    if (known === 0 && chunk.length > 0 && !isToken(String.fromCharCode(chunk[0]!))) {
      return bad('the request line is malformed');
    }
    const bytes = known === 0 ? chunk : this.#keep(chunk);
    // The empty line may have begun in the bytes known before.
    const end = endOfHead(bytes, Math.max(0, known - 3));
    if (end > this.#maxBytes || (end < 0 && bytes.length > this.#maxBytes)) {
      return bad(`the request head is over the limit of ${this.#maxBytes} bytes`, 431);
    }
    if (end < 0) {
      if (known === 0) this.#keep(chunk);
      return null;
    }
    const head = parseHead(this.#natives.readLatin1(bytes.subarray(0, end - 4)));
    return 'status' in head ? head : { head, rest: bytes.subarray(end) };
  }

  /** Returns all bytes so far, `chunk` the last of them. The memory grows by doubling. */
  #keep(chunk: Uint8Array): Uint8Array {
    const byteLength = this.#keptBytes + chunk.length;
    if (byteLength > this.#kept.length) {
      const grown = this.#natives.allocate(Math.max(byteLength, 2 * this.#kept.length));
      grown.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = grown;
    }
    this.#kept.set(chunk, this.#keptBytes);
    this.#keptBytes = byteLength;
    return this.#kept.subarray(0, byteLength);
  }
}

/** Where the first empty line ends, or -1. */
function endOfHead(bytes: Uint8Array, from: number): number {
  for (let i = from + 3; i < bytes.length; i++) {
    if (bytes[i] === LF && bytes[i - 1] === CR && bytes[i - 2] === LF && bytes[i - 3] === CR) return i + 1;
  }
  return -1;
}

function parseHead(text: string): RequestHead | BadRequestHead {
  const lines = text.split('\r\n');
  const requestLine = REQUEST_LINE.exec(lines[0]!);
  if (requestLine === null || !isToken(requestLine[1]!)) return bad('the request line is malformed');
  const headers: Record<string, string> = Object.create(null);
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    const value = trimBlanks(line, colon + 1);
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!isToken(name) || !isFieldValue(value)) return bad('a header line is malformed');
    const before = headers[name];
    // RFC 9112 3.2: more than one Host is an error.
    if (before !== undefined && name === 'host') return bad('the Host header is repeated');
    headers[name] = before === undefined ? value : before + (name === 'cookie' ? '; ' : ', ') + value;
  }
  return { method: requestLine[1]!, url: requestLine[2]!, httpVersion: requestLine[3]!, headers };
}

/** Returns `line` from `start` on, without blanks and tabs around it. */
function trimBlanks(line: string, start: number): string {
  let end = line.length;
  while (start < end && isBlank(line, start)) start++;
  while (end > start && isBlank(line, end - 1)) end--;
  return line.slice(start, end);
}

function isBlank(line: string, at: number): boolean {
  return line[at] === ' ' || line[at] === '\t';
}

function bad(message: string, status = 400): BadRequestHead {
  return { status, message };
}
