/* IPv4, UDP and Golden Gate's short headers: payloads enter, frames leave, and back. Pure.
   The same rules as chain/link/ip.py, compression.py and frames.py. Sources: RFC 791, RFC 768, RFC 1071,
   docs/reference/gattlink.md. */

import { NOTHING, big, concat, number } from "./bytes.js";
import { IP_MTU_BYTES } from "./gattlink.js";

export const UDP_PROTOCOL = 17;
export const IP_HEADER_BYTES = 20;
export const UDP_HEADER_BYTES = 8;
const TTL_HOPS = 255;
const VERSION = 4;
const MORE_FRAGMENTS_AND_OFFSET = 0x3fff;

/* The Internet checksum: zero over data that holds its right checksum. */
export function checksum(data) {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += data[at] * 256 + (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

export function ipPacket(source, destination, protocol, payload, more = {}) {
  return {
    source, destination, protocol, payload,
    identification: 0, ttl: TTL_HOPS, service: 0, flagsOffset: 0, options: NOTHING, ...more,
  };
}

export function ipBytes(packet) {
  const words = (IP_HEADER_BYTES + packet.options.length) / 4;
  const header = concat(
    Uint8Array.of((VERSION << 4) | words, packet.service), big(words * 4 + packet.payload.length, 2),
    big(packet.identification, 2), big(packet.flagsOffset, 2), Uint8Array.of(packet.ttl, packet.protocol, 0, 0),
    packet.source, packet.destination, packet.options,
  );
  header.set(big(checksum(header), 2), 10);
  return concat(header, packet.payload);
}

/* null: the header is not that of an IPv4 packet of this very length. */
export function parseIp(bytes) {
  if (bytes.length < IP_HEADER_BYTES) return null;
  const headerBytes = (bytes[0] & 15) * 4, total = number(bytes.slice(2, 4));
  if (bytes[0] >> 4 !== VERSION || headerBytes < IP_HEADER_BYTES || headerBytes > total || total !== bytes.length) return null;
  if (checksum(bytes.slice(0, headerBytes))) return null;
  return ipPacket(bytes.slice(12, 16), bytes.slice(16, 20), bytes[9], bytes.slice(headerBytes), {
    identification: number(bytes.slice(4, 6)), ttl: bytes[8], service: bytes[1],
    flagsOffset: number(bytes.slice(6, 8)), options: bytes.slice(IP_HEADER_BYTES, headerBytes),
  });
}

export function isFragment(packet) {
  return (packet.flagsOffset & MORE_FRAGMENTS_AND_OFFSET) !== 0;
}

function pseudoHeader(packet, length) {
  return concat(packet.source, packet.destination, Uint8Array.of(0, UDP_PROTOCOL), big(length, 2));
}

export function withUdp(packet, sourcePort, destinationPort, payload) {
  const length = UDP_HEADER_BYTES + payload.length;
  const bytes = concat(big(sourcePort, 2), big(destinationPort, 2), big(length, 2), Uint8Array.of(0, 0), payload);
  // A sum of zero is sent as all ones: zero means that there is none.
  bytes.set(big(checksum(concat(pseudoHeader(packet, length), bytes)) || 0xffff, 2), 6);
  return { ...packet, protocol: UDP_PROTOCOL, payload: bytes };
}

/* null: no UDP, an impossible length, or a wrong checksum. */
export function parseUdp(packet) {
  const data = packet.payload;
  if (packet.protocol !== UDP_PROTOCOL || data.length < UDP_HEADER_BYTES) return null;
  const length = number(data.slice(4, 6)), sent = number(data.slice(6, 8));
  if (length < UDP_HEADER_BYTES || length > data.length) return null;
  if (sent && checksum(concat(pseudoHeader(packet, length), data.slice(0, length)))) return null;
  return { destinationPort: number(data.slice(2, 4)), payload: data.slice(UDP_HEADER_BYTES, length) };
}

// short headers

const COMPRESSED = 0x8000;
const IHL = 1, DSCP = 2, ECN = 4, FLAGS = 8, OFFSET = 0x10, TTL = 0x20, PROTOCOL = 0xc0, SOURCE = 0x100, DESTINATION = 0x200;
const SOURCE_PORT = 0xc00, DESTINATION_PORT = 0x3000, UDP_LENGTH = 0x4000;
const PROTOCOLS = new Map([[0, 6], [0x40, UDP_PROTOCOL], [0x80, 1]]);
const HEAD_BYTES = 6, PLAIN_IHL = 5;

export function isCompressed(frame) {
  return (frame[0] & 0x80) !== 0;
}

/* ends: { source, destination, port } that need not be sent, as the one who compresses sees them. */
export function compress(packet, ends) {
  const bits = [];
  const put = (value, width) => { for (let at = width - 1; at >= 0; at -= 1) bits.push(Math.floor(value / 2 ** at) % 2); };
  let flags = COMPRESSED;
  const unlessDefault = (flag, value, usual, width) => {
    if (value === usual) return;
    put(value, width);
    flags |= flag;
  };
  unlessDefault(DSCP, packet.service >> 2, 0, 6);
  unlessDefault(ECN, packet.service & 3, 0, 2);
  unlessDefault(FLAGS, packet.flagsOffset >> 13, 0, 3);
  unlessDefault(OFFSET, packet.flagsOffset & 0x1fff, 0, 13);
  unlessDefault(TTL, packet.ttl, 0, 8);
  const known = [...PROTOCOLS].find(([, protocol]) => protocol === packet.protocol);
  flags |= known ? known[0] : PROTOCOL;
  if (!known) put(packet.protocol, 8);
  unlessDefault(SOURCE, number(packet.source), number(ends.source), 32);
  unlessDefault(DESTINATION, number(packet.destination), number(ends.destination), 32);
  let payload = packet.payload;
  if (packet.protocol === UDP_PROTOCOL && payload.length >= UDP_HEADER_BYTES) {
    unlessDefault(SOURCE_PORT, number(payload.slice(0, 2)), ends.port, 16);
    unlessDefault(DESTINATION_PORT, number(payload.slice(2, 4)), ends.port, 16);
    unlessDefault(UDP_LENGTH, number(payload.slice(4, 6)), payload.length, 16);
    payload = payload.slice(UDP_HEADER_BYTES);
  }
  while (bits.length % 8) bits.push(0);
  const packed = new Uint8Array(bits.length / 8);
  bits.forEach((bit, at) => { packed[at >> 3] |= bit << (7 - (at & 7)); });
  const tail = concat(packed, payload);
  return concat(big(flags, 2), big(HEAD_BYTES + tail.length, 2), big(packet.identification, 2), tail);
}

/* null: the fields do not fit. The UDP checksum becomes 0. */
export function decompress(frame, ends) {
  if (frame.length < HEAD_BYTES) return null;
  const flags = number(frame.slice(0, 2));
  const body = frame.slice(HEAD_BYTES);
  let at = 0;
  const take = (width) => {
    const from = at;
    at += width;
    if (at > body.length * 8) return 0;
    let value = 0;
    for (let bit = from; bit < at; bit += 1) value = value * 2 + ((body[bit >> 3] >> (7 - (bit & 7))) & 1);
    return value;
  };
  const words = flags & IHL ? take(4) : PLAIN_IHL;
  const service = (flags & DSCP ? take(6) << 2 : 0) | (flags & ECN ? take(2) : 0);
  const flagsOffset = (flags & FLAGS ? take(3) << 13 : 0) | (flags & OFFSET ? take(13) : 0);
  const ttl = flags & TTL ? take(8) : 0;
  const code = flags & PROTOCOL;
  const protocol = code === PROTOCOL ? take(8) : PROTOCOLS.get(code);
  const source = flags & SOURCE ? big(take(32), 4) : ends.source;
  const destination = flags & DESTINATION ? big(take(32), 4) : ends.destination;
  const options = Uint8Array.from({ length: Math.max(0, (words - PLAIN_IHL) * 4) }, () => take(8));
  let ports = null, length = -1;
  if (protocol === UDP_PROTOCOL) {
    ports = [SOURCE_PORT, DESTINATION_PORT].map((field) => {
      const chosen = flags & field;
      return chosen === field ? take(16) : chosen ? 0 : ends.port;
    });
    length = flags & UDP_LENGTH ? take(16) : -1;
  }
  const from = Math.ceil(at / 8);
  if (from > body.length || words < PLAIN_IHL) return null;
  let payload = body.slice(from);
  if (ports) {
    if (length < 0) length = UDP_HEADER_BYTES + payload.length;
    payload = concat(big(ports[0], 2), big(ports[1], 2), big(length, 2), Uint8Array.of(0, 0), payload);
  }
  return ipPacket(source, destination, protocol, payload, {
    identification: number(frame.slice(4, 6)), ttl, service, flagsOffset, options,
  });
}

// the stream

const LENGTH_END = 4;

export function isFrame(data) {
  return data.length >= LENGTH_END && data.length <= IP_MTU_BYTES && number(data.slice(2, 4)) === data.length;
}

/* Cuts one session's stream into frames by the length in their bytes 2 and 3. */
export class FrameAssembler {
  constructor() {
    this.begun = NOTHING;
    this.skipBytes = 0;
  }

  /* Whole frames in order, and a reason (text) wherever something had to be thrown away. */
  feed(data) {
    this.begun = concat(this.begun, data);
    const out = [];
    for (;;) {
      const skipped = Math.min(this.skipBytes, this.begun.length);
      this.begun = this.begun.slice(skipped);
      this.skipBytes -= skipped;
      if (this.skipBytes || this.begun.length < LENGTH_END) return out;
      const length = number(this.begun.slice(2, 4));
      if (length < LENGTH_END) {
        this.skipBytes = LENGTH_END;
        out.push("frame_too_short");
      } else if (length > IP_MTU_BYTES) {
        this.skipBytes = length;
        out.push("frame_too_long");
      } else if (this.begun.length < length) {
        return out;
      } else {
        out.push(this.begun.slice(0, length));
        this.begun = this.begun.slice(length);
      }
    }
  }
}

