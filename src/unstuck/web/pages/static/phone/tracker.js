/* The tracker's resources, as this page uses them. Requests enter, what the tracker told leaves; TrackerError otherwise.
   Source: docs/reference/tracker-resources.md; the same checks as chain/phone/tracker.py. */

import { CborError, decode, encode } from "./cbor.js";
import { request } from "./coap.js";
import { CODE, dotted } from "./message.js";
import * as r from "./ranges.js";

const TAG_MOST = 2 ** 32 - 1, BOOT_MOST = 2 ** 32 - 1, PERCENT_MOST = 100, TEXT_MOST = 200;

/* outcome: a code of docs/reference/agent.md. */
export class TrackerError extends Error {
  constructor(outcome, detail = "") {
    super(detail);
    this.outcome = outcome;
    this.detail = detail;
  }
}

/* Words of others, fit to be shown: a space for each control character. */
export function printable(text, most) {
  return [...String(text)].slice(0, most).map((one) => (/\p{C}|\p{Zl}|\p{Zp}/u.test(one) ? " " : one)).join("");
}

function unreadable(detail) { return new TrackerError("tracker.unreadable", detail); }

/* link.request(request) gives { response } or { failure }. */
export class TrackerApi {
  constructor(link) { this.link = link; }

  async status() {
    return readStatus(await this.expect(request(CODE.GET, ["status"]), CODE.CONTENT));
  }

  /* { nowS, battery, end, raw } (raw null: no record yet), or "changed" or "not_held", and then nothing was freed.
     Its trim cannot be taken back: only after the gate. */
  async sync(tag, act) {
    const numbers = [tag, act.boot, act.first, act.count];
    if (act.trim) numbers.push(act.trim.boot, act.trim.through);
    const response = await this.ask(request(CODE.POST, ["sync"], encode(numbers)));
    if (response.code === CODE.PRECONDITION_FAILED) return "changed";
    if (response.code === CODE.NOT_FOUND) return "not_held";
    return readTold(checked(response, CODE.CONTENT));
  }

  async setTime(nowS) {
    await this.expect(request(CODE.PUT, ["time"], encode(new Map([["now", nowS]]))), CODE.CHANGED);
  }

  /* { id, code }; null: this tracker tells it to nobody. */
  async claim() {
    const response = await this.ask(request(CODE.GET, ["claim"]));
    if (response.code !== CODE.CONTENT) return null;
    const fields = fieldsOf(response.payload, "claim");
    return { id: textOf(fields, "id"), code: textOf(fields, "code") };
  }

  async expect(wanted, code) { return checked(await this.ask(wanted), code); }

  async ask(wanted) {
    const answer = await this.link.request(wanted);
    if (answer.failure) throw new TrackerError("tracker.silent", answer.failure);
    return answer.response;
  }
}

function checked(response, code) {
  if (response.code === code) return response.payload;
  const words = printable(new TextDecoder().decode(response.payload.slice(0, TEXT_MOST)), TEXT_MOST);
  throw new TrackerError("tracker.refused", `${dotted(response.code)} ${words}`.trim());
}

/* { id, name, model, firmware, boot, end, tag, nowS, held, overwritten, battery, keepsS } */
export function readStatus(raw) {
  const fields = fieldsOf(raw, "status");
  const held = r.fromPlain(fields.get("held") ?? null), overwritten = r.fromPlain(fields.get("overwritten") ?? new Map());
  if (held === null || overwritten === null) throw unreadable("the status has no ranges");
  const optional = (key, most) => ((fields.get(key) ?? null) === null ? null : numberOf(fields, key, most));
  return {
    id: textOf(fields, "id"), name: textOf(fields, "name"), firmware: textOf(fields, "firmware"),
    model: fields.has("model") ? textOf(fields, "model") : "",
    boot: numberOf(fields, "boot", BOOT_MOST), end: numberOf(fields, "end"), tag: numberOf(fields, "tag", TAG_MOST),
    nowS: numberOf(fields, "now"), battery: optional("battery", PERCENT_MOST), keepsS: optional("keeps"),
    held, overwritten,
  };
}

/* The status once the tracker has answered a sync: grown at the end, less what it freed. */
export function after(status, act, told) {
  const grown = new Map([[status.boot, r.span(status.end, told.end - 1)]]);
  const freed = act.trim ? new Map([[act.trim.boot, r.span(0, act.trim.through)]]) : new Map();
  const held = r.without(r.joined(status.held, grown), freed);
  return { ...status, end: told.end, nowS: told.nowS, battery: told.battery, held };
}

function readTold(raw) {
  const fields = decoded(raw, "answer to a sync");
  if (!Array.isArray(fields) || fields.length < 3 || fields.length > 4) throw unreadable("the answer to a sync is no list of its items");
  const [nowS, battery, end, batch] = fields;
  const numbers = r.isNumber(nowS) && r.isNumber(battery, PERCENT_MOST) && r.isNumber(end);
  if (!numbers || (fields.length === 4 && !(batch instanceof Uint8Array))) throw unreadable("an item in the answer to a sync is none");
  return { nowS, battery, end, raw: batch ?? null };
}

function decoded(raw, what) {
  try {
    return decode(raw);
  } catch (error) {
    if (error instanceof CborError) throw unreadable(`the ${what} is no CBOR: ${error.message}`);
    throw error;
  }
}

function fieldsOf(raw, what) {
  const fields = decoded(raw, what);
  if (!(fields instanceof Map)) throw unreadable(`the ${what} is no map`);
  return fields;
}

function textOf(fields, key) {
  const found = fields.get(key);
  if (typeof found !== "string" || [...found].length > TEXT_MOST) throw unreadable(`the status has no ${key}`);
  return found;
}

function numberOf(fields, key, most = Number.MAX_SAFE_INTEGER) {
  const found = fields.get(key);
  if (!r.isNumber(found, most)) throw unreadable(`the status has no ${key}`);
  return found;
}
