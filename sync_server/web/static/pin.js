// A PIN by the desk's link. The digits leave this page once, and are kept nowhere.
"use strict";
(() => {
  const part = (name) => document.getElementById(name);
  const words = JSON.parse(part("pin-words").textContent);
  const ticket = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  part("pin-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [pin, again] = [part("pin-new").value, part("pin-again").value];
    part("pin-problem").textContent = pin === again ? "" : words.differ;
    if (pin !== again) return;
    try {
      const answer = await fetch("/api/pin", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ticket, pin }),
      });
      part("pin-problem").textContent = answer.ok ? "" : answer.status === 403 ? words.used
        : answer.status === 400 ? words.weak : words.unreached;
      part("pin-form").hidden = answer.ok;
      part("done").hidden = !answer.ok;
    } catch {
      part("pin-problem").textContent = words.unreached;
    }
    part("pin-form").reset();
  });
})();
