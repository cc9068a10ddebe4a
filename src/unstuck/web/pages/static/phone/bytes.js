/* Bytes put together and compared. Pure. */

export const NOTHING = new Uint8Array(0);

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/* A whole number as so many bytes, big-endian; up to 6 bytes. */
export function big(value, width) {
  const out = new Uint8Array(width);
  for (let at = width - 1; at >= 0; at -= 1) {
    out[at] = value % 256;
    value = Math.floor(value / 256);
  }
  return out;
}

/* The number in big-endian bytes; exact up to 6 bytes. */
export function number(bytes) {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}
