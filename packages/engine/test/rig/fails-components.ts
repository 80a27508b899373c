import { createHash, X509Certificate } from 'node:crypto';
import type { WebTransport } from '@fails-components/webtransport';
import { onTestFinished, vi } from 'vitest';
import type { WebTransportSession } from '../../src/webtransport.ts';
import { makeCertificate } from './certificate.ts';

/**
 * The package that upstream's documentation names for WebTransport in Node. Its carrier for HTTP/3 is a download of its
 * own, and it says so on the console where that is missing; the one for HTTP/2 (draft-ietf-webtrans-http2) is in it.
 */
async function load(): Promise<typeof import('@fails-components/webtransport')> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const library = await import('@fails-components/webtransport');
  await library.quicheLoaded;
  log.mockRestore();
  return library;
}

/** A server of WebTransport sessions, and how one is opened with it. */
export interface WebTransportServer {
  readonly port: number;
  /** Opens a session, not waiting for it to be ready. */
  open(): WebTransport;
}

/** Serves WebTransport over HTTP/2 at `path` until the test ends. */
export async function serveOverHttp2(
  path: string,
  onSession: (session: WebTransportSession) => void,
): Promise<WebTransportServer> {
  const { Http2Server, WebTransport } = await load();
  const { key, cert } = makeCertificate();
  const server = new Http2Server({ port: 0, host: '127.0.0.1', secret: 'secret', cert, privKey: key });
  const sessions = server.sessionStream(path).getReader();
  const accept = async (): Promise<void> => {
    const { value, done } = await sessions.read();
    if (done) return;
    onSession(value as WebTransportSession);
    await accept();
  };
  server.startServer();
  await server.ready;
  void accept();
  onTestFinished(() => server.stopServer());
  const hash = createHash('sha256').update(new X509Certificate(cert).raw).digest();
  const options = { forceReliable: true, serverCertificateHashes: [{ algorithm: 'sha-256', value: hash }] };
  const port = server.port as number;
  return { port, open: () => new WebTransport(`https://127.0.0.1:${port}${path}`, options) };
}
