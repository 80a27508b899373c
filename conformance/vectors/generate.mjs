/**
 * Writes the vectors: `node conformance/vectors/generate.mjs`; with `--check` it only says whether they are current.
 * The cases stand in `groups/`, one file per JSON file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { closeCodeVectors } from './groups/close-codes.mjs';
import { fragmentationVectors } from './groups/fragmentation.mjs';
import { framingVectors } from './groups/framing.mjs';
import { limitVectors } from './groups/limits.mjs';
import { opcodeVectors } from './groups/opcodes.mjs';
import { pingPongVectors } from './groups/ping-pong.mjs';
import { reservedBitVectors } from './groups/reserved-bits.mjs';
import { utf8Vectors } from './groups/utf8.mjs';

const LINE_WIDTH = 110;

const files = {
  'framing.json': framingVectors(),
  'ping-pong.json': pingPongVectors(),
  'reserved-bits.json': reservedBitVectors(),
  'opcodes.json': opcodeVectors(),
  'fragmentation.json': fragmentationVectors(),
  'utf8.json': utf8Vectors(),
  'close-codes.json': closeCodeVectors(),
  'limits.json': limitVectors(),
};

let staleCount = 0;
let caseCount = 0;
for (const [name, cases] of Object.entries(files)) {
  const url = new URL(name, import.meta.url);
  const json = `${format(cases, '', 0)}\n`;
  caseCount += cases.length;
  if (process.argv.includes('--check')) {
    if (readFileSync(url, 'utf8') !== json) staleCount += 1;
  } else {
    writeFileSync(url, json);
  }
}
assertNamesAreUnique(Object.values(files).flat());
console.log(
  `${caseCount} vectors in ${Object.keys(files).length} files${staleCount > 0 ? `, ${staleCount} stale` : ''}`,
);
process.exitCode = staleCount > 0 ? 1 : 0;

/** Two cases under one name would hide each other in a test report. */
function assertNamesAreUnique(cases) {
  const names = new Set();
  for (const { name } of cases) {
    if (names.has(name)) throw new Error(`two vectors are named "${name}"`);
    names.add(name);
  }
}

/** Write JSON as the project's formatter does: what fits stays on its line, but for whole cases. */
function format(value, indent, column) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const [open, close] = isArray ? '[]' : '{}';
  const parts = Object.entries(value);
  if (parts.length === 0) return open + close;
  const flat = flatten(value);
  if (!mustBreak(value) && column + flat.length + 1 <= LINE_WIDTH) return flat;
  const inner = `${indent}  `;
  const lines = parts.map(([key, item]) => {
    const label = isArray ? '' : `${JSON.stringify(key)}: `;
    return inner + label + format(item, inner, inner.length + label.length);
  });
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

function flatten(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(flatten).join(', ')}]`;
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${flatten(item)}`);
  return `{ ${members.join(', ')} }`;
}

/** A case keeps a line per member, however short. */
function mustBreak(value) {
  return 'chunks' in value;
}
