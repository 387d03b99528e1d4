// Keeps the page for when there is no network; what is asked of the server is never kept.
"use strict";
const SHELF = "campus-code-3";
const PAGE = ["/phone", "/static/phone.css", "/static/phone.js", "/static/phone-money.js", "/static/phone-records.js", "/static/phone-fees.js", "/static/vendor/qrcode.js", "/static/mark.svg"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(PAGE)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET" || !PAGE.includes(path)) return;
  event.respondWith(
    fetch(event.request)
      .then((answer) => {
        const copy = answer.clone();
        if (answer.ok) event.waitUntil(caches.open(SHELF).then((shelf) => shelf.put(path, copy)));
        return answer;
      })
      .catch(() => caches.match(path)),
  );
});
