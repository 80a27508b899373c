import { validateHeaderValue } from 'node:http';
import type { EndedSessions } from './ended-sessions.ts';
import { ERRORS } from './errors.ts';
import type { ResolvedOptions } from './options.ts';
import type { ErrorCallback } from './refusal.ts';
import type { Sessions } from './sessions.ts';
import { type EngineRequest, versionOf } from './transport.ts';

/** The sessions that a request can be for. */
export interface KnownSessions {
  readonly sessions: Sessions;
  readonly ended: EndedSessions;
}

/**
 * Judges a request.
 *
 * | broken rule                                   | error                  | context                    |
 * | --------------------------------------------- | ---------------------- | -------------------------- |
 * | the transport is one of the server's          | UNKNOWN_TRANSPORT      | `transport`                |
 * | `Origin` is a header's value                  | BAD_REQUEST            | INVALID_ORIGIN             |
 * | the session is there                          | UNKNOWN_SID            | `sid`, `reason` if known   |
 * | … and goes over this transport                | BAD_REQUEST            | TRANSPORT_MISMATCH         |
 * | … in this version of the protocol             | BAD_REQUEST            | PROTOCOL_MISMATCH          |
 * | a session begins with GET, or RFC 8441's CONNECT | BAD_HANDSHAKE_METHOD   | `method`                   |
 * | … and WebSocket with an upgrade, polling without | BAD_REQUEST         | TRANSPORT_HANDSHAKE_ERROR  |
 * | `allowRequest` lets it in                     | FORBIDDEN              | `message`                  |
 */
export function verifyRequest(
  request: EngineRequest,
  isUpgrade: boolean,
  options: ResolvedOptions,
  known: KnownSessions,
  done: ErrorCallback,
): void {
  const { transport, sid } = request._query;
  const { origin } = request.headers;
  if (!options.transports.some((name) => name === transport && name !== 'webtransport')) {
    done(ERRORS.UNKNOWN_TRANSPORT, { transport });
  } else if (origin !== undefined && !isHeaderValue(origin)) {
    // As engine.io does: who is told of it may write it into a response, which would throw.
    Reflect.set(request.headers, 'origin', null);
    done(ERRORS.BAD_REQUEST, { name: 'INVALID_ORIGIN', origin });
  } else if (sid) {
    verifySession(request, isUpgrade, known, done);
  } else if (request.method !== 'GET' && !(isUpgrade && request.method === 'CONNECT')) {
    done(ERRORS.BAD_HANDSHAKE_METHOD, { method: request.method });
  } else if ((transport === 'websocket') !== isUpgrade) {
    done(ERRORS.BAD_REQUEST, { name: 'TRANSPORT_HANDSHAKE_ERROR' });
  } else if (options.allowRequest === undefined) {
    done();
  } else {
    options.allowRequest(request, (message, isAllowed) => {
      if (isAllowed) done();
      else done(ERRORS.FORBIDDEN, { message });
    });
  }
}

function verifySession(
  request: EngineRequest,
  isUpgrade: boolean,
  { sessions, ended }: KnownSessions,
  done: ErrorCallback,
): void {
  const { transport, sid } = request._query as { transport: string; sid: string };
  const session = sessions.find(sid);
  const protocol = versionOf(request);
  if (session === undefined) {
    const reason = ended.reasonOf(sid);
    done(ERRORS.UNKNOWN_SID, reason === undefined ? { sid } : { sid, reason });
  } else if (isUpgrade ? transport !== 'websocket' : session.transport.name !== transport) {
    const previousTransport = session.transport.name;
    done(ERRORS.BAD_REQUEST, { name: 'TRANSPORT_MISMATCH', transport, previousTransport });
  } else if (session.protocol !== protocol) {
    const previousProtocol = session.protocol;
    done(ERRORS.BAD_REQUEST, { name: 'PROTOCOL_MISMATCH', protocol, previousProtocol });
  } else {
    done();
  }
}

function isHeaderValue(value: string): boolean {
  try {
    validateHeaderValue('origin', value);
    return true;
  } catch {
    return false;
  }
}
