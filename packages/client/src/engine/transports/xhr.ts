import { globals } from '../globals.ts';
import { type Exchange, type ExchangeHandler, Polling } from './polling.ts';

/** Polling with `XMLHttpRequest`. */
export class XHR extends Polling {
  protected override exchange(uri: string, body: string | undefined, handler: ExchangeHandler): Exchange {
    const { withCredentials, requestTimeout = 0, extraHeaders = {} } = this.opts;
    const xhr = new globals.XMLHttpRequest!();
    const abort = () => {
      globals.removeEventListener?.('pagehide', abort);
      xhr.onloadend = xhr.onprogress = null;
      xhr.abort();
    };
    xhr.open(body === undefined ? 'GET' : 'POST', uri, true);
    for (const [name, value] of Object.entries(extraHeaders)) {
      try {
        xhr.setRequestHeader(name, value);
      } catch {
        // As upstream: the connection does without a header that the browser refuses.
      }
    }
    if (body !== undefined) xhr.setRequestHeader('Content-type', 'text/plain;charset=UTF-8');
    xhr.withCredentials = !!withCredentials;
    xhr.timeout = requestTimeout;
    xhr.onprogress = ({ loaded }) => handler.onProgress(loaded);
    xhr.onloadend = () => {
      globals.removeEventListener?.('pagehide', abort);
      if (xhr.status === 200) handler.onSuccess(xhr.responseText);
      else handler.onFailure(xhr.status, xhr);
    };
    // What a page that is left still waits for would be reported as an error.
    globals.addEventListener?.('pagehide', abort);
    xhr.send(body ?? null);
    return { abort };
  }
}
