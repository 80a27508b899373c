import { parse } from 'node:querystring';
import { Polling } from './polling.ts';
import type { EngineRequest } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

/** Long-polling for browsers without cross-origin requests: a response is a script, a request is a form. */
export class Jsonp extends Polling {
  readonly #head: string;

  constructor(request: EngineRequest, context: TransportContext) {
    super(request, context);
    // What is not a number could be a script of somebody else.
    this.#head = `___eio[${(request._query.j ?? '').replace(/[^0-9]/g, '')}](`;
  }

  protected override get allowsBinaryBody(): boolean {
    return false;
  }

  protected override readBody(body: Buffer): string {
    const { d } = parse(body.toString());
    // A form turns newlines into \r\n, so the client escapes them: \n as \\n, and \\n as \\\\n.
    return typeof d === 'string' ? d.replace(/(?<!\\)\\n/g, '\n').replace(/\\\\n/g, '\\n') : '';
  }

  protected override frameBody(payload: string | Uint8Array): string {
    // JSON allows these two where older JavaScript ends a line.
    const literal = JSON.stringify(payload)
      .replace(/\u2028/g, '\\u2028')
      .replace(/\u2029/g, '\\u2029');
    return `${this.#head}${literal});`;
  }
}
