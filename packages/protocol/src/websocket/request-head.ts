import { isToken } from './header-fields.ts';
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
const HEADER_LINE = /^([^:\s]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;
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
  #bytes: Uint8Array | null = null;

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
    const known = this.#bytes?.length ?? 0;
    const bytes = known === 0 ? chunk : this.#join(chunk);
    // The empty line may have begun in the bytes known before.
    const end = endOfHead(bytes, Math.max(0, known - 3));
    if (end > this.#maxBytes || (end < 0 && bytes.length > this.#maxBytes)) {
      return bad(`the request head is over the limit of ${this.#maxBytes} bytes`, 431);
    }
    if (end < 0) {
      this.#bytes = bytes;
      return null;
    }
    const head = parseHead(this.#natives.readLatin1(bytes.subarray(0, end - 4)));
    return 'status' in head ? head : { head, rest: bytes.subarray(end) };
  }

  #join(chunk: Uint8Array): Uint8Array {
    const before = this.#bytes!;
    const joined = this.#natives.allocate(before.length + chunk.length);
    joined.set(before);
    joined.set(chunk, before.length);
    return joined;
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
    const header = HEADER_LINE.exec(lines[i]!);
    if (header === null || !isToken(header[1]!)) return bad('a header line is malformed');
    const name = header[1]!.toLowerCase();
    const value = header[2]!.trimEnd();
    const before = headers[name];
    // RFC 9112 3.2: more than one Host is an error.
    if (before !== undefined && name === 'host') return bad('the Host header is repeated');
    headers[name] = before === undefined ? value : before + (name === 'cookie' ? '; ' : ', ') + value;
  }
  // A body would be read as frames, or as the next request by a proxy that sees it differently.
  if ('transfer-encoding' in headers || (headers['content-length'] ?? '0') !== '0') {
    return bad('a request with a body cannot open a WebSocket');
  }
  return { method: requestLine[1]!, url: requestLine[2]!, httpVersion: requestLine[3]!, headers };
}

function bad(message: string, status = 400): BadRequestHead {
  return { status, message };
}
