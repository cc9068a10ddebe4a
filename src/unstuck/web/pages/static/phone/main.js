/* The page itself: joins queue, session, server and view, and reacts to presses, to the network and to time. */

import { TAG } from "./background.js";
import { QueueError, open } from "./queue.js";
import * as r from "./ranges.js";
import { Session, good, holdLock } from "./session.js";
import { unconfirmed } from "./engine.js";
import { cannot } from "./transport.js";
import { printable } from "./tracker.js";
import { announce, render } from "./view.js";
import { Words } from "./words.js";

const AGAIN_FIRST_MS = 30000, AGAIN_MOST_MS = 15 * 60000; // until an upload that failed for a passing reason is tried again
const TICK_MS = 500;
const PASSES = ["server.silent", "server.busy", "server.fault", "server.maintenance"];
const NO_TOKEN = /^token\./;

const words = Words.ofPage();
const NO_SESSION = { busy: "", device: null, alone: true, persistent: true };
const state = {
  cannot: "", session: NO_SESSION, last: null, trackers: [], elsewhere: [], login: null, told: words.told, waiting: 0, attempts: [],
  sound: true, ready: false,
};
let queue, timer = null, failures = 0;

/* One after the other, so that what was read last is shown last. */
let looking = Promise.resolve();
function look() {
  looking = looking.then(read).catch(() => undefined);
  return looking;
}

async function read() {
  const login = await queue.login(), trackers = [], elsewhere = [];
  let waiting = 0;
  for (const one of await queue.trackers()) {
    const ledger = await queue.ledger(one.tracker, state.session.persistent), left = r.total(unconfirmed(ledger));
    waiting += left;
    elsewhere.push(...(login ? await queue.elsewhere(one.tracker, login) : []));
    trackers.push({
      tracker: one.tracker, name: one.name, waiting: left, confirmed: r.total(ledger.confirmed),
      onTracker: r.total(r.without(one.status.held, ledger.committed)),
    });
  }
  Object.assign(state, { login, trackers, elsewhere, waiting, attempts: await queue.attempts() });
  show();
}

function show() { render(words, state); }

function changed() {
  show();
  look();
}

async function sync(again) {
  const chosen = document.getElementById("tracker").value || null;
  const awake = await navigator.wakeLock?.request("screen").catch(() => null);
  let attempt;
  try {
    attempt = await state.session.sync(chosen, again);
  } finally {
    await awake?.release();
  }
  if (attempt === null) return;
  state.last = attempt;
  announce(words.outcome(attempt.outcome).state);
  await look();
  if (good(attempt)) await upload();
}

async function upload() {
  clearTimeout(timer);
  if (!state.login || !state.waiting || state.session.busy) return;
  const attempts = await state.session.upload();
  const failed = attempts?.find((one) => !good(one)) ?? null;
  if (failed && NO_TOKEN.test(failed.outcome)) await queue.signOut();
  const again = attempts === null || (failed && PASSES.includes(failed.outcome));
  // Before it is said: whoever then closes the page relies on the worker.
  if (again) await wakeWorker();
  if (failed || state.last?.side === "upload") state.last = failed ?? attempts?.[0] ?? state.last;
  if (failed) announce(words.outcome(failed.outcome).state);
  await look();
  if (again) later(failed?.retryAfterS ?? null);
  else failures = 0;
}

/* Once more by itself, while this page is open. */
function later(waitS) {
  const own = Math.min(AGAIN_MOST_MS, AGAIN_FIRST_MS * 2 ** failures);
  failures += 1;
  timer = setTimeout(upload, waitS === null ? own : waitS * 1000);
}

/* Once more by the service worker, where the browser wakes it. */
async function wakeWorker() {
  const registered = await navigator.serviceWorker?.getRegistration("/phone");
  await registered?.sync?.register(TAG).catch(() => undefined);
}

async function consent(event) {
  event.preventDefault();
  const form = event.target, failed = document.getElementById("made-not");
  failed.hidden = true;
  const body = new URLSearchParams(new FormData(form));
  let made = null;
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const said = await answer.json();
    if (answer.status === 201) made = said;
    else failed.textContent = [said.message, said.what_to_do].filter(Boolean).join(" ");
  } catch {
    failed.textContent = words.outcome("server.silent").state;
  }
  if (made === null) {
    failed.textContent ||= words.say("made_not");
    failed.hidden = false;
    return;
  }
  await queue.signIn({ id: made.id, token: made.token, name: made.name, account: made.account, accountName: made.account_name });
  await queue.told(made.id, made.account, made.account_name);
  state.last = null;
  await look();
  await upload();
}

async function remove() {
  const sure = state.waiting ? words.say("sure_waiting", { records: words.records(state.waiting) }) : words.say("sure");
  if (!window.confirm(sure)) return;
  await queue.clear();
  state.last = null;
  await look();
}

function deviceName() {
  const about = navigator.userAgentData;
  const brand = about?.brands?.find((one) => !/not.?a.?brand|chromium/i.test(one.brand))?.brand ?? "Chromium";
  return printable(`${brand} · ${about?.platform || "browser"}`, 64);
}

function listen() {
  document.getElementById("start").addEventListener("click", () => sync(false));
  document.getElementById("again").addEventListener("click", () => sync(true));
  document.getElementById("stop").addEventListener("click", () => state.session.stop());
  document.getElementById("upload").addEventListener("click", () => {
    failures = 0;
    return upload();
  });
  document.getElementById("remove").addEventListener("click", remove);
  document.getElementById("consent")?.addEventListener("submit", consent);
  window.addEventListener("online", () => upload());
  window.addEventListener("beforeunload", (event) => { if (state.session.busy) event.preventDefault(); });
  navigator.bluetooth?.addEventListener?.("availabilitychanged", able);
  // The bar moves with the bytes that came, between two answers of the tracker too.
  setInterval(() => { if (state.session.busy === "draining") show(); }, TICK_MS);
}

async function able() {
  state.cannot = await cannot();
  show();
}

async function begin() {
  const name = document.querySelector("#consent [name=name]");
  if (name && !name.value) name.value = deviceName();
  await able();
  if (state.cannot === "insecure") return; // then there are no locks, no digests and no worker either
  navigator.serviceWorker?.register("/phone-worker.js", { scope: "/phone", type: "module" }).catch(() => undefined);
  try {
    queue = await open();
    const session = new Session({ queue, agent: words.told.agent, changed });
    session.alone = await holdLock();
    session.persistent = (await navigator.storage.persisted?.()) ?? false;
    state.sound = await queue.check();
    state.session = session;
  } catch (error) {
    if (!(error instanceof QueueError)) throw error;
    state.last = { outcome: error.outcome, detail: error.message, side: "drain", records: 0 };
    show();
    return;
  }
  listen();
  state.ready = true;
  await look();
  document.body.dataset.ready = "yes";
  if (navigator.onLine) await upload();
}

begin();
