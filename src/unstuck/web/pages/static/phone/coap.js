/* CoAP, the asking end: requests and time (ms) enter, datagrams and outcomes leave. Pure; chance is handed in.
   One request at a time; of a long answer up to eight blocks are asked for at once, since the link below is in order and
   has windows of its own. The same machine as chain/link/coap/client.py and endpoint.py without seals (over GATT the
   link layer checks). Sources: RFC 7252, RFC 7959. */

import { NOTHING, concat, equal, number } from "./bytes.js";
import * as m from "./message.js";

const ACK_TIMEOUT_MS = 5000; // longer than Gattlink's retransmission, else every lost packet makes two requests
const RETRANSMISSIONS = 4;
const SEPARATE_WAIT_MS = 93000;
const BLOCKS_AHEAD = 8;
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/* What chance has to give: a first message number, tokens of two bytes, and waits as a factor of 1 to 1.5. */
export function dice() {
  const draw = (bytes) => crypto.getRandomValues(new Uint8Array(bytes));
  return { first: () => number(draw(2)), token: () => draw(2), factor: () => 1 + number(draw(4)) / 2 ** 33 };
}

export function request(code, path, payload = NOTHING, query = []) {
  return { code, path, payload, query };
}

function optionsOf(wanted) {
  const text = new TextEncoder();
  return [
    ...wanted.path.map((part) => [m.OPTION.URI_PATH, text.encode(part)]),
    ...wanted.query.map((part) => [m.OPTION.URI_QUERY, text.encode(part)]),
  ];
}

/* Outcomes: { handle, response: { code, payload } } or { handle, failure }. */
class Client {
  constructor(chance) {
    this.chance = chance;
    this.id = chance.first();
    this.handles = 0;
    this.queue = [];
  }

  get deadlineMs() {
    const asks = this.queue.length ? this.queue[0].asks : [];
    return asks.length ? Math.min(...asks.map((ask) => ask.againAtMs)) : null;
  }

  nextId() {
    this.id = (this.id + 1) & 0xffff;
    return this.id;
  }

  request(wanted, nowMs) {
    this.handles += 1;
    this.queue.push({
      handle: this.handles, request: wanted, exponent: m.LARGEST_EXPONENT, sentBytes: 0,
      body: [], bodyBytes: 0, etag: null, early: new Map(), blocks: null, asked: 1, asks: [],
    });
    return [this.handles, this.queue.length > 1 ? [] : this.begin(nowMs)];
  }

  cancel(handle, nowMs) {
    const current = this.queue.length > 0 && this.queue[0].handle === handle;
    this.queue = this.queue.filter((one) => one.handle !== handle);
    return current ? this.begin(nowMs) : [];
  }

  tick(nowMs) {
    if (!this.queue.length) return [[], []];
    const now = this.queue[0];
    const due = now.asks.filter((ask) => nowMs >= ask.againAtMs);
    if (due.some((ask) => ask.acknowledged || ask.copies > RETRANSMISSIONS)) {
      return this.end({ handle: now.handle, failure: "no_answer" }, nowMs);
    }
    for (const ask of due) {
      ask.copies += 1;
      ask.waitMs *= 2;
      ask.againAtMs = nowMs + ask.waitMs;
    }
    return [due.map((ask) => ask.message), []];
  }

  /* null: it belongs to nothing asked. */
  receive(found, nowMs) {
    const now = this.queue[0];
    if (!now) return null;
    let ours = now.asks.find((ask) => ask.message.id === found.id);
    if (found.kind !== m.ACK && found.kind !== m.RST) ours = undefined;
    if (found.kind === m.RST) return ours ? this.end({ handle: now.handle, failure: "rejected" }, nowMs) : null;
    if (found.code === m.CODE.EMPTY) {
      if (ours && !ours.acknowledged) {
        ours.acknowledged = true;
        ours.againAtMs = nowMs + SEPARATE_WAIT_MS;
      }
      return ours ? [[], []] : null;
    }
    const ask = now.asks.find((one) => equal(one.message.token, found.token));
    if (!m.isResponse(found) || !ask || (found.kind === m.ACK && ours !== ask)) return null;
    return this.response(now, ask, found, nowMs);
  }

  response(now, ask, found, nowMs) {
    now.asks.splice(now.asks.indexOf(ask), 1);
    const failed = { handle: now.handle, failure: "blocks" };
    const block1 = m.blockOf(found, m.OPTION.BLOCK1), block2 = m.blockOf(found, m.OPTION.BLOCK2);
    if (block1 === undefined || block2 === undefined) return this.end(failed, nowMs);
    if (found.code === m.CODE.CONTINUE) {
      const asked = m.blockOf(ask.message, m.OPTION.BLOCK1);
      if (!asked || !asked.more) return this.end(failed, nowMs);
      if (block1) now.exponent = Math.min(now.exponent, block1.exponent);
      now.sentBytes = (asked.number + 1) * m.blockSize(asked);
      return [this.send(now, nowMs), []];
    }
    if (block2 === null) {
      // A whole body amid blocks is not what was asked for.
      const amid = ask.block !== null && found.code >> 5 === 2;
      const response = { code: found.code, payload: found.payload };
      return this.end(amid ? failed : { handle: now.handle, response }, nowMs);
    }
    return this.block(now, ask, found, block2, nowMs);
  }

