/* The stack above Gattlink: datagrams, packets and time enter; packets, datagrams and events leave. Pure.
   The same machine as chain/link/stack.py. "G": whole IPv4 frames go in and out; "SNG": UDP payloads. */

import { Gattlink, dropped, step } from "./gattlink.js";
import * as ip from "./ip.js";

export const PORT = 5683;
const QUEUE_DATAGRAMS = 64;
const DATAGRAM_LIMIT_BYTES = 1280 - ip.IP_HEADER_BYTES - ip.UDP_HEADER_BYTES;
const ADDRESSES = { hub: Uint8Array.of(169, 254, 0, 2), node: Uint8Array.of(169, 254, 0, 3) };
const LINK_LAYER_BYTES = 251, AROUND_BYTES = 3 + 4; // headers of ATT and L2CAP around a value

/* For a link over GATT: short headers, because the link layer has its own checks; windows of 16. */
export function overGatt(packetBytes) {
  return { packetBytes, sendWindow: 16, receiveWindow: 16, compress: true };
}

/* Longest packet for values of so many bytes: one that fills whole packets of the link layer. */
export function gattPacketBytes(valueBytes) {
  const longest = Math.min(valueBytes, 512);
  const whole = Math.floor((longest + AROUND_BYTES) / LINK_LAYER_BYTES) * LINK_LAYER_BYTES - AROUND_BYTES;
  return Math.max(20, whole > 0 ? whole : longest);
}

export class Stack {
  constructor(role, kind = "SNG", chosen = {}) {
    this.role = role;
    this.kind = kind;
    this.gattlink = new Gattlink(chosen);
    this.own = ADDRESSES[role];
    this.peer = ADDRESSES[role === "hub" ? "node" : "hub"];
    this.assembler = new ip.FrameAssembler();
    this.waiting = [];
    this.identification = 0;
  }

  get deadlineMs() { return this.gattlink.deadlineMs; }

  get open() { return this.gattlink.state === "open"; }

  start(nowMs) { return this.through(this.gattlink.start(nowMs), nowMs); }

  stop(nowMs) { return this.through(this.gattlink.stop(nowMs), nowMs); }

  reset(nowMs) { return this.through(this.gattlink.reset(nowMs), nowMs); }

  send(datagram, nowMs) {
    const fits = this.kind === "G" ? ip.isFrame(datagram) : datagram.length <= DATAGRAM_LIMIT_BYTES;
    if (!fits) return step("not_a_frame");
    let refusal = this.gattlink.refusal(ip.IP_HEADER_BYTES);
    if (refusal === null || refusal === "full") refusal = this.waiting.length >= QUEUE_DATAGRAMS ? "full" : null;
    if (refusal) return step(refusal);
    this.waiting.push(this.kind === "G" ? this.shorter(datagram) : this.frame(datagram));
    return this.through(step(), nowMs);
  }

  receive(packet, nowMs) { return this.through(this.gattlink.receive(packet, nowMs), nowMs); }

  tick(nowMs) { return this.through(this.gattlink.tick(nowMs), nowMs); }

  through(below, nowMs) {
    const out = step();
    out.packets = below.packets;
    for (const event of below.events) {
      if (event.event === "Received") this.cut(event.data, out, nowMs);
      else if (event.event === "Reset") out.events.push({ ...event, lostBytes: event.lostBytes + this.forget() });
      else out.events.push(event);
    }
    this.push(out, nowMs);
    return out;
  }

  forget() {
    const lostBytes = this.waiting.reduce((sum, one) => sum + one.length, 0);
    this.assembler = new ip.FrameAssembler();
    this.waiting = [];
    return lostBytes;
  }

  push(out, nowMs) {
    while (this.waiting.length && this.gattlink.refusal(this.waiting[0].length) === null) {
      out.packets.push(...this.gattlink.send(this.waiting.shift(), nowMs).packets);
    }
  }

  cut(data, out, nowMs) {
    for (const frame of this.assembler.feed(data)) {
      let trusted;
      if (typeof frame === "string") {
        out.events.push(dropped(frame, 0));
        trusted = this.kind === "G";
      } else {
        trusted = this.deliver(frame, out);
      }
      if (!trusted) {
        // There is no mark to find the next frame by: only a new session helps.
        const below = this.through(this.gattlink.reset(nowMs, "desynchronised"), nowMs);
        out.packets.push(...below.packets);
        out.events.push(...below.events);
        return;
      }
    }
  }

  deliver(frame, out) {
    if (this.kind === "G" && !ip.isCompressed(frame)) {
      out.events.push({ event: "Datagram", data: frame });
      return true;
    }
    const packet = this.unpack(frame);
    if (this.kind === "G") {
      out.events.push(packet ? { event: "Datagram", data: ip.ipBytes(packet) } : dropped("malformed", frame.length));
      return true;
    }
    if (packet === null) return false;
    this.deliverUdp(packet, frame.length, out);
    return true;
  }

  deliverUdp(packet, sizeBytes, out) {
    const ours = packet.destination.every((byte, at) => byte === this.own[at]);
    if (ip.isFragment(packet) || packet.protocol !== ip.UDP_PROTOCOL || !ours) {
      out.events.push(dropped("not_for_us", sizeBytes));
      return;
    }
    const datagram = ip.parseUdp(packet);
    if (datagram === null) out.events.push(dropped("checksum", sizeBytes));
    else if (datagram.destinationPort !== PORT) out.events.push(dropped("not_for_us", sizeBytes));
    else out.events.push({ event: "Datagram", data: datagram.payload });
  }

  unpack(frame) {
    if (!ip.isCompressed(frame)) return ip.parseIp(frame);
    return ip.decompress(frame, { source: this.peer, destination: this.own, port: PORT });
  }

  ends() { return { source: this.own, destination: this.peer, port: PORT }; }

  shorter(frame) {
    const packet = this.gattlink.settings.compress ? ip.parseIp(frame) : null;
    return packet === null || packet.options.length ? frame : ip.compress(packet, this.ends());
  }

  frame(payload) {
    const bare = ip.ipPacket(this.own, this.peer, ip.UDP_PROTOCOL, payload, { identification: this.identification });
    this.identification = (this.identification + 1) & 0xffff;
    const packet = ip.withUdp(bare, PORT, PORT, payload);
    return this.gattlink.settings.compress ? ip.compress(packet, this.ends()) : ip.ipBytes(packet);
  }
}
