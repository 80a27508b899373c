/** What is used of a browser's `XMLHttpRequest`. */
export interface Xhr {
  readonly status: number;
  readonly responseText: string;
  withCredentials: boolean;
  timeout: number;
  onloadend: (() => void) | null;
  onprogress: ((event: { readonly loaded: number }) => void) | null;
  open(method: string, uri: string, isAsync: boolean): void;
  setRequestHeader(name: string, value: string): void;
  send(body: string | null): void;
  abort(): void;
}

/** What is used of a browser's `FileReader`. */
interface BlobReader {
  readonly result: unknown;
  readonly error: unknown;
  onload: (() => void) | null;
  onerror: (() => void) | null;
  readAsArrayBuffer(blob: Blob): void;
}

/** What of the standard's WebTransport session is used. @see https://w3c.github.io/webtransport/ */
export interface WebTransportSession {
  readonly ready: Promise<unknown>;
  /** With nothing where a library has no more to say. */
  readonly closed: Promise<{ readonly closeCode: number; readonly reason: string } | undefined>;
  createBidirectionalStream(): Promise<{ readable: ReadableStream; writable: WritableStream }>;
  close(): void;
}

/** Globals that only some runtimes have. */
interface Globals {
  readonly queueMicrotask: typeof queueMicrotask;
  readonly setTimeout: typeof setTimeout;
  readonly clearTimeout: typeof clearTimeout;
  readonly XMLHttpRequest: (new () => Xhr) | undefined;
  readonly WebSocket:
    | (new (
        uri: string,
        protocols?: string | string[],
        options?: object,
      ) => unknown)
    | undefined;
  readonly WebTransport: (new (uri: string, options: unknown) => WebTransportSession) | undefined;
  readonly FileReader: (new () => BlobReader) | undefined;
  readonly TextEncoder: typeof TextEncoder | undefined;
  readonly TextDecoder: typeof TextDecoder | undefined;
  readonly location:
    | { readonly protocol: string; readonly host: string; readonly hostname: string; readonly port: string }
    | undefined;
  addEventListener?(event: string, listener: () => void, isCapturing?: boolean): void;
  removeEventListener?(event: string, listener: () => void, isCapturing?: boolean): void;
}

/** The global object, as far as a runtime has it. */
export const globals = globalThis as unknown as Globals;
