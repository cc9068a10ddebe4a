/* Gattlink: packets and time (milliseconds of any steady clock) enter, packets and events leave. One end of the link.

   No timer and no radio in here: every call gives a step { packets, events, refused }; the caller sends the packets in
   order and calls tick() at deadlineMs. The same machine as chain/link/gattlink.py, and checked against it call by call
   (tests/web/pages/phone). Source: docs/reference/gattlink.md. */

import { NOTHING, concat } from "./bytes.js";
import * as packets from "./packets.js";

export const SEQUENCE_NUMBERS = 32;
export const PACKET_LIMIT_BYTES = 512;
export const PACKET_LEAST_BYTES = 5;
export const PACKET_DEFAULT_BYTES = 20; // the first ATT MTU (23) less ATT's own 3
export const IP_MTU_BYTES = 1280;
const REQUEST_REPEAT_MS = 1000;
const COMPLETE_WAIT_MS = 2000;
const ACK_DELAY_MS = 200;
const STALL_NOTICE_MS = 12000;

const DEFAULTS = {
  packetBytes: PACKET_DEFAULT_BYTES,
  sendWindow: 8,
  receiveWindow: 8,
  retransmitMs: 4000,
  noProgressMs: 60000, // null: a disagreement on the numbers lasts for ever
  ride: true, // an acknowledgement that waits goes on the next data packet
  compress: false, // short headers, for transports that find damage themselves
};

export function settings(chosen = {}) {
  return { ...DEFAULTS, ...chosen };
}

/* Room for bytes not yet acknowledged: two frames, or a full window and one frame more. */
function bufferBytes(of) {
  return Math.max(2 * IP_MTU_BYTES, of.sendWindow * (of.packetBytes - 1) + IP_MTU_BYTES);
}

export function step(refused = null) {
  return { packets: [], events: [], refused };
}

/* A number as those of packets: 0..31, for negative ones too. */
function modulo(value) {
  return ((value % SEQUENCE_NUMBERS) + SEQUENCE_NUMBERS) % SEQUENCE_NUMBERS;
}

/* One direction of one session: bytes enter, numbered packets leave and are kept until acknowledged (go-back-N). */
class Sender {
  constructor(window, roomBytes) {
    this.window = window;
    this.roomBytes = roomBytes;
    this.unsent = NOTHING;
    this.inFlight = [];
    this.inFlightBytes = 0;
    this.first = 0;
  }

  get heldBytes() { return this.unsent.length + this.inFlightBytes; }

  takes(sizeBytes) { return !this.heldBytes || this.heldBytes + sizeBytes <= this.roomBytes; }

  put(bytes) { this.unsent = concat(this.unsent, bytes); }

  acknowledge(number) {
    const distance = modulo(number - this.first);
    if (distance >= this.inFlight.length) return false;
    for (const payload of this.inFlight.splice(0, distance + 1)) this.inFlightBytes -= payload.length;
    this.first = (number + 1) % SEQUENCE_NUMBERS;
    return true;
  }

  fresh(packetBytes, ack) {
    const out = [];
    while (this.unsent.length && this.inFlight.length < this.window) {
      const payload = this.unsent.slice(0, packetBytes - (ack === null ? 1 : 2));
      this.unsent = this.unsent.slice(payload.length);
      out.push(packets.data(this.numberOf(this.inFlight.length), payload, ack));
      this.inFlight.push(payload);
      this.inFlightBytes += payload.length;
      ack = null;
    }
    return out;
  }

  again() { return this.inFlight.map((payload, place) => packets.data(this.numberOf(place), payload)); }

  numberOf(place) { return (this.first + place) % SEQUENCE_NUMBERS; }
}

/* The other direction: it delivers in order, has no reordering buffer, and plans acknowledgements. */
class Receiver {
  constructor(window) {
    this.window = window;
    this.expected = 0;
    this.anything = false;
    this.unacknowledged = 0;
    this.ackAtMs = null;
    this.gapSinceMs = null;
  }

  get last() { return modulo(this.expected - 1); }

  get dueByCount() { return this.unacknowledged > Math.floor(this.window / 2); }

