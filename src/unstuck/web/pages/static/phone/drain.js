/* Tracker to queue: does what the engine says, and asks the gate before every trim. As chain/phone/drain.py. */

import { isErased, nextDrainAct, nextFetch, FETCH_MOST_RECORDS } from "./engine.js";
import { trimReasonsNot } from "./gate.js";
import { QueueError } from "./queue.js";
import { BatchError, readBatch } from "./records.js";
import { TrackerError, after } from "./tracker.js";
import * as r from "./ranges.js";

const CHANGED_MOST = 4; // a tracker found changed so often in one attempt is left alone until the next

/* chosen: the id of the tracker that is meant; null: whichever answers. may: { persistent, alone } as of now.
   progress({ tracker, drained, missing }) is called whenever something moved. */
export class Drain {
  constructor({ queue, api, chosen = null, may, nowS, fetch = FETCH_MOST_RECORDS, progress = () => undefined }) {
    Object.assign(this, { queue, api, may, nowS, fetch, progress });
    this.tracker = chosen;
    this.heldBack = [];
    this.drained = 0;
    this.changed = 0;
    this.view = { status: null, clockOffS: 0, clockSet: false, asked: false, gone: new Map(), kept: new Set(), committed: false };
  }

  /* Bring over all there is. Never throws for what can go wrong: the outcome says it. */
  async attempt() {
    const beganS = Math.floor(this.nowS());
    const [outcome, detail] = await this.guarded();
    return {
      tracker: this.tracker ?? "", side: "drain", beganS, endedS: Math.floor(this.nowS()), outcome, detail,
      records: this.drained,
    };
  }

  async guarded() {
    try {
      return [await this.untilDone(), [...new Set(this.heldBack.map((one) => one.text))].join("; ")];
    } catch (error) {
      if (error instanceof TrackerError || error instanceof QueueError) {
        this.fetch = nextFetch(this.fetch, false);
        return [error.outcome, error.detail ?? error.message];
      }
      throw error;
    }
  }

  async untilDone() {
    for (;;) {
      const act = nextDrainAct(await this.look());
      if (act.act === "status") await this.readStatus();
      else if (act.act === "time") await this.setTime();
      else if (act.act === "commit") await this.commit();
      else if (act.act === "sync") await this.sync(act);
      else return act.outcome;
      await this.tell();
    }
  }

  async look() {
    const ledger = await this.queue.ledger(this.tracker ?? "", this.may().persistent);
    const now = { ledger, drained: this.drained, fetch: this.fetch, synced: this.queue.synced };
    return { ...this.view, tracker: this.tracker, ...now };
  }

  async tell() {
    const status = this.view.status;
    if (status === null || status.id !== this.tracker) return;
    const { ledger } = await this.look();
    const missing = r.total(r.without(r.without(status.held, ledger.drained), this.view.gone));
    this.progress({ tracker: this.tracker, name: status.name, drained: this.drained, missing });
  }

  async readStatus() {
    const status = await this.api.status();
    this.tracker ??= status.id;
    await this.heard(status);
    await this.askClaim();
  }

  /* Once for each tracker: what proves to the server that it is in hand. */
  async askClaim() {
    if (this.view.status.id !== this.tracker) return;
    const known = await this.queue.tracker(this.tracker);
    if (known === null || known.claim !== "") return;
    const claim = await this.api.claim();
    if (claim !== null && claim.id === this.tracker) await this.queue.keepClaim(this.tracker, claim.code);
  }

  async setTime() {
    await this.api.setTime(Math.floor(this.nowS()));
    // That it was set is a record too: it is asked for once more.
    this.view.clockSet = true;
    this.view.asked = false;
  }

  async commit() {
    await this.queue.commit();
    this.view.committed = true;
  }

  async heard(status) {
    const nowS = this.nowS();
    if (status.id === this.tracker) {
      const { committed } = await this.queue.ledger(this.tracker, true);
      await this.queue.saw(this.tracker, status, r.without(status.overwritten, committed), Math.floor(nowS));
    }
    this.view.status = status;
    this.view.clockOffS = Math.round(status.nowS - nowS);
  }

  /* The one place that sends a trim. */
  async sync(act) {
    const status = this.view.status;
    if (act.trim !== null && !(await this.mayTrim(act.trim, status))) act = { ...act, trim: null };
    const told = await this.api.sync(status.tag, act);
    if (typeof told === "string") {
      this.refused(told, act);
      return;
    }
    if (told.end < status.end) throw new TrackerError("tracker.unreadable", `it ended at ${status.end} and now ends at ${told.end}`);
    if (act.trim !== null) {
      const freed = r.common(r.at(status.held, act.trim.boot), r.span(0, act.trim.through));
      await this.queue.trimmed(this.tracker, act.trim.boot, freed);
    }
    await this.heard(after(status, act, told));
    this.view.asked = true;
    if (told.raw !== null) {
      await this.keep(act, told.raw);
      this.fetch = nextFetch(this.fetch, true);
    } else if (act.boot !== status.boot || act.first !== status.end) {
      throw new TrackerError("tracker.unreadable", `asked for ${act.boot}/${act.first}, it gave nothing`);
    }
  }

  /* A new status shows what it is like now. */
  refused(why, act) {
    this.view.status = null;
    if (why === "changed") {
      this.changed += 1;
      if (this.changed >= CHANGED_MOST) throw new TrackerError("tracker.refused", "it changes faster than it can be asked");
      return;
    }
    this.view.asked = true;
    this.view.gone = r.joined(this.view.gone, new Map([[act.boot, r.span(act.first, act.first)]]));
  }

  async keep(act, raw) {
    let batch;
    try {
      batch = readBatch(raw);
    } catch (error) {
      if (error instanceof BatchError) throw new TrackerError("tracker.unreadable", error.message);
      throw error;
    }
    if (batch.boot !== act.boot || batch.first !== act.first || batch.last >= act.first + act.count) {
      const detail = `asked for ${act.boot}/${act.first} +${act.count}, it gave ${batch.boot}/${batch.first} to ${batch.last}`;
      throw new TrackerError("tracker.unreadable", detail);
    }
    await this.queue.keep(this.tracker, batch, raw, Math.floor(this.nowS()));
    this.drained += batch.last - batch.first + 1;
  }

  async mayTrim(act, status) {
    const { ledger } = await this.look();
    const reasons = trimReasonsNot({
      tracker: this.tracker, boot: act.boot, through: act.through,
      answering: status.id, held: r.at(status.held, act.boot),
      drained: r.at(ledger.drained, act.boot), committed: r.at(ledger.safe, act.boot),
      // What the server has is durable there, whatever was last written here.
      synced: this.queue.synced || this.onServer(ledger, act, status),
      sound: this.queue.sound, alone: this.may().alone, erased: isErased(status, ledger), forbidden: "",
    });
    if (reasons.length) {
      this.heldBack.push(...reasons);
      this.view.kept.add(act.boot);
    }
    return !reasons.length;
  }

  onServer(ledger, act, status) {
    const freed = r.common(r.at(status.held, act.boot), r.span(0, act.through));
    return !r.minus(freed, r.at(ledger.confirmed, act.boot)).length;
  }
}
