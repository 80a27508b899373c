const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)\r\n/i;

/** One HTTP request after the other on a connection that is kept. */
export class HttpExchange {
  #connection;
  #fail;
  #bytes = Buffer.alloc(0);
  #answered;

  constructor(connection, fail) {
    this.#connection = connection;
    this.#fail = fail;
    connection.onBytes = (byteLength, buffer) => this.#receive(buffer.subarray(0, byteLength));
  }

  /** Writes a request; `answered` is told the answer's body. */
  send(request, answered) {
    this.#answered = answered;
    this.#connection.write(request);
  }

  /** The same as a promise. */
  ask(request) {
    return new Promise((resolve) => this.send(request, resolve));
  }

  #receive(chunk) {
    // An answer nearly always is one chunk, which the shared buffer holds only for now: it is read at once.
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const end = bytes.indexOf(HEAD_END);
    const head = end === -1 ? '' : bytes.latin1Slice(0, end + 2);
    const bodyAt = end + HEAD_END.length;
    const bodyBytes = Number(CONTENT_LENGTH.exec(head)?.[1]);
    if (end !== -1 && !(head.startsWith('HTTP/1.1 200 ') && bodyBytes >= 0)) {
      this.#fail(`the server answered ${head.split('\r\n', 1)[0]}`);
    } else if (end === -1 || bytes.length < bodyAt + bodyBytes) {
      this.#bytes = Buffer.from(bytes);
    } else {
      this.#bytes = Buffer.alloc(0);
      this.#answered(bytes.latin1Slice(bodyAt, bodyAt + bodyBytes));
    }
  }
}
