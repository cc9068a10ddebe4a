/* Keeps the last first page of this session for when there is no network, and nothing else of a person. */
"use strict";
const SHELL = "shell-" + "{{ version }}";
const KEPT = "{{ kept }}";
const HOME = "home";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(KEPT)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("shell-") && name !== SHELL) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  if (event.data === "forget") event.waitUntil(caches.delete(HOME));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin) return;
  if (event.request.method === "POST" && url.pathname === "/sign-out") {
    event.waitUntil(caches.delete(HOME));
    return;
  }
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate") {
    event.respondWith(navigated(event.request, url));
  } else if (url.pathname.startsWith("/static/")) {
    event.respondWith(caches.match(event.request).then((found) => found || fetch(event.request)));
  }
});

async function navigated(request, url) {
  try {
    const answer = await fetch(request);
    if (url.pathname === "/" && !url.search) await keep(answer.clone());
    return answer;
  } catch (error) {
    return (await lastKnown()) || (await caches.match("/offline")) || Response.error();
  }
}

async function keep(answer) {
  /* A redirect means that nobody is signed in any more: then nothing may stay. */
  const own = answer.ok && !answer.redirected && answer.headers.get("Unstuck-Keep") === "home";
  await caches.delete(HOME);
  if (own) await (await caches.open(HOME)).put("/", answer);
}

async function lastKnown() {
  const cache = await caches.open(HOME);
  const found = await cache.match("/");
  if (!found) return undefined;
  const page = (await found.text())
    .replace('id="offline" hidden', 'id="offline"')
    .replace("<body", '<body data-offline="yes"')
    .replace(/ sse-connect="[^"]*"/, "");
  return new Response(page, { headers: cleaned(found.headers) });
}

function cleaned(headers) {
  const kept = new Headers(headers);
  kept.delete("Content-Encoding");
  kept.delete("Content-Length");
  return kept;
}
