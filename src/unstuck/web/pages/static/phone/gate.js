/* The trim gate: the one place that says why the tracker may not be told to free records. Pure.

   A trim cannot be taken back. It passes only when every record it would free is known to be kept here, whatever happens
   to this page; what is not known counts as a reason. The same reasons as chain/phone/gate.py, and checked against it. */

import * as r from "./ranges.js";

/* In the order in which they are told. */
export const WHY = [
  "status_unread", "other_tracker", "memory_erased", "host_forbids", "journal_shared", "journal_unsound",
  "nothing_to_free", "not_drained", "hole_before", "not_committed", "not_durable",
];

/* trim: tracker, boot, through; answering (id in the status, null: none was read), held (of the boot, null: unknown),
   drained, committed (sets of the boot), synced (the last transaction was strict), sound (the queue passed its check),
   alone (no other page writes to it), erased (the tracker counts from the beginning again), forbidden (words, or "").
   Gives every reason as { why, text, about }; none when it may be sent. */
export function trimReasonsNot(trim) {
  const reasons = [...aboutTracker(trim), ...aboutPhone(trim), ...aboutRecords(trim)];
  return reasons.sort((one, other) => WHY.indexOf(one.why) - WHY.indexOf(other.why));
}

/* The last number up to which all that the tracker holds is committed; null when its first is not. */
export function furthestSafe(held, committed) {
  const missing = r.minus(held, committed);
  const safe = missing.length ? r.common(held, r.span(held[0][0], missing[0][0] - 1)) : held;
  return safe.length ? r.lastOf(safe) : null;
}

function reason(why, text, about = []) { return { why, text, about }; }

function aboutTracker(trim) {
  const reasons = [];
  if (trim.answering === null || trim.held === null) {
    reasons.push(reason("status_unread", "the tracker has not said what it holds"));
  }
  if (trim.answering !== null && trim.answering !== trim.tracker) {
    const text = `the tracker that answers is ${trim.answering}; the records are of ${trim.tracker}`;
    reasons.push(reason("other_tracker", text));
  }
  if (trim.erased) reasons.push(reason("memory_erased", "the tracker uses numbers again that are kept here already"));
  return reasons;
}

function aboutPhone(trim) {
  const reasons = [];
  if (trim.forbidden) reasons.push(reason("host_forbids", trim.forbidden));
  if (!trim.alone) reasons.push(reason("journal_shared", "another page may write to the same records"));
  if (!trim.sound) reasons.push(reason("journal_unsound", "what is kept here has not passed its check"));
  if (!trim.synced) reasons.push(reason("not_durable", "the last write is not known to be on the disk"));
  return reasons;
}

function aboutRecords(trim) {
  if (trim.held === null) return [];
  const freed = r.common(trim.held, r.span(0, trim.through));
  if (!freed.length) {
    return [reason("nothing_to_free", `the tracker holds nothing of boot ${trim.boot} up to ${trim.through}`)];
  }
  const reasons = [];
  const here = r.common(freed, r.union(trim.drained, trim.committed));
  const absent = r.minus(freed, here);
  const holes = here.length ? r.common(absent, r.span(0, r.lastOf(here))) : [];
  const beyond = r.minus(absent, holes), waiting = r.minus(r.common(freed, trim.drained), trim.committed);
  if (holes.length) {
    reasons.push(reason("hole_before", `${r.count(holes)} records before others kept here were not drained`, holes));
  }
  if (beyond.length) reasons.push(reason("not_drained", `${r.count(beyond)} records it would free are not here`, beyond));
  if (waiting.length) {
    reasons.push(reason("not_committed", `${r.count(waiting)} records it would free are not kept for certain`, waiting));
  }
  return reasons;
}
