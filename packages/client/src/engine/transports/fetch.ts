import { type Exchange, type ExchangeHandler, Polling } from './polling.ts';

/** Polling with `fetch`, in browsers and their workers. */
export class Fetch extends Polling {
  protected override readonly failures: readonly [string, string] = ['fetch read error', 'fetch write error'];

  protected override exchange(uri: string, body: string | undefined, handler: ExchangeHandler): Exchange {
    const controller = new AbortController();
    const { requestTimeout } = this.opts;
    const timer = requestTimeout && this.setTimeoutFn(() => controller.abort(), requestTimeout);
    let isAborted = false;
    this.#fetch(uri, body, controller.signal, handler)
      .then(
        (settle) => isAborted || settle(),
        (error) => isAborted || handler.onFailure(error),
      )
      .finally(() => this.clearTimeoutFn(timer));
    return {
      abort: () => {
        isAborted = true;
        controller.abort();
      },
    };
  }

  protected request(uri: string, init: RequestInit & { headers: Headers }): Promise<Response> {
    return fetch(uri, init);
  }

  async #fetch(
    uri: string,
    body: string | undefined,
    signal: AbortSignal,
    handler: ExchangeHandler,
  ): Promise<() => void> {
    const headers = new Headers(this.opts.extraHeaders);
    if (body !== undefined) headers.set('content-type', 'text/plain;charset=UTF-8');
    const response = await this.request(uri, {
      method: body === undefined ? 'GET' : 'POST',
      body: body ?? null,
      headers,
      credentials: this.opts.withCredentials ? 'include' : 'omit',
      signal,
    });
    if (!response.ok) return () => handler.onFailure(response.status, response);
    const text = await readText(response, handler);
    return () => handler.onSuccess(text);
  }
}

async function readText({ body }: Response, handler: ExchangeHandler): Promise<string> {
  if (!body) return '';
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  for (let receivedBytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    receivedBytes += value.length;
    handler.onProgress(receivedBytes);
    text += decoder.decode(value, { stream: true });
  }
}
