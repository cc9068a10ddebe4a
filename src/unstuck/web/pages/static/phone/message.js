/* CoAP messages and their options: bytes enter, a message leaves, and back. Pure.
   Sources: RFC 7252 section 3, RFC 7959. The same rules as chain/link/coap/message.py and values.py. */

import { NOTHING, big, concat, number } from "./bytes.js";

export const CON = 0, NON = 1, ACK = 2, RST = 3;
export const CODE = {
  EMPTY: 0, GET: 1, POST: 2, PUT: 3, DELETE: 4, CHANGED: 0x44, CONTENT: 0x45, CONTINUE: 0x5f,
  NOT_FOUND: 0x84, PRECONDITION_FAILED: 0x8c,
};
export const OPTION = { ETAG: 4, URI_PATH: 11, URI_QUERY: 15, BLOCK2: 23, BLOCK1: 27, SIZE2: 28 };
export const LARGEST_EXPONENT = 6; // blocks of 1024 bytes
const PAYLOAD_MARK = 0xff, TOKEN_LIMIT_BYTES = 8;

export function message(kind, code, id, token = NOTHING, options = [], payload = NOTHING) {
  return { kind, code, id, token, options, payload };
}

/* 2.05 for 0x45. */
export function dotted(code) {
  return `${code >> 5}.${String(code & 31).padStart(2, "0")}`;
}

export function isRequest(found) { return found.code > 0 && found.code < 0x20; }

export function isResponse(found) { return [2, 4, 5].includes(found.code >> 5); }

/* The first value of an option; null without it. */
export function option(found, wanted) {
  const pair = found.options.find(([one]) => one === wanted);
  return pair ? pair[1] : null;
}

/* A number as an option's value: no leading zeros, nothing for 0. */
export function uint(value) {
  let width = 0;
  while (value >= 256 ** width) width += 1;
  return value ? big(value, width) : NOTHING;
}

function split(value) {
  if (value < 13) return [value, NOTHING];
  if (value < 269) return [13, big(value - 13, 1)];
  return [14, big(value - 269, 2)];
}

export function toBytes(from) {
  const parts = [Uint8Array.of(0x40 | (from.kind << 4) | from.token.length, from.code), big(from.id, 2), from.token];
  let before = 0;
  for (const [key, value] of [...from.options].sort((one, other) => one[0] - other[0])) {
    const [delta, deltaMore] = split(key - before), [length, lengthMore] = split(value.length);
    parts.push(Uint8Array.of((delta << 4) | length), deltaMore, lengthMore, value);
    before = key;
  }
  if (from.payload.length) parts.push(Uint8Array.of(PAYLOAD_MARK), from.payload);
  return concat(...parts);
}

/* null: it is no message. */
export function parse(bytes) {
  if (bytes.length < 4 || bytes[0] >> 6 !== 1) return null;
  const tokenEnd = 4 + (bytes[0] & 15);
  if (tokenEnd > 4 + TOKEN_LIMIT_BYTES || tokenEnd > bytes.length) return null;
  if (bytes[1] === CODE.EMPTY && bytes.length > 4) return null;
  const body = parseOptions(bytes, tokenEnd);
  if (body === null) return null;
  return message((bytes[0] >> 4) & 3, bytes[1], number(bytes.slice(2, 4)), bytes.slice(4, tokenEnd), ...body);
}

function parseOptions(bytes, at) {
  const options = [];
  let key = 0;
  while (at < bytes.length) {
    const head = bytes[at];
    at += 1;
    if (head === PAYLOAD_MARK) return at < bytes.length ? [options, bytes.slice(at)] : null;
    const sizes = [];
    for (const nibble of [head >> 4, head & 15]) {
      if (nibble === 15) return null;
      const more = Math.max(0, nibble - 12);
      sizes.push(number(bytes.slice(at, at + more)) + [nibble, 13, 269][more]);
      at += more;
    }
    key += sizes[0];
    if (at + sizes[1] > bytes.length) return null;
    options.push([key, bytes.slice(at, at + sizes[1])]);
    at += sizes[1];
  }
  return [options, NOTHING];
}

export function blockBytes(block) {
  return uint(block.number * 16 + (block.more ? 8 : 0) + block.exponent);
}

export function blockSize(block) { return 16 << block.exponent; }

/* A block option as { number, more, exponent }; null without one; undefined when it cannot be one. */
export function blockOf(found, wanted) {
  const value = option(found, wanted);
  if (value === null) return null;
  const all = number(value);
  if (value.length > 3 || (all & 7) > LARGEST_EXPONENT) return undefined;
  return { number: all >> 4, more: (all & 8) !== 0, exponent: all & 7 };
}
