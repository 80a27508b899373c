import type { Natives } from '@hawser/protocol/engineio';
import { NodeNatives } from '@hawser/ws/internal';

/** What the codecs need of Node. */
export class EngineNatives extends NodeNatives implements Natives {
  encodeBase64(bytes: Uint8Array): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }

  decodeBase64(text: string): Buffer {
    return Buffer.from(text, 'base64');
  }
}
