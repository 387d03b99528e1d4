// Puts the live parts of the page in place. The words and the numbers come ready from the server.
"use strict";
(() => {
  const ROWS_MAX = 60;
  const desk = document.querySelector("main.desk");
  const live = document.getElementById("live");
  const part = (name) => document.getElementById(name);
  const units = desk.dataset.units.split("|");
  // The server's clock counts: a visitor's may be wrong by days.
  const ahead = Number(desk.dataset.utc) - Date.now() / 1000;

  function say(on) {
    live.textContent = on ? live.dataset.on : live.dataset.off;
    live.className = on ? "live on" : "live off";
  }

  function tick() {
    const now = Date.now() / 1000 + ahead;
    for (const cell of document.querySelectorAll("[data-at]")) {
      const age = Math.max(0, Math.floor(now - Number(cell.dataset.at)));
      const step = age < 60 ? 0 : age < 3600 ? 1 : age < 86400 ? 2 : 3;
      const text = units[step].replace("#", Math.floor(age / [1, 60, 3600, 86400][step]));
      if (cell.textContent !== text) cell.textContent = text;
    }
  }

  function addTaps(html) {
    const body = part("taps");
    const first = !body.rows.length;
    const incoming = document.createElement("tbody");
    incoming.innerHTML = html;
    for (const row of [...incoming.rows].reverse()) {
      const old = document.getElementById(row.id);
      if (first) row.classList.remove("fresh");
      if (!old) body.prepend(row);
      else if (old.textContent !== row.textContent) old.replaceWith(row);
    }
    while (body.rows.length > ROWS_MAX) body.lastElementChild.remove();
  }

  const source = new EventSource(desk.dataset.events);
  source.onopen = () => say(true);
  source.onerror = () => {
    say(false);
    // A closed stream (server full, or the session ended) is not tried again by the browser.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 10000);
  };
  for (const name of ["totals", "glance", "terminals", "reach"]) {
    source.addEventListener(name, (event) => { part(name).innerHTML = event.data; tick(); });
  }
  source.addEventListener("taps", (event) => addTaps(event.data));
  setInterval(tick, 1000);
})();
