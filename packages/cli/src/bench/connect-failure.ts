import { WebSocketError } from '@hawser/ws';
import { describeNetworkError, systemErrorCode } from '../errors.ts';

/**
 * Say in a few words why a connection did not open. The sentences of errors name ports and addresses; what is counted
 * must not differ from one connection to the next.
 */
export function describeConnectFailure(failure: Error | undefined): string {
  if (failure instanceof WebSocketError && failure.status !== undefined) {
    // Without the page that is quoted behind it.
    return failure.message.split(':', 1)[0]!;
  }
  return (
    describeNetworkError(failure) ??
    systemErrorCode(failure) ??
    failure?.message ??
    'the connection was closed'
  );
}
