/* Nobody is signed in: what this browser keeps goes, if none of it waits for the server once no page is draining.
   Loaded by app.js. */

import { unconfirmed } from "./engine.js";
import { open } from "./queue.js";
import { total } from "./ranges.js";
import { DRAIN_LOCK } from "./session.js";

async function forget() {
  const queue = await open();
  try {
    let waiting = 0;
    for (const { tracker } of await queue.trackers()) waiting += total(unconfirmed(await queue.ledger(tracker, true)));
    if (!waiting) await queue.clear();
  } finally {
    queue.close();
  }
}

// Waits for a page that drains: what it keeps in the meantime counts as well.
navigator.locks.request(DRAIN_LOCK, forget);
