/* CBOR (RFC 8949), as much as tracker and server speak: whole numbers to 2^53 - 1, bytes, text, lists, maps, false, true,
   null. Definite lengths only. Pure. A map is a Map, since its keys may be numbers. */

import { NOTHING, big, concat, number } from "./bytes.js";

export class CborError extends Error {}

const DEEPEST = 16;
const LARGEST = Number.MAX_SAFE_INTEGER;

/* Deterministic: shortest heads; maps in the order given. */
export function encode(value) {
  if (value === false) return Uint8Array.of(0xf4);
  if (value === true) return Uint8Array.of(0xf5);
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "number" && Number.isSafeInteger(value)) {
    return value < 0 ? head(1, -1 - value) : head(0, value);
  }
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (typeof value === "string") {
    const text = new TextEncoder().encode(value);
    return concat(head(3, text.length), text);
  }
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encode));
  if (value instanceof Map) {
    return concat(head(5, value.size), ...[...value].flatMap(([key, one]) => [encode(key), encode(one)]));
  }
  throw new CborError("not a value that is sent");
}

function head(major, value) {
  if (value < 24) return Uint8Array.of((major << 5) | value);
  for (const [code, width] of [[24, 1], [25, 2], [26, 4]]) {
    if (value < 256 ** width) return concat(Uint8Array.of((major << 5) | code), big(value, width));
  }
  return concat(Uint8Array.of((major << 5) | 27), big(Math.floor(value / 2 ** 32), 4), big(value % 2 ** 32, 4));
}

/* CborError for anything that is not one whole value of these kinds. */
export function decode(bytes) {
  const reader = { bytes, at: 0 };
  const value = read(reader, 0);
  if (reader.at !== bytes.length) throw new CborError("more behind the end");
  return value;
}

function take(reader, count) {
  if (count > reader.bytes.length - reader.at) throw new CborError("ends too early");
  reader.at += count;
  return count ? reader.bytes.slice(reader.at - count, reader.at) : NOTHING;
}

function argument(reader, info) {
  if (info < 24) return info;
  if (info > 27) throw new CborError("no definite length");
  const raw = take(reader, 1 << (info - 24));
  const value = raw.length < 8 ? number(raw) : number(raw.slice(0, 4)) * 2 ** 32 + number(raw.slice(4));
  if (value > LARGEST) throw new CborError("a number beyond 2^53 - 1");
  return value;
}

function read(reader, depth) {
  if (depth > DEEPEST) throw new CborError("nested too deep");
  const first = take(reader, 1)[0], major = first >> 5, info = first & 31;
  if (major === 7) {
    if (info < 20 || info > 22) throw new CborError("a kind of value that is not read here");
    return [false, true, null][info - 20];
  }
  const value = argument(reader, info);
  if (major === 0) return value;
  if (major === 1) return -1 - value;
  if (major === 2) return take(reader, value);
  if (major === 3) return text(take(reader, value));
  if (value > reader.bytes.length - reader.at) throw new CborError("ends too early");
  if (major === 4) return Array.from({ length: value }, () => read(reader, depth + 1));
  if (major !== 5) throw new CborError("a kind of value that is not read here");
  const found = new Map();
  for (let place = 0; place < value; place += 1) {
    const key = read(reader, depth + 1);
    if (found.has(key)) throw new CborError("a key twice");
    found.set(key, read(reader, depth + 1));
  }
  return found;
}

function text(raw) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw new CborError("text that is no UTF-8");
  }
}
