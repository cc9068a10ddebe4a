/* What is kept in this browser until the server has it: an IndexedDB of batches and of what became of every range.

   The way of a range: drained (its bytes are here), committed (the transaction that wrote them was strict: it is on the
   disk), trimmed (the tracker freed it), uploaded (sent, the answer not known), confirmed (the server says it is
   durable), pruned (the bytes are gone from here). Every method is one transaction: it happened or it did not. Times are
   Unix seconds and are given by the caller. The same states as chain/phone/journal.py. */

import { readBatch } from "./records.js";
import { equal } from "./bytes.js";
import * as r from "./ranges.js";

export const NAME = "unstuck-phone";
const VERSION = 1;
const STATES = ["committed", "trimmed", "uploaded", "confirmed", "pruned", "overwritten"];
const ATTEMPTS_KEPT = 100;
const UNSEEN_MOST_S = 24 * 3600; // of a pause no more counts towards how long bytes stay: a clock may have been set

/* Nothing of the call happened. outcome: "journal.disk_full" or "journal.failed". */
export class QueueError extends Error {
  constructor(error) {
    super(error?.message || String(error));
    const full = error?.name === "QuotaExceededError";
    this.outcome = full ? "journal.disk_full" : "journal.failed";
  }
}

export async function open(factory = indexedDB) {
  const request = factory.open(NAME, VERSION);
  request.onupgradeneeded = () => make(request.result);
  const db = await result(request).catch((error) => { throw new QueueError(error); });
  db.onversionchange = () => db.close();
  return new Queue(db);
}

function make(db) {
  db.createObjectStore("tracker", { keyPath: "tracker" });
  const batch = db.createObjectStore("batch", { keyPath: "id", autoIncrement: true });
  batch.createIndex("span", ["tracker", "boot", "first", "last"], { unique: true });
  db.createObjectStore("held", { keyPath: ["tracker", "state"] });
  db.createObjectStore("rejection", { keyPath: ["tracker", "boot", "first", "last"] });
  db.createObjectStore("attempt", { keyPath: "id", autoIncrement: true });
  db.createObjectStore("login", { keyPath: "id" });
  db.createObjectStore("meta", { keyPath: "key" });
}

function result(request) {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
    request.onblocked = () => failed(new Error("another page keeps an older version open"));
  });
}

const EVERYTHING = ["tracker", "batch", "held", "rejection", "attempt", "login", "meta"];

async function digest(raw) { return new Uint8Array(await crypto.subtle.digest("SHA-256", raw)); }

function spanOf(tracker) { return IDBKeyRange.bound([tracker], [tracker, []]); }

class Queue {
  constructor(db) {
    this.db = db;
    this.synced = false; // whether the last transaction that kept records was strict, as read back
    this.sound = false; // whether check() has passed
  }

  close() { this.db.close(); }

  // transactions

  /* All of it or nothing. body(store) gets a function that gives the object stores, and may await only their requests. */
  async run(mode, body, durability = "default") {
    try {
      const transaction = this.db.transaction(EVERYTHING, mode, { durability });
      const ended = new Promise((done, failed) => {
        transaction.oncomplete = () => done();
        transaction.onabort = () => failed(transaction.error ?? new Error("given up"));
      });
      ended.catch(() => undefined);
      let given;
      try {
        given = await body((name) => transaction.objectStore(name), transaction);
      } catch (error) {
        if (transaction.error === null) {
          try { transaction.abort(); } catch { /* it has ended by itself */ }
        }
        await ended.catch(() => undefined);
        throw transaction.error ?? error;
      }
      await ended;
      return given;
    } catch (error) {
      throw error instanceof QueueError ? error : new QueueError(error);
    }
  }

  read(body) { return this.run("readonly", body); }

  write(body) { return this.run("readwrite", body); }

  // what the tracker said and gave

  /* The tracker as it is now. overwritten: what is lost, remembered for ever. claim: proves possession, or "". */
  saw(tracker, status, overwritten, nowS) {
    return this.write(async (store) => {
      const before = (await result(store("tracker").get(tracker))) ?? { claim: "" };
      store("tracker").put({ ...before, tracker, name: status.name, seenS: nowS, status });
      await this.add(store, tracker, "overwritten", overwritten);
    });
  }

  keepClaim(tracker, claim) {
    return this.write(async (store) => {
      const before = await result(store("tracker").get(tracker));
      if (before) store("tracker").put({ ...before, claim });
    });
  }

  /* Keep the bytes of a batch as they came, and say so in the same transaction, which is on the disk when this returns. */
  async keep(tracker, batch, raw, nowS) {
    const sum = await digest(raw);
    this.synced = false;
    const strict = await this.run("readwrite", async (store, transaction) => {
      const login = (await result(store("meta").get("login")))?.value ?? "";
      const key = [tracker, batch.boot, batch.first, batch.last];
      if ((await result(store("batch").index("span").getKey(key))) === undefined) {
        store("batch").add({
          tracker, boot: batch.boot, first: batch.first, last: batch.last, raw, sum,
          sizeBytes: raw.length, drainedS: nowS, login, confirmedS: null,
        });
      }
      await this.add(store, tracker, "committed", r.byBoot([batch]));
      return transaction.durability === "strict";
    }, "strict");
    this.synced = strict;
  }

