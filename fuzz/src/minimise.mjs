/** Tries that a minimisation may take. */
const MAX_TRIES = 3000;

/**
 * Makes a failing input smaller, as long as it breaks the same rule: lists lose elements, hex loses octets, numbers shrink.
 *
 * @param input - JSON
 * @param isFailing - whether an input still fails in the same way
 * @returns the smallest found
 */
export function minimise(input, isFailing) {
  let best = input;
  let tries = 0;
  for (let hasShrunk = true; hasShrunk && tries < MAX_TRIES; ) {
    hasShrunk = false;
    for (const candidate of shrink(best)) {
      tries += 1;
      if (tries >= MAX_TRIES) break;
      if (!isFailing(candidate)) continue;
      best = candidate;
      hasShrunk = true;
      break;
    }
  }
  return best;
}

/** Smaller variants of a value, the boldest first. */
function* shrink(value) {
  if (Array.isArray(value)) yield* shrinkList(value);
  else if (typeof value === 'string') yield* shrinkText(value);
  else if (typeof value === 'number') yield* shrinkNumber(value);
  else if (value === true) yield false;
  else if (value !== null && typeof value === 'object') yield* shrinkFields(value);
}

function* shrinkList(list) {
  for (const [start, end] of spans(list.length, 1)) yield [...list.slice(0, start), ...list.slice(end)];
  for (const [i, element] of list.entries()) {
    for (const smaller of shrink(element)) yield [...list.slice(0, i), smaller, ...list.slice(i + 1)];
  }
}

/** Hex alone: every other text is a name that the target has to know. */
function* shrinkText(text) {
  if (text.length % 2 === 1 || !/^[0-9a-f]+$/.test(text)) return;
  for (const [start, end] of spans(text.length, 2)) yield text.slice(0, start) + text.slice(end);
  for (let at = 0; at < text.length; at += 2) {
    if (text.slice(at, at + 2) !== '00') yield `${text.slice(0, at)}00${text.slice(at + 2)}`;
  }
}

function* shrinkNumber(number) {
  for (const smaller of [0, Math.trunc(number / 2), number - Math.sign(number)]) {
    if (Math.abs(smaller) < Math.abs(number)) yield smaller;
  }
}

function* shrinkFields(object) {
  for (const [name, field] of Object.entries(object)) {
    for (const smaller of shrink(field)) yield { ...object, [name]: smaller };
  }
}

/** Ranges to cut out: all, halves, quarters, down to single units. */
function* spans(length, unit) {
  for (let size = length; size >= unit; size = Math.floor(size / 2 / unit) * unit) {
    for (let start = 0; start < length; start += size) yield [start, Math.min(start + size, length)];
  }
}
