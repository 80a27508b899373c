const QUOTE = 34;
const BACKSLASH = 92;
/** `[` and `{`, and `]` and `}`, differ in this bit alone. */
const BRACE_BIT = 32;
const OPENING = 91;
const CLOSING = 93;
/** Most strings end before that: behind it the search is worth its call. */
const NEAR = 24;

/**
 * Tells whether JSON has arrays and objects in one another more than `maxDepth` deep. Of what is no JSON it may tell
 * either.
 */
export function isDeeperThan(json: string, maxDepth: number): boolean {
  // Each level has two brackets.
  if (json.length <= maxDepth * 2) return false;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at + 1);
    } else if (code >= OPENING) {
      const bracket = code & ~BRACE_BIT;
      if (bracket === OPENING && ++depth > maxDepth) return true;
      if (bracket === CLOSING) depth--;
    }
  }
  return false;
}

/** Returns where the string ends that has begun before `start`. */
function endOfString(json: string, start: number): number {
  const near = Math.min(start + NEAR, json.length);
  for (let at = start; at < near; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return farEndOfString(json, start);
}

function farEndOfString(json: string, start: number): number {
  for (let from = start; ; ) {
    const quote = json.indexOf('"', from);
    if (quote === -1) return json.length;
    let backslashes = 0;
    while (quote - backslashes > from && json.charCodeAt(quote - backslashes - 1) === BACKSLASH)
      backslashes++;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
}
