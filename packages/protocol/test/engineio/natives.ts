import type { Natives } from '../../src/engineio/natives.ts';
import { TestNatives } from '../websocket/recorder.ts';

/** The natives of the WebSocket tests, and base64. */
export class EngineTestNatives extends TestNatives implements Natives {
  encodeBase64(data: Uint8Array): string {
    return Buffer.from(data).toString('base64');
  }

  decodeBase64(text: string): Uint8Array {
    // `atob` is the strictest of the natives that a shell may pass: it throws at what is not base64.
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  }
}
