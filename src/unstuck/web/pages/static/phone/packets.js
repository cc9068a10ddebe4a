/* Gattlink packets: bytes enter, one of five shapes leaves, and back. Pure. Source: docs/reference/gattlink.md;
   the same rules as chain/link/packets.py. */

import { NOTHING, concat } from "./bytes.js";

const CONTROL = 0x80, ACK = 0x40, NUMBER = 0x1f;
const REQUEST_CODE = 0x80, COMPLETE_CODE = 0x81, COMPLETE_BYTES = 5;

export const RESET_REQUEST = Uint8Array.of(REQUEST_CODE);

/* kind: "request", "complete" (receiveWindow, sendWindow), "transfer" (ack, number: 0..31 or null, payload),
   "unknown" or "malformed". Never throws. */
export function parse(packet) {
  if (!packet.length) return { kind: "malformed" };
  const first = packet[0];
  if (first & CONTROL) return parseControl(packet);
  if (!(first & ACK)) return { kind: "transfer", ack: null, number: first & NUMBER, payload: packet.slice(1) };
  const ack = first & NUMBER;
  if (packet.length === 1) return { kind: "transfer", ack, number: null, payload: NOTHING };
  if (packet[1] & (CONTROL | ACK)) return { kind: "malformed" };
  return { kind: "transfer", ack, number: packet[1] & NUMBER, payload: packet.slice(2) };
}

function parseControl(packet) {
  if (packet[0] === REQUEST_CODE) return { kind: "request" };
  if (packet[0] !== COMPLETE_CODE) return { kind: "unknown" };
  if (packet.length < COMPLETE_BYTES) return { kind: "malformed" };
  return { kind: "complete", receiveWindow: packet[3], sendWindow: packet[4] };
}

export function resetComplete(receiveWindow, sendWindow) {
  return Uint8Array.of(COMPLETE_CODE, 0, 0, receiveWindow, sendWindow);
}

export function ackOnly(number) {
  return Uint8Array.of(ACK | number);
}

export function data(number, payload, ack = null) {
  return concat(ack === null ? NOTHING : ackOnly(ack), Uint8Array.of(number), payload);
}