  take(number, nowMs) {
    const back = modulo(this.expected - number);
    if (back === 0) {
      this.expected = (this.expected + 1) % SEQUENCE_NUMBERS;
      this.anything = true;
      this.planAck(nowMs);
      return "in_order";
    }
    // Before the first packet in order there is nothing to acknowledge.
    if (this.anything && back <= Math.max(this.window - 1, 1)) {
      this.planAck(nowMs);
      return "old";
    }
    if (this.gapSinceMs === null) this.gapSinceMs = nowMs;
    return "gap";
  }

  planAck(nowMs) {
    this.unacknowledged += 1;
    this.ackAtMs = nowMs + ACK_DELAY_MS;
    this.gapSinceMs = null;
  }

  acknowledged() {
    this.unacknowledged = 0;
    this.ackAtMs = null;
  }
}

export class Gattlink {
  constructor(chosen = {}) {
    this.settings = settings(chosen);
    this.state = "idle"; // "idle", "asking", "answering", "open"
    this.packetBytes = this.settings.packetBytes;
    this.nowMs = 0;
    this.handshakeAtMs = null;
    this.requests = 0;
    this.newSession(0, 0);
  }

  newSession(sendWindow, receiveWindow) {
    this.sender = new Sender(sendWindow, bufferBytes(this.settings));
    this.receiver = new Receiver(receiveWindow);
    this.retransmitAtMs = null;
    this.progressAtMs = 0;
    this.attempts = 0;
    this.stalled = false;
    this.silentSinceMs = this.nowMs;
    this.stallAtMs = null;
  }

  get deadlineMs() {
    return earliest(this.handshakeAtMs, this.retransmitAtMs, this.receiver.ackAtMs, this.stallAtMs);
  }

  get heldBytes() { return this.sender.heldBytes; }

  refusal(sizeBytes) {
    if (this.state !== "open") return "not_open";
    if (!sizeBytes) return "empty";
    if (!this.sender.window) return "no_window";
    return this.sender.takes(sizeBytes) ? null : "full";
  }

  start(nowMs) {
    const out = this.at(nowMs);
    if (this.state === "idle") this.ask(out);
    return out;
  }

  stop(nowMs) {
    const out = this.at(nowMs);
    this.endSession(out, "stopped");
    this.state = "idle";
    this.handshakeAtMs = null;
    this.requests = 0;
    return out;
  }

  reset(nowMs, cause = "local") {
    const out = this.at(nowMs);
    this.endSession(out, cause);
    this.ask(out);
    return out;
  }

  send(bytes, nowMs) {
    const out = this.at(nowMs);
    out.refused = this.refusal(bytes.length);
    if (out.refused === null) {
      this.sender.put(bytes);
      this.flush(out);
    }
    return out;
  }

  receive(packet, nowMs) {
    const out = this.at(nowMs);
    if (this.state === "idle") {
      out.events.push(dropped("not_started", packet.length));
      return out;
    }
    this.heard(out);
    const found = packets.parse(packet);
    if (found.kind === "request") this.agree(out);
    else if (found.kind === "complete") this.complete(found, out);
    else if (found.kind === "transfer") this.transfer(found, packet.length, out);
    else if (found.kind === "unknown") out.events.push(dropped("unknown_control", packet.length));
    else out.events.push(dropped("malformed", packet.length));
    return out;
  }

  tick(nowMs) {
    const out = this.at(nowMs);
    if (this.isDue(this.handshakeAtMs)) this.ask(out);
    const ackDue = this.isDue(this.receiver.ackAtMs);
    this.noticeStall(out);
    if (this.isDue(this.retransmitAtMs)) this.retransmit(out);
    if (ackDue && this.state === "open") this.flush(out, true);
    return out;
  }

  isDue(atMs) { return atMs !== null && this.nowMs >= atMs; }

  at(nowMs) {
    // A clock that steps back would stretch every timer.
    this.nowMs = Math.max(this.nowMs, nowMs);
    return step();
  }

  // sessions

  ask(out) {
    if (this.requests) out.events.push({ event: "Unanswered", requests: this.requests });
    this.requests += 1;
    this.state = "asking";
    this.handshakeAtMs = this.nowMs + REQUEST_REPEAT_MS;
    out.packets.push(packets.RESET_REQUEST);
  }

  agree(out) {
    this.endSession(out, "peer");
    this.state = "answering";
    this.handshakeAtMs = this.nowMs + COMPLETE_WAIT_MS;
    out.packets.push(this.announcement());
  }

  announcement() { return packets.resetComplete(this.settings.receiveWindow, this.settings.sendWindow); }

