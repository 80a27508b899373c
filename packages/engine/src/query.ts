import type { IncomingMessage } from 'node:http';
import type { StringPool } from './string-pool.ts';
import type { EngineRequest } from './transport.ts';

type Query = EngineRequest['_query'];

/** What clients send by themselves: nothing in it is encoded, and every name has a value. */
const PLAIN_QUERY = /^[A-Za-z][\w.-]*=[\w.-]*(?:&[A-Za-z][\w.-]*=[\w.-]*)*$/;

/** Reads the queries of requests, of which those that begin with WebSocket are mostly all the same. */
export class QueryReader {
  readonly #strings: StringPool;
  #text = '';
  #members: Query = {};

  constructor(strings: StringPool) {
    this.#strings = strings;
  }

  /** Gives `request` a `_query`, unless a framework did before. */
  read(request: IncomingMessage): EngineRequest {
    const engineRequest = request as EngineRequest;
    // A program may change what is its request's.
    engineRequest._query ??= { ...this.#membersOf(queryOf(request.url ?? '')) };
    return engineRequest;
  }

  /** As `URLSearchParams` reads it, which alone would be a twentieth of a polling round trip. */
  #membersOf(text: string): Query {
    if (text === this.#text) return this.#members;
    const members = PLAIN_QUERY.test(text)
      ? plainMembers(text)
      : Object.fromEntries(new URLSearchParams(text));
    this.#strings.shareValues(members);
    this.#text = text;
    this.#members = members;
    return members;
  }
}

function queryOf(url: string): string {
  const start = url.indexOf('?');
  if (start < 0) return '';
  const end = url.indexOf('#', start);
  return url.slice(start + 1, end < 0 ? undefined : end);
}

function plainMembers(text: string): Query {
  const members: Query = {};
  for (const member of text.split('&')) {
    const at = member.indexOf('=');
    members[member.slice(0, at)] = member.slice(at + 1);
  }
  return members;
}
