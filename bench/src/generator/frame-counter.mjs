const RSV1 = 0x40;
const LONGEST_SERVER_HEADER_BYTES = 10;

/** Counts the frames in what a server sends: compressed replies have no length that is known beforehand. */
export class FrameCounter {
  #header = Buffer.alloc(LONGEST_SERVER_HEADER_BYTES);
  #headerBytes = 0;
  #payloadLeft = 0;
  #fail;

  /** @param fail - told when a frame is not compressed */
  constructor(fail) {
    this.#fail = fail;
  }

  /** Returns how many frames end within these bytes. */
  count(byteLength, buffer) {
    let frames = 0;
    let at = 0;
    while (at < byteLength) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, byteLength - at);
        this.#payloadLeft -= taken;
        at += taken;
        if (this.#payloadLeft === 0) frames++;
      } else {
        this.#header[this.#headerBytes++] = buffer[at++];
        this.#readHeader();
      }
    }
    return frames;
  }

  #readHeader() {
    const lengthCode = this.#header[1] & 0x7f;
    if (this.#headerBytes < 2 || this.#headerBytes < (lengthCode < 126 ? 2 : 4)) return;
    if ((this.#header[0] & RSV1) === 0) this.#fail('the server sent a frame that is not compressed');
    this.#payloadLeft = lengthCode < 126 ? lengthCode : this.#header.readUInt16BE(2);
    this.#headerBytes = 0;
  }
}
