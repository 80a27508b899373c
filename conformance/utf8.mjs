/**
 * Validates UTF-8 octet by octet, after the grammar of RFC 3629 section 4, so that it can say at which octet
 * a text stops being one.
 *
 * ```
 * UTF8-2 = C2-DF                tail      UTF8-4 = F0 90-BF 2tail
 * UTF8-3 = E0 A0-BF             tail               F1-F3    3tail
 *          E1-EC | EE-EF       2tail               F4 80-8F 2tail
 *          ED 80-9F             tail
 * ```
 */
export class Utf8Validator {
  #tailsLeft = 0;
  #low = 0x80;
  #high = 0xbf;

  /** Whether the text may end here. */
  get isComplete() {
    return this.#tailsLeft === 0;
  }

  /** Take one octet; false when no valid text has it at this place. */
  push(octet) {
    if (this.#tailsLeft === 0) return this.#pushLead(octet);
    if (octet < this.#low || octet > this.#high) return false;
    this.#tailsLeft -= 1;
    this.#low = 0x80;
    this.#high = 0xbf;
    return true;
  }

  #pushLead(octet) {
    if (octet <= 0x7f) return true;
    if (octet >= 0xc2 && octet <= 0xdf) this.#tailsLeft = 1;
    else if (octet >= 0xe0 && octet <= 0xef) this.#tailsLeft = 2;
    else if (octet >= 0xf0 && octet <= 0xf4) this.#tailsLeft = 3;
    else return false;
    if (octet === 0xe0) this.#low = 0xa0;
    if (octet === 0xed) this.#high = 0x9f;
    if (octet === 0xf0) this.#low = 0x90;
    if (octet === 0xf4) this.#high = 0x8f;
    return true;
  }
}
