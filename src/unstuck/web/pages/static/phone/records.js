/* Batches of records: are these bytes one, and of which numbers? The bytes themselves go to the server unchanged.

   The whole batch is checked, as chain/records/codec.py does, and not only its head: what is kept here may be freed on
   the tracker, so bytes that the server would refuse must never count as safe. Source: docs/reference/records.md. Pure. */

import { CborError, decode, encode } from "./cbor.js";
import { equal } from "./bytes.js";

export class BatchError extends Error {}

const VERSION = 1;
const MOST_BYTES = 1 << 18;
export const MOST_RECORDS = 16384;
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);
const LARGEST_FOLDED = 4n * LARGEST + 3n;
const FIELDS = new Map([[1, 4], [2, 3], [3, 1], [4, 6], [5, 2]]); // how many columns a kind has
const DELTAS = 1, SPARSE = 2;
const VARINT_MOST_BYTES = 8;

/* { boot, first, last } of a batch. BatchError for anything else. */
export function readBatch(bytes) {
  if (bytes.length > MOST_BYTES) throw new BatchError("a batch that is too large");
  const [, boot, first, count, kinds, lateness, durations, groups] = outer(bytes);
  const codes = column(kinds, count, LARGEST).map(Number);
  if (codes.some((code) => !FIELDS.has(code))) throw new BatchError("a kind of record that is not known");
  const late = column(lateness, count, LARGEST_FOLDED), lasts = column(durations, count, LARGEST);
  const present = [...FIELDS.keys()].filter((code) => codes.includes(code));
  const fits = groups.length === present.length && present.every((code, at) => groups[at].length === FIELDS.get(code));
  if (!fits) throw new BatchError("not the columns of the kinds in it");
  present.forEach((code, at) => {
    const records = codes.filter((one) => one === code).length;
    for (const data of groups[at]) column(data, records, LARGEST);
  });
  let end = 0n;
  for (let at = 0; at < count; at += 1) {
    const start = end + unfold(late[at]);
    if (start < 0n || start > LARGEST) throw new BatchError("a time that cannot be");
    end = start + lasts[at];
  }
  return { boot, first, last: first + count - 1 };
}

function outer(bytes) {
  let found;
  try {
    found = decode(bytes);
  } catch (error) {
    if (error instanceof CborError) throw new BatchError(`no CBOR: ${error.message}`);
    throw error;
  }
  const raw = (one) => one instanceof Uint8Array;
  if (!Array.isArray(found) || found[0] !== VERSION) throw new BatchError("not a batch of this version");
  const numbers = found.slice(1, 4), groups = found[7];
  const shaped = found.length === 8 && numbers.every((one) => Number.isSafeInteger(one) && one >= 0)
    && found.slice(4, 7).every(raw) && Array.isArray(groups)
    && groups.every((group) => Array.isArray(group) && group.every(raw));
  if (!shaped || !equal(encode(found), bytes)) throw new BatchError("not in the one form of a batch");
  const [, first, count] = numbers;
  if (count < 1 || count > MOST_RECORDS || first > Number.MAX_SAFE_INTEGER - count + 1) {
    throw new BatchError("a number in the head is out of range");
  }
  return found;
}

/* The numbers of a column, as BigInt. */
function column(data, count, largest) {
  if (!data.length || data[0] > (SPARSE | DELTAS)) throw new BatchError("a column of unknown form");
  const written = varints(data.subarray(1)), form = data[0];
  let numbers = form & SPARSE ? thicken(written, count) : written;
  if (form & DELTAS) {
    let level = 0n;
    numbers = numbers.map((one) => (level += unfold(one)));
  }
  if (numbers.length !== count) throw new BatchError("a column of another length");
  if (numbers.some((one) => one < 0n || one > largest)) throw new BatchError("a number out of range");
  return numbers;
}

function unfold(one) { return one & 1n ? -((one + 1n) >> 1n) : one >> 1n; }

function thicken(written, count) {
  const numbers = [];
  for (let at = 0; at < written.length; at += 1) {
    numbers.push(written[at]);
    if (written[at] === 0n) {
      at += 1;
      if (at >= written.length || written[at] > BigInt(count - numbers.length)) throw new BatchError("zeros beyond the end");
      for (let more = Number(written[at]); more > 0; more -= 1) numbers.push(0n);
    }
  }
  return numbers;
}

function varints(bytes) {
  const numbers = [];
  let value = 0n, shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    if (byte & 0x80) {
      shift += 7n;
      if (shift >= 7n * BigInt(VARINT_MOST_BYTES)) throw new BatchError("a number of too many bytes");
    } else {
      if (shift && !byte) throw new BatchError("a number longer than it must be");
      numbers.push(value);
      value = shift = 0n;
    }
  }
  if (shift) throw new BatchError("ends in the middle of a number");
  return numbers;
}