  /* Nothing new; once it returns, all that was written before is on the disk too. */
  async commit() {
    this.synced = false;
    this.synced = await this.run("readwrite", async (store, transaction) => {
      store("meta").put({ key: "committed", value: crypto.randomUUID() });
      return transaction.durability === "strict";
    }, "strict");
  }

  trimmed(tracker, boot, set) {
    return this.write((store) => this.add(store, tracker, "trimmed", new Map([[boot, set]])));
  }

  // whose it is

  /* The device token of this browser; what is drained from now on is of its account. */
  signIn(login) {
    return this.run("readwrite", async (store) => {
      store("login").put(login);
      store("meta").put({ key: "login", value: login.id });
    }, "strict");
  }

  /* { id, token, name, account, accountName, server }; null: this browser has none. */
  login() {
    return this.read(async (store) => {
      const id = (await result(store("meta").get("login")))?.value;
      return id ? ((await result(store("login").get(id))) ?? null) : null;
    });
  }

  /* The token is no good any more. Its account stays known: records may wait for it. */
  signOut() {
    return this.write(async (store) => {
      const id = (await result(store("meta").get("login")))?.value;
      const login = id && (await result(store("login").get(id)));
      if (login) store("login").put({ ...login, token: "" });
      store("meta").delete("login");
    });
  }

  /* The server said whose login it is. What was drained without a login is of this account too. */
  told(id, account, accountName) {
    return this.write(async (store) => {
      const login = await result(store("login").get(id));
      if (login) store("login").put({ ...login, account, accountName });
      for (const row of await result(store("batch").getAll())) {
        if (row.login === "") store("batch").put({ ...row, login: id });
      }
    });
  }

  /* Records that wait for other accounts than this one's: [{ accountName, records }]. */
  elsewhere(tracker, login) {
    return this.read(async (store) => {
      const waiting = r.without(await this.of(store, tracker, "committed"), await this.of(store, tracker, "confirmed"));
      const logins = new Map((await result(store("login").getAll())).map((one) => [one.id, one]));
      const rows = (await this.rows(store, tracker)).filter((row) => !mine(row, login, logins));
      const names = new Map();
      for (const row of rows) {
        const name = logins.get(row.login)?.accountName ?? "";
        names.set(name, [...(names.get(name) ?? []), row]);
      }
      return [...names]
        .map(([accountName, found]) => ({ accountName, records: r.total(r.shared(r.byBoot(found), waiting)) }))
        .filter((one) => one.records);
    });
  }

  // what the server said

  uploading(tracker, rows) {
    return this.write((store) => this.add(store, tracker, "uploaded", r.byBoot(rows)));
  }

  /* The server holds these durably; of what is not committed here that is not believed. Counts the news. */
  confirmed(tracker, durable, nowS) {
    return this.write(async (store) => {
      const before = await this.of(store, tracker, "confirmed");
      const believed = r.shared(durable, await this.of(store, tracker, "committed"));
      await this.add(store, tracker, "confirmed", believed);
      await this.stays(store, tracker, r.joined(before, believed), nowS);
      for (const one of await this.refusals(store, tracker)) {
        if (!r.without(r.byBoot([one]), believed).size) {
          store("rejection").delete([tracker, one.boot, one.first, one.last]);
        }
      }
      return r.total(r.without(believed, before));
    });
  }

  /* The server holds just these: what it lost and is still here, of this account, is sent again. Counts them. */
  unconfirmed(tracker, durable, login) {
    return this.write(async (store) => {
      const confirmed = await this.of(store, tracker, "confirmed");
      const logins = new Map((await result(store("login").getAll())).map((one) => [one.id, one]));
      const rows = await this.rows(store, tracker);
      const here = r.byBoot(rows.filter((row) => mine(row, login, logins)));
      const lost = r.shared(r.without(confirmed, durable), here);
      if (!lost.size) return 0;
      for (const state of ["confirmed", "uploaded"]) {
        await this.put(store, tracker, state, r.without(await this.of(store, tracker, state), lost));
      }
      for (const row of rows) {
        if (row.confirmedS !== null && r.without(r.byBoot([row]), r.without(confirmed, lost)).size) {
          store("batch").put({ ...row, confirmedS: null });
        }
      }
      return r.total(lost);
    });
  }

  /* The server would not take these ({ boot, first, last, code, atS }); they are kept. */
  rejected(tracker, rejections) {
    return this.write(async (store) => {
      for (const one of rejections) store("rejection").put({ tracker, ...one });
    });
  }

