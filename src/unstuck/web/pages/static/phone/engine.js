/* What is known enters, the one next act leaves, at the tracker and at the server. Pure; remembers nothing.

   The rules of chain/phone/engine.py. Two differ: here a batch is kept and made durable in one transaction, so "commit" is
   needed only by a page that was opened anew; and a trim that waits is sent at the end, not with the next sync. */

import { furthestSafe } from "./gate.js";
import { MOST_RECORDS } from "./records.js";
import * as r from "./ranges.js";

export const FETCH_LEAST_RECORDS = 480; // after trouble: gets through where a link holds for a second only
export const FETCH_MOST_RECORDS = MOST_RECORDS;
const CLOCK_OFF_MOST_S = 2;
export const UPLOAD_BYTES = 256 * 1024;
export const REJECTED_AGAIN_S = 24 * 3600;
export const COMPARE_EVERY_S = 3600;
export const KEEP_CONFIRMED_S = 8 * 24 * 3600; // a server restored from last week's backup gets them again

/* Boots only ever go up. */
export function isErased(status, ledger) {
  return status.boot < Math.max(0, ...ledger.drained.keys(), ...ledger.overwritten.keys());
}

export function nextFetch(before, answered) {
  return answered ? Math.min(before * 2, FETCH_MOST_RECORDS) : FETCH_LEAST_RECORDS;
}

/* view: tracker, status (null: unread), ledger ({ drained, safe, overwritten, ... }), clockOffS, clockSet, asked, gone,
   kept (Set of boots whose trim was held back), drained (records in this attempt), fetch, synced (the last write was
   strict), committed (a commit was tried in this attempt). "safe": what may be freed.
   Gives { act: "status" | "time" | "commit" | "sync" | "done", ... }. */
export function nextDrainAct(view) {
  const status = view.status;
  if (status === null) return { act: "status" };
  if (status.id !== view.tracker) return { act: "done", outcome: "tracker.other" };
  if (isErased(status, view.ledger)) return { act: "done", outcome: "tracker.erased" };
  if (Math.abs(view.clockOffS) > CLOCK_OFF_MOST_S && !view.clockSet) return { act: "time" };
  const missing = r.without(r.without(status.held, view.ledger.drained), view.gone);
  const trim = trimOf(status, view);
  if (trim !== null && !view.synced && !view.committed) return { act: "commit" };
  // A trim that waits is sent by itself: this page may not be opened again for days.
  if (missing.size || !view.asked || trim !== null) return sync(status, missing, trim, view.fetch);
  if (view.kept.size) return { act: "done", outcome: "tracker.trim_held_back" };
  return { act: "done", outcome: view.drained ? "synced" : "nothing_new" };
}

function sync(status, missing, trim, fetch) {
  for (const [boot, set] of missing) {
    const [first, last] = set[0];
    return { act: "sync", boot, first, count: Math.min(last - first + 1, fetch), trim };
  }
  return { act: "sync", boot: status.boot, first: status.end, count: fetch, trim };
}

function trimOf(status, view) {
  for (const [boot, set] of [...status.held].sort((one, other) => one[0] - other[0])) {
    if (!set.length || view.kept.has(boot)) continue;
    const through = furthestSafe(set, r.at(view.ledger.safe, boot));
    if (through !== null) return { boot, through };
  }
  return null;
}

/* view: nowS, ledger, stored (rows without bytes, in the order of their records), rejections, account (null: not told),
   elsewhere (records of other accounts), limitBytes, comparedS, told, firmware (null: not asked), pruned, confirmed,
   rejected. Gives { act: "identify" | "compare" | "send" | "tell" | "firmware" | "prune" | "done", ... }. */
export function nextUploadAct(view) {
  if (view.account === null) return { act: "identify" };
  if (view.comparedS === null || view.nowS - view.comparedS >= COMPARE_EVERY_S || view.nowS < view.comparedS) {
    return { act: "compare" };
  }
  const batches = toSend(view);
  if (batches.length) return { act: "send", batches };
  if (!view.told) return { act: "tell" };
  if (view.firmware === null) return { act: "firmware" };
  if (!view.pruned) return { act: "prune", confirmedBeforeS: view.nowS - KEEP_CONFIRMED_S };
  if (view.rejected) return { act: "done", outcome: "server.rejected" };
  if (view.elsewhere) return { act: "done", outcome: "journal.other_account" };
  if (view.firmware) return { act: "done", outcome: "firmware.too_old" };
  return { act: "done", outcome: view.confirmed ? "synced" : "nothing_new" };
}

/* Kept here, not confirmed by the server. */
export function unconfirmed(ledger) { return r.without(ledger.committed, ledger.confirmed); }

function toSend(view) {
  const fresh = view.rejections.filter((one) => view.nowS - one.atS >= 0 && view.nowS - one.atS < REJECTED_AGAIN_S);
  const wanted = r.without(unconfirmed(view.ledger), r.byBoot(fresh));
  const chosen = [];
  let sizeBytes = 0;
  for (const row of view.stored) {
    if (!r.common(r.span(row.first, row.last), r.at(wanted, row.boot)).length) continue;
    if (chosen.length && sizeBytes + row.sizeBytes > view.limitBytes) break;
    chosen.push(row);
    sizeBytes += row.sizeBytes;
  }
  return chosen;
}
