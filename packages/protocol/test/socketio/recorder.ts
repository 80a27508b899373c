import {
  type Attachment,
  Decoder,
  type DecoderHandler,
  type DecoderOptions,
} from '../../src/socketio/decoder.ts';
import type { ViolationCode } from '../../src/socketio/errors.ts';
import type { Packet } from '../../src/socketio/packet.ts';

/** Keeps what a decoder reports. */
export class Recorder implements DecoderHandler {
  readonly trace: (Packet | ViolationCode)[] = [];
  /** Called after each packet. */
  react: () => void = () => {};

  onPacket(packet: Packet): void {
    this.trace.push(packet);
    this.react();
  }

  onViolation(code: ViolationCode): void {
    this.trace.push(code);
  }
}

/** Opens a decoder with roomy limits. */
export function openDecoder(options: Partial<DecoderOptions> = {}) {
  const recorder = new Recorder();
  const decoder = new Decoder(recorder, { maxPacketLength: 1_000_000, ...options });
  const receive = (...messages: readonly (string | Attachment)[]) => {
    for (const message of messages) {
      if (typeof message === 'string') decoder.receiveText(message);
      else decoder.receiveAttachment(message);
    }
    return recorder.trace;
  };
  return { decoder, recorder, trace: recorder.trace, receive };
}
