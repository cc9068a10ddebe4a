/* Queue to server: does what the engine says. As chain/phone/upload.py. Runs in the page and in its service worker. */

import { UPLOAD_BYTES, nextUploadAct, unconfirmed } from "./engine.js";
import { QueueError } from "./queue.js";
import { Server, ServerError } from "./server.js";
import * as r from "./ranges.js";

const LEAST_BYTES = 4 * 1024;
const LOCK = "unstuck-phone-upload";

/* Uploads of one tracker's records. limitBytes shrinks when the server finds an upload too large. */
export class Upload {
  constructor({ queue, tracker, login, server, nowS, progress = () => undefined }) {
    Object.assign(this, { queue, tracker, login, server, nowS, progress });
    this.retryAfterS = null;
    this.limitBytes = UPLOAD_BYTES;
    this.view = {
      account: login.account || null, comparedS: null, told: false, firmware: null, pruned: false, confirmed: 0, rejected: 0,
    };
  }

  /* Never throws for what can go wrong: the outcome says it. */
  async attempt() {
    const beganS = Math.floor(this.nowS());
    const [outcome, detail] = await this.guarded();
    return {
      tracker: this.tracker, side: "upload", beganS, endedS: Math.floor(this.nowS()), outcome, detail,
      records: this.view.confirmed,
    };
  }

  async guarded() {
    let halved = 0;
    for (;;) {
      try {
        const outcome = await this.untilDone();
        return [outcome, await this.said(outcome)];
      } catch (error) {
        if (!(error instanceof ServerError || error instanceof QueueError)) throw error;
        if (error.outcome === "request.too_large" && this.limitBytes > LEAST_BYTES && halved < 8) {
          halved += 1;
          this.limitBytes = Math.max(LEAST_BYTES, Math.floor(this.limitBytes / 2));
          continue;
        }
        if (error.outcome === "tracker.not_claimed" && (await this.claimed())) continue;
        this.retryAfterS = error.retryAfterS ?? null;
        return [error.outcome, error.detail ?? error.message];
      }
    }
  }

  async untilDone() {
    for (;;) {
      const view = await this.look();
      const act = nextUploadAct(view);
      if (act.act === "identify") await this.identify();
      else if (act.act === "compare") await this.compare(view.nowS);
      else if (act.act === "send") await this.send(act.batches, view.nowS);
      else if (act.act === "tell") await this.tellHeld(view);
      else if (act.act === "firmware") this.view.firmware = await this.askFirmware();
      else if (act.act === "prune") {
        await this.queue.prune(this.tracker, act.confirmedBeforeS, view.nowS);
        this.view.pruned = true;
      } else return act.outcome;
      this.progress(this.view);
    }
  }

  async look() {
    const elsewhere = await this.queue.elsewhere(this.tracker, this.login);
    return {
      ...this.view, nowS: Math.floor(this.nowS()), limitBytes: this.limitBytes,
      ledger: await this.queue.ledger(this.tracker, true),
      stored: await this.queue.stored(this.tracker, this.login),
      rejections: await this.queue.rejections(this.tracker),
      elsewhere: elsewhere.reduce((sum, one) => sum + one.records, 0),
    };
  }

  async identify() {
    const { account, name } = await this.server.me();
    await this.queue.told(this.login.id, account, name);
    this.login = { ...this.login, account, accountName: name };
    this.view.account = account;
  }

  async compare(nowS) {
    await this.queue.unconfirmed(this.tracker, await this.server.held(this.tracker), this.login);
    this.view.comparedS = nowS;
  }

  async send(chosen, nowS) {
    const rows = [], raws = [];
    for (const row of chosen) {
      const raw = await this.queue.raw(row.id);
      if (raw === null) continue;
      rows.push(row);
      raws.push(raw);
    }
    await this.queue.uploading(this.tracker, rows);
    const answer = await this.server.ingest(this.tracker, rows, raws, nowS);
    this.view.confirmed += await this.queue.confirmed(this.tracker, answer.durable, nowS);
    await this.queue.rejected(this.tracker, answer.rejected);
    this.view.rejected += answer.rejected.length;
    this.view.told = false;
    if (r.without(r.byBoot(rows), r.joined(answer.durable, r.byBoot(answer.rejected))).size) {
      // Sending it again at once would go on for ever and look busy.
      throw new ServerError("server.unreadable", "it says neither that it took nor that it rejected records");
    }
  }

  async tellHeld(view) {
    const known = await this.queue.tracker(this.tracker);
    const waiting = r.shared(unconfirmed(view.ledger), r.byBoot(view.stored));
    await this.server.tellHeld(this.tracker, known?.status ?? null, waiting);
    this.view.told = true;
  }

  /* What the server has against the tracker's firmware; no record waits for that. */
  async askFirmware() {
    try {
      await this.server.checkFirmware(this.tracker);
      return "";
    } catch (error) {
      if (error instanceof ServerError && error.outcome === "firmware.too_old") return error.detail;
      throw error;
    }
  }

  /* With the code that the tracker told over its bond; the code is then forgotten. */
  async claimed() {
    const known = await this.queue.tracker(this.tracker);
    if (!known?.claim) return false;
    const code = known.claim;
    await this.queue.keepClaim(this.tracker, "");
    try {
      await this.server.claim(this.tracker, code);
      return true;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      if (error.outcome === "server.silent") await this.queue.keepClaim(this.tracker, code);
      return false;
    }
  }

  async said(outcome) {
    if (outcome === "server.rejected") {
      return [...new Set((await this.queue.rejections(this.tracker)).map((one) => one.code))].sort().join(", ");
    }
    return outcome === "firmware.too_old" ? this.view.firmware : "";
  }
}

/* Everything that waits, of every tracker; one page or worker at a time. Gives the attempts, all of them remembered;
   null: another one is at it. With `wait` it comes after that one. */
export async function uploadAll({ queue, agent, nowS = () => Date.now() / 1000, progress, only = null, wait = false }) {
  return navigator.locks.request(LOCK, { ifAvailable: !wait }, async (lock) => {
    if (lock === null) return null;
    const attempts = [];
    const login = await queue.login();
    if (login === null || !login.token) return attempts;
    for (const { tracker } of await queue.trackers()) {
      if (only !== null && tracker !== only) continue;
      const upload = new Upload({
        queue, tracker, login: await queue.login(), server: new Server(login.token, agent), nowS, progress,
      });
      const attempt = await upload.attempt();
      await queue.attempted(attempt);
      attempts.push({ ...attempt, retryAfterS: upload.retryAfterS });
    }
    return attempts;
  });
}