  /* Drop the bytes of batches that have been wholly confirmed since before that. Counts the batches. */
  prune(tracker, confirmedBeforeS, nowS) {
    return this.write(async (store) => {
      const confirmed = await this.of(store, tracker, "confirmed");
      await this.stays(store, tracker, confirmed, nowS);
      const old = (await this.rows(store, tracker)).filter((row) => row.confirmedS !== null
        && row.confirmedS < confirmedBeforeS && !r.without(r.byBoot([row]), confirmed).size);
      for (const row of old) store("batch").delete(row.id);
      await this.add(store, tracker, "pruned", r.byBoot(old));
      return old.length;
    });
  }

  /* The stay of wholly confirmed batches begins now if it has not; only time that was seen passing counts. */
  async stays(store, tracker, confirmed, nowS) {
    const known = await result(store("tracker").get(tracker));
    if (!known) return;
    const passedS = known.lookedS === undefined ? 0 : nowS - known.lookedS;
    const stepS = passedS - Math.min(Math.max(passedS, 0), UNSEEN_MOST_S);
    store("tracker").put({ ...known, lookedS: nowS });
    for (const row of await this.rows(store, tracker)) {
      const whole = !r.without(r.byBoot([row]), confirmed).size;
      const sinceS = row.confirmedS === null ? (whole ? nowS : null) : row.confirmedS + stepS;
      if (sinceS !== row.confirmedS) store("batch").put({ ...row, confirmedS: sinceS });
    }
  }

  // what was tried

  /* { tracker, side, beganS, endedS, outcome, detail, records } */
  attempted(attempt) {
    return this.write(async (store) => {
      store("attempt").add(attempt);
      const keys = await result(store("attempt").getAllKeys());
      for (const key of keys.slice(0, Math.max(0, keys.length - ATTEMPTS_KEPT))) store("attempt").delete(key);
    });
  }

  /* The newest first. */
  attempts() {
    return this.read(async (store) => (await result(store("attempt").getAll())).reverse());
  }

  // what is known

  trackers() { return this.read((store) => result(store("tracker").getAll())); }

  tracker(id) { return this.read(async (store) => (await result(store("tracker").get(id))) ?? null); }

  /* Every range, as of one moment. safe: what may be freed at the tracker. While the browser does not promise to keep
     what pages write (persistent false), that is only what the server has confirmed. */
  ledger(tracker, persistent) {
    return this.read(async (store) => {
      const known = {};
      for (const state of STATES) known[state] = await this.of(store, tracker, state);
      known.drained = r.joined(r.byBoot(await this.rows(store, tracker)), known.pruned);
      known.safe = persistent ? known.committed : r.shared(known.confirmed, known.committed);
      return known;
    });
  }

  rejections(tracker) { return this.read((store) => this.refusals(store, tracker)); }

  /* Rows without bytes, in the order of their records; login given: only those of its account. */
  stored(tracker, login = null) {
    return this.read(async (store) => {
      const logins = new Map((await result(store("login").getAll())).map((one) => [one.id, one]));
      return (await this.rows(store, tracker))
        .filter((row) => login === null || mine(row, login, logins))
        .map(({ raw, sum, ...row }) => row);
    });
  }

  raw(id) { return this.read(async (store) => (await result(store("batch").get(id)))?.raw ?? null); }

  /* Whether every batch has the bytes it was kept with, and every state follows from the one before it. */
  async check() {
    const rows = await this.read((store) => result(store("batch").getAll()));
    let sound = true;
    for (const row of rows) sound = sound && (await isWhole(row));
    for (const one of await this.trackers()) {
      const known = await this.ledger(one.tracker, true);
      const pairs = [["committed", "drained"], ["trimmed", "committed"], ["confirmed", "committed"], ["pruned", "confirmed"]];
      sound = sound && pairs.every(([later, earlier]) => !r.without(known[later], known[earlier]).size);
    }
    this.sound = sound;
    return sound;
  }

  /* Everything goes. The caller has asked, or nothing waits. */
  clear() {
    return this.run("readwrite", async (store) => { for (const name of EVERYTHING) store(name).clear(); }, "strict");
  }

  // pieces of transactions

  async of(store, tracker, state) {
    return new Map((await result(store("held").get([tracker, state])))?.held ?? []);
  }

  put(store, tracker, state, held) { return result(store("held").put({ tracker, state, held: [...held] })); }

  async add(store, tracker, state, held) {
    if (held.size) await this.put(store, tracker, state, r.joined(await this.of(store, tracker, state), held));
  }

  rows(store, tracker) { return result(store("batch").index("span").getAll(spanOf(tracker))); }

  refusals(store, tracker) { return result(store("rejection").getAll(spanOf(tracker))); }
}

function mine(row, login, logins) {
  if (row.login === login.id) return true;
  const account = logins.get(row.login)?.account;
  return Boolean(account) && account === login.account;
}

async function isWhole(row) {
  try {
    const found = readBatch(row.raw);
    const same = found.boot === row.boot && found.first === row.first && found.last === row.last;
    return same && equal(await digest(row.raw), row.sum);
  } catch {
    return false;
  }
}
