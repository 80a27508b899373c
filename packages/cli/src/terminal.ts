/** Where a command writes: results to stdout, everything about the run to stderr. */
export interface Terminal {
  /** Write a line of the result. */
  print(line: string): void;
  /** Tell the user something about the run. */
  note(message: string): void;
}

/** The terminal of this process. Notes carry the command's name, as its errors do. */
export const PROCESS_TERMINAL: Terminal = Object.freeze({
  print: (line: string) => void process.stdout.write(`${line}\n`),
  note: (message: string) => void process.stderr.write(`hawser: ${message}\n`),
});

// C0 without the tab, DEL and C1: what a terminal may obey. And lone surrogates, which have no glyph.
const UNPRINTABLE = /[^\P{Cc}\t]|\p{Cs}/gu;

/**
 * Make text from a peer harmless for a terminal: its control characters, which could move the cursor or
 * rewrite lines, are written as escapes.
 *
 * @param text - anything
 * @param keepNewlines - leave line breaks as they are
 */
export function printable(text: string, keepNewlines = false): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (keepNewlines && character === '\n') return character;
    const code = character.charCodeAt(0);
    return code > 0xff ? '\ufffd' : `\\x${code.toString(16).padStart(2, '0')}`;
  });
}
