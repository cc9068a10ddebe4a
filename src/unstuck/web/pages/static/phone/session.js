/* One sync by this page: choose, connect, drain, upload, and again where the link was lost. No words and no elements in
   here: what happens is told through "changed", and ends in attempts that the queue remembers. */

import { Drain } from "./drain.js";
import { Driver } from "./driver.js";
import { FETCH_LEAST_RECORDS, FETCH_MOST_RECORDS } from "./engine.js";
import { TrackerApi, TrackerError } from "./tracker.js";
import { BluetoothTransport, choose } from "./transport.js";
import { uploadAll } from "./upload.js";

export const DRAIN_LOCK = "unstuck-phone-drain";
const AGAIN_MS = [2000, 5000, 10000]; // waits before a lost link is tried again while the page is open
const PASSES = ["bluetooth.link_lost", "bluetooth.not_connected", "tracker.silent"];

/* Held until the page is closed; false: another page has it, and then nothing is trimmed. */
export function holdLock() {
  return new Promise((done) => {
    navigator.locks.request(DRAIN_LOCK, { ifAvailable: true }, (lock) => {
      done(lock !== null);
      return lock === null ? undefined : new Promise(() => undefined);
    });
  });
}

export class Session {
  constructor({ queue, agent, changed, nowS = () => Date.now() / 1000 }) {
    Object.assign(this, { queue, agent, changed, nowS });
    this.busy = ""; // "", "choosing", "connecting", "draining", "waiting", "uploading"
    this.now = null; // { tracker, name, drained, missing } while draining
    this.driver = null;
    this.device = null;
    this.stopped = false;
    this.alone = false;
    this.persistent = false;
  }

  get share() { return this.driver?.share ?? 0; }

  get movedBytes() { return this.driver?.bytes ?? 0; }

  set(busy) {
    this.busy = busy;
    this.changed();
  }

  /* From a press of a button. chosen: the id of the tracker that is meant, or null. Gives the last attempt. */
  async sync(chosen, again = false) {
    if (this.busy) return null;
    this.stopped = false;
    this.now = null;
    try {
      if (!again || this.device === null) {
        this.set("choosing");
        this.device = await choose();
      }
      this.persistent = (await navigator.storage.persist?.()) ?? false;
      return await this.untilThrough(chosen);
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      return { outcome: error.outcome, detail: error.detail, side: "drain", records: 0, tracker: chosen ?? "" };
    } finally {
      this.driver = null;
      this.set("");
    }
  }

  async untilThrough(chosen) {
    let attempt = null;
    let fetch = FETCH_MOST_RECORDS;
    for (const waitMs of [0, ...AGAIN_MS]) {
      if (waitMs) {
        this.set("waiting");
        await new Promise((done) => { setTimeout(done, waitMs); });
        if (this.stopped) return attempt;
      }
      attempt = await this.once(chosen, fetch);
      chosen = attempt.tracker || chosen;
      if (this.stopped || !PASSES.includes(attempt.outcome)) return attempt;
      fetch = FETCH_LEAST_RECORDS;
    }
    return attempt;
  }

  /* One connection. */
  async once(chosen, fetch) {
    this.set("connecting");
    const transport = new BluetoothTransport(this.device);
    const beganS = Math.floor(this.nowS());
    try {
      await transport.connect();
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      const attempt = {
        tracker: chosen ?? "", side: "drain", beganS, endedS: Math.floor(this.nowS()),
        outcome: error.outcome, detail: error.detail, records: 0,
      };
      await this.remember(attempt);
      return attempt;
    }
    this.driver = new Driver(transport);
    this.driver.start();
    try {
      return await this.drainAndUpload(chosen, fetch);
    } finally {
      transport.close();
    }
  }

  async drainAndUpload(chosen, fetch) {
    const attempt = await this.drainOnce(chosen, fetch);
    await this.remember(attempt);
    if (!good(attempt) || this.persistent || this.stopped) return attempt;
    // This browser may throw away what it keeps, so the tracker frees only what the server has: upload, then ask again.
    const uploaded = await this.upload();
    if (uploaded?.some((one) => one.records) && !this.driver.closed) await this.remember(await this.drainOnce(attempt.tracker, fetch));
    return attempt;
  }

  async drainOnce(chosen, fetch) {
    this.set("draining");
    const drain = new Drain({
      queue: this.queue, api: new TrackerApi(this.driver), chosen, fetch, nowS: this.nowS,
      may: () => ({ persistent: this.persistent, alone: this.alone }),
      progress: (now) => {
        this.now = now;
        this.changed();
      },
    });
    return drain.attempt();
  }

  /* A journal that cannot be written cannot remember that either. */
  async remember(attempt) {
    await this.queue.attempted(attempt).catch(() => undefined);
    this.changed();
  }

  /* null: another page or the service worker is at it. */
  async upload() {
    const before = this.busy;
    this.set("uploading");
    try {
      return await uploadAll({ queue: this.queue, agent: this.agent, nowS: this.nowS, progress: () => this.changed() });
    } finally {
      this.set(before);
    }
  }

  stop() {
    this.stopped = true;
    this.driver?.transport.close();
  }
}

export function good(attempt) { return attempt.outcome === "synced" || attempt.outcome === "nothing_new"; }
