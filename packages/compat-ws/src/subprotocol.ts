import { HeaderScanner } from './header-scanner.ts';

/**
 * Parses a `Sec-WebSocket-Protocol` header.
 * @throws SyntaxError at the first character that does not fit, and when a subprotocol is repeated
 */
export function parse(header: string): Set<string> {
  const scanner = new HeaderScanner(header);
  const protocols = new Set<string>();
  do {
    const protocol = scanner.token(',');
    if (protocols.has(protocol)) throw new SyntaxError(`The "${protocol}" subprotocol is duplicated`);
    protocols.add(protocol);
  } while (scanner.take(','));
  return protocols;
}