  complete(found, out) {
    if (this.state === "open") {
      out.events.push(dropped("surplus_complete", PACKET_LEAST_BYTES));
      return;
    }
    if (this.state === "asking") out.packets.push(this.announcement());
    const sendWindow = Math.min(this.settings.sendWindow, found.receiveWindow);
    const receiveWindow = Math.min(this.settings.receiveWindow, found.sendWindow);
    this.newSession(sendWindow, receiveWindow);
    this.state = "open";
    this.handshakeAtMs = null;
    this.requests = 0;
    out.events.push({ event: "Opened", sendWindow, receiveWindow });
  }

  endSession(out, cause) {
    if (this.state === "open") out.events.push({ event: "Reset", cause, lostBytes: this.sender.heldBytes });
    this.newSession(0, 0);
  }

  // data

  transfer(found, sizeBytes, out) {
    if (this.state !== "open") {
      out.events.push(dropped("handshake", sizeBytes));
      return;
    }
    if (sizeBytes > PACKET_LIMIT_BYTES) {
      out.events.push(dropped("too_long", sizeBytes));
      return;
    }
    if (found.ack !== null) this.acknowledged(found.ack, out);
    if (found.number !== null) this.arrived(found.number, found.payload, out);
    if (this.state === "open") this.flush(out);
  }

  acknowledged(number, out) {
    if (!this.sender.acknowledge(number)) {
      out.events.push(dropped("not_in_flight", 1));
      return;
    }
    this.attempts = 0;
    this.progressAtMs = this.nowMs;
    this.retransmitAtMs = this.stallAtMs = null;
    if (this.sender.inFlight.length) this.arm();
  }

  arrived(number, payload, out) {
    const how = this.receiver.take(number, this.nowMs);
    if (how === "in_order") {
      out.events.push(payload.length ? { event: "Received", data: payload } : dropped("empty", 0));
    } else if (how === "old") {
      out.events.push(dropped("duplicate", payload.length));
    } else {
      out.events.push(dropped("gap", payload.length));
      this.resetIfStuck(this.receiver.gapSinceMs, out);
    }
  }

  flush(out, ackDue = false) {
    const due = ackDue || this.receiver.dueByCount;
    const waits = this.settings.ride && this.receiver.ackAtMs !== null;
    const fresh = this.sender.fresh(this.packetBytes, due || waits ? this.receiver.last : null);
    if (due && !fresh.length) out.packets.push(packets.ackOnly(this.receiver.last));
    if (due || (waits && fresh.length)) this.receiver.acknowledged();
    if (fresh.length) {
      out.packets.push(...fresh);
      if (this.retransmitAtMs === null) {
        this.progressAtMs = this.nowMs;
        this.arm();
      }
    }
  }

  // waiting

  arm() {
    this.retransmitAtMs = this.nowMs + this.settings.retransmitMs;
    if (this.stallAtMs === null) this.listen(true);
  }

  retransmit(out) {
    if (this.resetIfStuck(this.progressAtMs, out)) return;
    const again = this.sender.again();
    this.attempts += 1;
    out.events.push({ event: "Retransmitted", packets: again.length, attempt: this.attempts });
    out.packets.push(...again);
    this.arm();
  }

  resetIfStuck(sinceMs, out) {
    const limitMs = this.settings.noProgressMs;
    if (limitMs === null || sinceMs === null || this.nowMs - sinceMs < limitMs) return false;
    this.endSession(out, "no_progress");
    this.ask(out);
    return true;
  }

  noticeStall(out) {
    if (!this.isDue(this.stallAtMs)) return;
    this.stallAtMs = this.nowMs + STALL_NOTICE_MS;
    this.stalled = true;
    out.events.push({ event: "Stalled", silentMs: this.nowMs - this.silentSinceMs });
  }

  heard(out) {
    if (this.stalled) out.events.push({ event: "StallEnded" });
    this.listen(this.sender.inFlight.length > 0);
  }

  listen(waiting) {
    this.stalled = false;
    this.silentSinceMs = this.nowMs;
    this.stallAtMs = waiting ? this.nowMs + STALL_NOTICE_MS : null;
  }
}

export function dropped(reason, sizeBytes) {
  return { event: "Dropped", reason, sizeBytes };
}

export function earliest(...waits) {
  const set = waits.filter((at) => at !== null);
  return set.length ? Math.min(...set) : null;
}
