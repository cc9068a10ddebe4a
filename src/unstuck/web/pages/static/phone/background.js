/* What the service worker does when the network is back and no page is open. */

import { open } from "./queue.js";
import { uploadAll } from "./upload.js";

const TRY_AGAIN = ["server.silent", "server.busy", "server.fault", "server.maintenance"];

export const TAG = "unstuck-phone-upload";

/* Throws when it should be tried again: the browser then asks once more, later. */
export async function uploadInBackground(agent) {
  const queue = await open();
  try {
    // A page may be at it: the browser asks once, so what that page does not get through is taken up after it.
    const attempts = await uploadAll({ queue, agent, wait: true });
    const failed = attempts.find((one) => TRY_AGAIN.includes(one.outcome));
    if (failed) throw new Error(failed.outcome);
  } finally {
    queue.close();
  }
}
