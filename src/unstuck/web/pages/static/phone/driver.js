/* Gives the pure machines a clock and a transport: the one place where the link meets timers.
   transport: { packetBytes, send(packet), onpacket, onclose }. */

import { Endpoint } from "./coap.js";
import { earliest } from "./gattlink.js";
import { Stack, overGatt } from "./stack.js";
import { TrackerError } from "./tracker.js";

const ANSWER_WAIT_MS = 60000; // after which a request counts as unanswered on a link that stays up

export class Driver {
  constructor(transport, nowMs = () => performance.now()) {
    this.transport = transport;
    this.nowMs = nowMs;
    this.stack = new Stack("hub", "SNG", overGatt(transport.packetBytes));
    this.endpoint = new Endpoint();
    this.asks = [];
    this.timer = null;
    this.closed = false;
    this.bytes = 0; // of packets that came
    this.retransmitted = 0; // packets sent again
    transport.onpacket = (packet) => this.received(packet);
    transport.onclose = () => this.close();
  }

  start() { this.took(this.stack.start(this.nowMs())); }

  /* How much of the answer under way is here, 0 to 1. */
  get share() { return this.endpoint.share; }

  /* { response } or { failure }. TrackerError: the link is gone. */
  async request(wanted) {
    if (this.closed) throw lost();
    const outcome = await new Promise((done) => {
      const one = { wanted, done, handle: null, timer: null };
      one.timer = setTimeout(() => this.settle(one, { failure: "no_answer" }), ANSWER_WAIT_MS);
      this.asks.push(one);
      if (this.stack.open) this.ask(one);
    });
    if (outcome.failure === "link_gone") throw lost();
    return outcome;
  }

  /* The transport is gone: whoever waits hears just that, and whoever asks later. */
  close() {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    this.stack.stop(this.nowMs());
    for (const one of [...this.asks]) this.settle(one, { failure: "link_gone" });
  }

  received(packet) {
    if (this.closed) return;
    this.bytes += packet.length;
    this.took(this.stack.receive(packet, this.nowMs()));
  }

  ask(one) {
    const [handle, step] = this.endpoint.request(one.wanted, this.nowMs());
    one.handle = handle;
    this.coap(step);
    this.plan();
  }

  settle(one, outcome) {
    clearTimeout(one.timer);
    this.asks = this.asks.filter((other) => other !== one);
    if (outcome.failure && one.handle !== null && !this.closed) this.coap(this.endpoint.cancel(one.handle, this.nowMs()));
    one.done(outcome);
  }

  took(step) {
    for (const packet of step.packets) this.transport.send(packet);
    for (const event of step.events) {
      if (event.event === "Datagram") this.coap(this.endpoint.receive(event.data, this.nowMs()));
      else if (event.event === "Retransmitted") this.retransmitted += event.packets;
    }
    if (this.stack.open) this.asks.filter((one) => one.handle === null).forEach((one) => this.ask(one));
    this.plan();
  }

  coap(step) {
    for (const datagram of step.datagrams) {
      // What the link does not take is lost; CoAP sends it again.
      for (const packet of this.stack.send(datagram, this.nowMs()).packets) this.transport.send(packet);
    }
    for (const outcome of step.outcomes) {
      const one = this.asks.find((ask) => ask.handle === outcome.handle);
      if (one) this.settle(one, outcome);
    }
  }

  plan() {
    clearTimeout(this.timer);
    if (this.closed) return;
    const dueMs = earliest(this.stack.deadlineMs, this.endpoint.deadlineMs);
    if (dueMs !== null) this.timer = setTimeout(() => this.tick(), Math.max(0, dueMs - this.nowMs()));
  }

  tick() {
    if (this.closed) return;
    this.coap(this.endpoint.tick(this.nowMs()));
    this.took(this.stack.tick(this.nowMs()));
  }
}

function lost() { return new TrackerError("bluetooth.link_lost"); }
