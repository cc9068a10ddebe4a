/* The server over HTTP. Requests enter, what it said leaves; ServerError otherwise. Source: docs/reference/server-api.md. */

import { CborError, decode, encode } from "./cbor.js";
import { isNumber, fromPlain, byBoot, shared, toPlain } from "./ranges.js";
import { printable } from "./tracker.js";

const TIMEOUT_MS = 30000;
const MOST_ANSWER_BYTES = 4 * 2 ** 20;
const DETAIL_MOST = 400, CODE_MOST = 64, LABEL_MOST = 64;

const BY_STATUS = new Map([
  [401, "token.unknown"], [403, "tracker.not_claimed"], [413, "request.too_large"], [426, "agent.too_old"],
  [429, "server.busy"], [503, "server.busy"],
]);
const BY_CODE = new Set([
  "token.missing", "token.unknown", "token.expired", "token.signed_out", "token.revoked_by_person",
  "token.revoked_password_changed", "token.revoked_second_factor_changed", "token.wrong_kind", "tracker.not_claimed",
  "tracker.released", "request.too_large", "agent.too_old", "firmware.too_old", "server.busy", "server.maintenance",
]);

export class ServerError extends Error {
  constructor(outcome, detail = "", retryAfterS = null) {
    super(detail);
    this.outcome = outcome;
    this.detail = printable(detail, DETAIL_MOST);
    this.retryAfterS = retryAfterS;
  }
}

function unreadable(detail) { return new ServerError("server.unreadable", detail); }

/* token: of this browser. agent: the version of these pages. */
export class Server {
  constructor(token, agent, fetcher = (...given) => fetch(...given)) {
    Object.assign(this, { token, agent, fetcher });
  }

  /* { account, name }: whose token it is. */
  async me() {
    const found = await this.json("GET", "/v1/me");
    if (typeof found?.account !== "string" || !found.account || typeof found.name !== "string") {
      throw unreadable("it does not say whose login this is");
    }
    return { account: found.account.slice(0, CODE_MOST), name: printable(found.name, CODE_MOST) };
  }

  /* rows: of the queue; raws: their bytes. What comes back as durable is on the server's disk. */
  async ingest(tracker, rows, raws, nowS) {
    const body = encode(new Map([["tracker", tracker], ["batches", raws]]));
    return readIngested(await this.ask("POST", "/v1/ingest", body, "application/cbor"), rows, nowS);
  }

  async claim(tracker, code) { await this.json("POST", "/v1/trackers", { tracker, code }); }

  async held(tracker) {
    const found = await this.json("GET", `/v1/trackers/${encodeURIComponent(tracker)}/ledger`);
    const held = fromPlain(found?.hops?.server?.held ?? null);
    if (held === null) throw unreadable("no ranges");
    return held;
  }

  /* What tracker (status null: not asked) and this browser hold that the server has not confirmed. */
  async tellHeld(tracker, status, here) {
    const told = { phone: { held: toPlain(here) } };
    if (status !== null) {
      told.tracker = { now: status.nowS, held: toPlain(status.held), overwritten: toPlain(status.overwritten) };
      if (status.keepsS !== null) told.tracker.keeps_s = status.keepsS;
      for (const name of ["model", "firmware"]) {
        const text = status[name];
        if (text && text.length <= LABEL_MOST && printable(text, LABEL_MOST) === text) told.tracker[name] = text;
      }
    }
    await this.ask("POST", `/v1/trackers/${encodeURIComponent(tracker)}/held`, JSON.stringify(told), "application/json");
  }

  async checkFirmware(tracker) { await this.json("GET", `/v1/trackers/${encodeURIComponent(tracker)}/firmware`); }

  async json(method, path, given) {
    const body = given === undefined ? undefined : JSON.stringify(given);
    const raw = await this.ask(method, path, body, "application/json");
    return parsed(raw);
  }

  /* The body of a success. */
  async ask(method, path, body, kind) {
    const headers = { Authorization: `Bearer ${this.token}`, "Unstuck-Agent": this.agent };
    if (body !== undefined) headers["Content-Type"] = kind;
    let answer, raw;
    try {
      answer = await this.fetcher(path, {
        method, headers, body, credentials: "omit", cache: "no-store", redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      raw = new Uint8Array(await answer.arrayBuffer());
    } catch (error) {
      throw new ServerError("server.silent", error.name === "TimeoutError" ? "no answer in time" : "no way there");
    }
    if (raw.length > MOST_ANSWER_BYTES) throw unreadable("its answer is too long");
    if (!answer.ok) throw refusal(answer.status, answer.headers.get("Retry-After"), parsed(raw));
    return raw;
  }
}

function parsed(raw) {
  try {
    return JSON.parse(new TextDecoder().decode(raw));
  } catch {
    return null;
  }
}

export function refusal(status, retryAfter, body) {
  const said = body !== null && typeof body === "object" ? body : {};
  const code = typeof said.code === "string" ? said.code : "";
  const byStatus = BY_STATUS.get(status) ?? (status >= 500 ? "server.fault" : "server.refused");
  const words = [said.code, said.message, said.what_to_do].filter((one) => typeof one === "string" && one);
  const waitS = /^\d{1,9}$/.test(retryAfter ?? "") ? Math.min(Number(retryAfter), 86400) : null;
  return new ServerError(BY_CODE.has(code) ? code : byStatus, `${status} ${words.join(" ")}`.trim(), waitS);
}

/* { durable, rejected }. Of records that were not sent nothing is believed. */
export function readIngested(raw, rows, nowS) {
  let found;
  try {
    found = decode(raw);
  } catch (error) {
    if (error instanceof CborError) throw unreadable("no CBOR");
    throw error;
  }
  const durable = found instanceof Map ? fromPlain(found.get("durable") ?? null) : null;
  const rejected = found instanceof Map ? (found.get("rejected") ?? []) : null;
  if (durable === null || !Array.isArray(rejected)) throw unreadable("not the answer to an upload");
  return { durable: shared(durable, byBoot(rows)), rejected: rejected.map((one) => rejection(one, rows, nowS)) };
}

function rejection(one, rows, nowS) {
  if (!(one instanceof Map) || typeof one.get("code") !== "string") throw unreadable("a rejection has no code");
  const code = printable(one.get("code"), CODE_MOST);
  const [boot, first, last] = ["boot", "first", "last"].map((key) => one.get(key) ?? null);
  if (boot === null && first === null && last === null) {
    const row = isNumber(one.get("batch")) ? rows[one.get("batch")] : undefined;
    if (!row) throw unreadable("a rejection names no batch of the upload");
    return { boot: row.boot, first: row.first, last: row.last, code, atS: nowS };
  }
  const sent = rows.some((row) => row.boot === boot && row.first <= first && first <= last && last <= row.last);
  if (![boot, first, last].every((number) => isNumber(number)) || !sent) {
    throw unreadable("a rejection is of records that were not sent");
  }
  return { boot, first, last, code, atS: nowS };
}
