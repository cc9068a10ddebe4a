/* Small help for the pages; all of them work without it. */
"use strict";
(function () {
  if ("serviceWorker" in navigator && window.isSecureContext) {
    navigator.serviceWorker.register("/worker.js").catch(() => undefined);
    if (document.body.dataset.signedIn === "no") {
      navigator.serviceWorker.ready.then((found) => found.active && found.active.postMessage("forget"));
    }
  }

  /* Nobody is signed in: records that /phone keeps in this browser go, as far as the server has them. */
  const forget = document.body.dataset.forget;
  if (forget && window.isSecureContext && window.indexedDB && indexedDB.databases) {
    indexedDB.databases()
      .then((found) => found.some((one) => one.name === "unstuck-phone") && import(forget))
      .catch(() => undefined);
  }

  /* On a narrow screen the menu scrolls: show where one is. */
  const here = document.querySelector(".menu [aria-current]");
  if (here) {
    const bar = here.closest("nav");
    bar.addEventListener("scroll", () => bar.classList.toggle("moved", bar.scrollLeft > 4), { passive: true });
    bar.scrollLeft = here.getBoundingClientRect().left - bar.getBoundingClientRect().left - (bar.clientWidth - here.offsetWidth) / 2;
  }

  /* The time zone of this device, where a form wants to know. */
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.querySelectorAll("input[data-zone]").forEach((field) => { field.value = zone || ""; });
  document.querySelectorAll("select[data-zone]").forEach((field) => { if (!field.value && zone) field.value = zone; });

  /* A button that asks before it acts, and one that copies. */
  document.addEventListener("submit", (event) => {
    const words = event.target.dataset.sure;
    if (words && !window.confirm(words)) event.preventDefault();
  });

  /* What takes a moment shows that it was begun, and is not begun twice. */
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || !button || "stays" in event.target.dataset) return;
    if (button.ariaBusy === "true") event.preventDefault();
    button.ariaBusy = "true";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("button[aria-busy]").forEach((one) => one.removeAttribute("aria-busy"));
  });
  document.addEventListener("click", (event) => {
    const from = event.target.closest("[data-copy]");
    if (!from) return;
    const text = document.getElementById(from.dataset.copy).textContent;
    navigator.clipboard.writeText(text).then(() => { from.textContent = from.dataset.done; });
  });

  /* The live part says when it lost the server. */
  const live = document.querySelector("[data-live]");
  if (live) {
    const note = document.getElementById("live-lost");
    document.body.addEventListener("htmx:sseError", () => { if (note) note.hidden = false; });
    document.body.addEventListener("htmx:sseOpen", () => { if (note) note.hidden = true; });
  }
})();
