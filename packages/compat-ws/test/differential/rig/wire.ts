import { constants, inflateRawSync } from 'node:zlib';
import type { RawFrame } from '../../../../ws/test/rig/raw-frame.ts';
import { CLOSE } from '../../../../ws/test/rig/raw-frame.ts';
import type { RawPeer } from '../../../../ws/test/rig/raw-peer.ts';
import { describe, type Recorder } from './recorder.ts';

const MAX_WINDOW_BYTES = 32_768;
const NAMES: Readonly<Record<number, string>> = {
  0: 'continuation',
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
};

/** Records the frames that a peer receives: unmasked and inflated, so that only what they say counts. */
export class WireLog {
  readonly #log: Recorder;
  readonly #actor: string;
  readonly #peer: RawPeer;
  #window = Buffer.alloc(0);
  #deflated: Buffer[] | null = null;
  #isCloseSeen = false;
  #isOver = false;

  constructor(log: Recorder, peer: RawPeer, actor = 'wire') {
    this.#log = log;
    this.#peer = peer;
    this.#actor = actor;
  }

  /** Waits for `count` frames. */
  async frames(count: number): Promise<void> {
    for (let i = 0; i < count; i++) this.#note(await this.#peer.frame());
  }

  /** Waits for frames up to a close frame, unless one came before; or up to the end. */
  async framesToClose(): Promise<void> {
    while (!this.#isCloseSeen && !this.#isOver) await this.#next();
  }

  /** Waits for frames up to the end of the stream. */
  async framesToEnd(): Promise<void> {
    while (!this.#isOver) await this.#next();
  }

  async #next(): Promise<void> {
    try {
      this.#note(await this.#peer.frame());
    } catch {
      this.#isOver = true;
      this.#log.note(this.#actor, `end, ${this.#peer.unreadBytes} bytes left`);
    }
  }

  #note({ opcode, payload, fin, rsv, isMasked }: RawFrame): void {
    const flags = [fin ? 'fin' : 'more', `rsv${rsv}`, isMasked ? 'masked' : 'bare'].join(' ');
    const isControl = opcode >= CLOSE;
    if (opcode === CLOSE) this.#isCloseSeen = true;
    if (!isControl && (rsv & 4) !== 0) this.#deflated = [];
    if (isControl || this.#deflated === null) {
      this.#log.note(this.#actor, `${NAMES[opcode]} ${flags} ${describe(payload)}`);
      return;
    }
    this.#deflated.push(payload);
    this.#log.note(this.#actor, `${NAMES[opcode]} ${flags} deflated`);
    if (!fin) return;
    const inflated = this.#inflate(Buffer.concat(this.#deflated));
    this.#deflated = null;
    this.#log.note(this.#actor, 'inflated', inflated);
  }

  #inflate(deflated: Buffer): Buffer {
    const inflated = inflateRawSync(Buffer.concat([deflated, Buffer.from([0, 0, 0xff, 0xff])]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#window.length > 0 && { dictionary: this.#window }),
    });
    this.#window = Buffer.concat([this.#window, inflated]).subarray(-MAX_WINDOW_BYTES);
    return inflated;
  }
}

/** Waits for a head and records it letter by letter. */
export async function noteHead(log: Recorder, peer: RawPeer, actor = 'wire'): Promise<string> {
  let text = '';
  while (!text.endsWith('\r\n\r\n')) text += (await peer.read(1)).toString('latin1');
  const lines = text.split('\r\n').filter((line) => line !== '' && !/^date:/i.test(line));
  for (const line of lines) log.note(actor, line);
  return text;
}

/** Records an answer: a 101, or everything up to the end. */
export async function noteAnswer(log: Recorder, peer: RawPeer): Promise<void> {
  const head = await noteHead(log, peer);
  if (!head.startsWith('HTTP/1.1 101')) log.note('wire', 'body', (await peer.readToEnd()).toString());
}
