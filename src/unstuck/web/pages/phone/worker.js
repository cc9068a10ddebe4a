/* Keeps /phone for when there is no network, and uploads what waits when there is one again. It keeps the page as it is
   for a stranger: nothing of a person is in it. */
import { TAG, uploadInBackground } from "{{ background }}";

const SHELL = "phone-" + "{{ version }}";
const KEPT = "{{ kept }}";
const AGENT = "{{ agent }}";

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(SHELL);
    await cache.addAll(KEPT.map((path) => new Request(path, { credentials: "omit", cache: "no-cache" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("phone-") && name !== SHELL) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin || event.request.method !== "GET") return;
  if (event.request.mode === "navigate" && url.pathname === "/phone") {
    event.respondWith(fetch(event.request).catch(() => kept("/phone")));
  } else if (url.pathname.startsWith("/static/")) {
    event.respondWith(kept(event.request).then((found) => found || fetch(event.request)));
  }
});

async function kept(wanted) { return (await caches.open(SHELL)).match(wanted, { ignoreVary: true }); }

self.addEventListener("sync", (event) => {
  if (event.tag === TAG) event.waitUntil(uploadInBackground(AGENT));
});
