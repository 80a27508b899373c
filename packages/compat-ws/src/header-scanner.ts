import { isToken } from '@hawser/protocol/websocket';

const TAB = '\t';

/** Reads tokens from a header value, and says where it stops making sense. */
export class HeaderScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Takes `delimiter` and the white space behind it, if it comes next. */
  take(delimiter: string): boolean {
    if (this.#text[this.#at] !== delimiter) return false;
    this.#at++;
    // Not even white space may follow an equals sign.
    if (delimiter !== '=') this.#skipSpace();
    return true;
  }

  /** Returns the token that comes next; one of `delimiters`, or the end, follows it. */
  token(delimiters: string): string {
    const start = this.#at;
    while (isTokenCharacter(this.#text[this.#at])) this.#at++;
    const token = this.#text.slice(start, this.#at);
    if (token === '') this.#fail();
    this.#finishElement(delimiters);
    return token;
  }

  /** Returns a parameter's value, which may be quoted. */
  value(): string {
    return this.#text[this.#at] === '"' ? this.#quoted() : this.token(',;');
  }

  #quoted(): string {
    let value = '';
    this.#at++;
    while (this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\') this.#at++;
      // The value without its quotes has to be a token as well.
      if (!isTokenCharacter(this.#text[this.#at])) this.#fail();
      value += this.#text[this.#at++];
    }
    if (value === '') this.#fail();
    this.#at++;
    this.#finishElement(',;');
    return value;
  }

  /** White space may stand in front of a delimiter, but not before an equals sign or at the end. */
  #finishElement(delimiters: string): void {
    const end = this.#at;
    this.#skipSpace();
    const next = this.#text[this.#at];
    const isSpaced = this.#at > end;
    if (next === undefined ? isSpaced : !delimiters.includes(next) || (isSpaced && next === '='))
      this.#fail();
  }

  #skipSpace(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === TAB) this.#at++;
  }

  #fail(): never {
    if (this.#at >= this.#text.length) throw new SyntaxError('Unexpected end of input');
    throw new SyntaxError(`Unexpected character at index ${this.#at}`);
  }
}

function isTokenCharacter(character: string | undefined): boolean {
  return character !== undefined && isToken(character);
}
