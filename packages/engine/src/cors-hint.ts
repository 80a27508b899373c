import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

const ALLOWS = 'access-control-allow-origin';
const MAX_ORIGIN_LENGTH = 200;

/** Says, once, on the server what a browser says in its console alone: it keeps the answer from a page of another origin. */
export class CorsHint {
  #isGiven = false;

  /** @param headers - of the response, beside those that it has by now */
  consider(
    { headers: { origin }, method }: IncomingMessage,
    response: ServerResponse,
    headers: OutgoingHttpHeaders,
  ): void {
    // A page of the server's own origin sends none with a GET.
    if (this.#isGiven || origin === undefined || method !== 'GET') return;
    const name = Object.keys(headers).find((header) => header.toLowerCase() === ALLOWS);
    const allowed = name === undefined ? response.getHeader(ALLOWS) : headers[name];
    if (allowed === '*' || allowed === origin) return;
    this.#isGiven = true;
    const page = origin.slice(0, MAX_ORIGIN_LENGTH);
    process.emitWarning(
      `a page of ${page} asked over polling, and its browser keeps the answer from it; ` +
        `the option cors lets it in: { cors: { origin: '${page}' } }`,
      { code: 'EIO_WARN_CORS' },
    );
  }
}