  block(now, ask, found, block, nowMs) {
    const failed = { handle: now.handle, failure: "blocks" };
    const etag = m.option(found, m.OPTION.ETAG), first = ask.block === null, size = m.blockSize(block);
    const torn = block.number !== (ask.block ?? 0) || (block.more && found.payload.length !== size);
    const other = !first && (!same(etag, now.etag) || block.exponent !== now.exponent);
    const past = now.blocks !== null && block.more !== block.number < now.blocks - 1;
    if (torn || other || past) return this.end(failed, nowMs);
    if (first) {
      now.etag = etag;
      now.exponent = block.exponent;
      const whole = m.option(found, m.OPTION.SIZE2);
      if (whole !== null && block.more) now.blocks = Math.max(2, Math.ceil(number(whole) / size));
    }
    if (!block.more) now.blocks = block.number + 1;
    now.early.set(block.number, found.payload);
    for (;;) {
      const next = Math.floor(now.bodyBytes / size), following = now.early.get(next);
      if (following === undefined) break;
      now.early.delete(next);
      now.body.push(following);
      now.bodyBytes += following.length;
      if (following.length < size) break;
    }
    if (Math.max(now.bodyBytes, (now.blocks ?? 0) * size - size) > BODY_LIMIT_BYTES) {
      return this.end({ handle: now.handle, failure: "too_large" }, nowMs);
    }
    if (block.more || now.asks.length || now.early.size) return [this.askOn(now, nowMs), []];
    return this.end({ handle: now.handle, response: { code: found.code, payload: concat(...now.body) } }, nowMs);
  }

  askOn(now, nowMs) {
    const messages = [], ahead = now.blocks === null ? 1 : BLOCKS_AHEAD;
    while (now.asks.length < ahead && (now.blocks === null || now.asked < now.blocks)) {
      const block = { number: now.asked, more: false, exponent: now.exponent };
      const options = [...optionsOf(now.request), [m.OPTION.BLOCK2, m.blockBytes(block)]];
      messages.push(this.put(now, now.asked, options, NOTHING, nowMs));
      now.asked += 1;
    }
    return messages;
  }

  end(outcome, nowMs) {
    this.queue.shift();
    return [this.begin(nowMs), [outcome]];
  }

  begin(nowMs) { return this.queue.length ? this.send(this.queue[0], nowMs) : []; }

  /* The request, or the next block of its body when it does not fit into one message. */
  send(now, nowMs) {
    const options = optionsOf(now.request), size = 16 << now.exponent, whole = now.request.payload;
    const payload = whole.slice(now.sentBytes, now.sentBytes + size);
    if (whole.length > size) {
      const block = { number: now.sentBytes / size, more: now.sentBytes + size < whole.length, exponent: now.exponent };
      options.push([m.OPTION.BLOCK1, m.blockBytes(block)]);
    }
    return [this.put(now, null, options, payload, nowMs)];
  }

  put(now, block, options, payload, nowMs) {
    let token = this.chance.token();
    while (now.asks.some((ask) => equal(ask.message.token, token))) token = this.chance.token();
    const sorted = [...options].sort((one, other) => one[0] - other[0]);
    const message = m.message(m.CON, now.request.code, this.nextId(), token, sorted, payload);
    const waitMs = ACK_TIMEOUT_MS * this.chance.factor();
    now.asks.push({ message, block, waitMs, againAtMs: nowMs + waitMs, copies: 1, acknowledged: false });
    return message;
  }
}

function same(one, other) {
  return one === null || other === null ? one === other : equal(one, other);
}

/* Every call gives { datagrams, outcomes }. */
export class Endpoint {
  constructor(chance = dice()) { this.client = new Client(chance); }

  get deadlineMs() { return this.client.deadlineMs; }

  /* How much of the answer under way is here, 0 to 1. */
  get share() {
    const now = this.client.queue[0];
    return now?.blocks ? Math.min(1, now.bodyBytes / (now.blocks * (16 << now.exponent))) : 0;
  }

  request(wanted, nowMs) {
    const [handle, messages] = this.client.request(wanted, nowMs);
    return [handle, step(messages, [])];
  }

  cancel(handle, nowMs) { return step(this.client.cancel(handle, nowMs), []); }

  tick(nowMs) { return step(...this.client.tick(nowMs)); }

  receive(datagram, nowMs) {
    const found = m.parse(datagram);
    if (found === null) return step([], []);
    if (m.isRequest(found) && (found.kind === m.CON || found.kind === m.NON)) return this.nothingHere(found);
    const taken = this.client.receive(found, nowMs);
    const out = taken ? step(...taken) : step([], []);
    if (found.kind === m.CON) {
      out.datagrams.unshift(m.toBytes(m.message(taken ? m.ACK : m.RST, m.CODE.EMPTY, found.id)));
    }
    return out;
  }

  /* A tracker asks this page for nothing. */
  nothingHere(found) {
    const answered = found.kind === m.CON;
    const reply = m.message(m.ACK, m.CODE.NOT_FOUND, found.id, found.token);
    return { datagrams: answered ? [m.toBytes(reply)] : [], outcomes: [] };
  }
}

function step(messages, outcomes) {
  return { datagrams: messages.map(m.toBytes), outcomes };
}
