// The code of a phone: bytes as in docs/code.md. The private key is made here and cannot be taken out.
"use strict";
(() => {
  const EVERY_MS = 15000;
  const RENEW_BEFORE_S = 3 * 86400;
  const EXPIRY_AT = 11; // in the authorisation
  const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  const ECDSA = { name: "ECDSA", namedCurve: "P-256" };
  const SHA = { name: "ECDSA", hash: "SHA-256" };
  const part = (name) => document.getElementById(name);
  const words = JSON.parse(part("words").textContent);
  const text = (string) => new TextEncoder().encode(string);

  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const octets = (string) => Uint8Array.from(string.match(/../g) || [], (pair) => parseInt(pair, 16));
  const join = (...pieces) => Uint8Array.from(pieces.flatMap((piece) => [...piece]));
  const number = (value, width) =>
    Uint8Array.from({ length: width }, (_, at) => Math.floor(value / 256 ** (width - 1 - at)) & 255);

  function base45(bytes) {
    let out = "";
    for (let at = 0; at < bytes.length; at += 2) {
      const pair = at + 1 < bytes.length;
      let value = pair ? bytes[at] * 256 + bytes[at + 1] : bytes[at];
      for (let turn = pair ? 3 : 2; turn; turn--) {
        out += LETTERS[value % 45];
        value = Math.floor(value / 45);
      }
    }
    return out;
  }

  // One record in the browser's own database: {pair, card, name, authorised, ahead_s, counter}.
  function kept(mode, act) {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open("campus-code", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("phone");
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const work = opening.result.transaction("phone", mode);
        const asked = act(work.objectStore("phone"));
        work.oncomplete = () => { opening.result.close(); resolve(asked.result); };
        work.onerror = () => reject(work.error);
      };
    });
  }
  const load = () => kept("readonly", (shelf) => shelf.get("me"));
  const save = (me) => kept("readwrite", (shelf) => shelf.put(me, "me"));

  async function ask(path, body) {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw Object.assign(new Error(), { status: answer.status });
    return answer.json();
  }

  function take(me, told) {
    me.card = told.card;
    me.name = told.name;
    me.authorised = octets(told.authorised);
    me.ahead_s = told.utc_s - Math.floor(Date.now() / 1000); // the server's clock counts
    me.isLost = false;
  }

  const nowS = (me) => Math.floor(Date.now() / 1000) + me.ahead_s;
  const expiryS = (me) => me.authorised.slice(EXPIRY_AT, EXPIRY_AT + 4).reduce((sum, byte) => sum * 256 + byte, 0);

  async function bind(ticket) {
    const pair = await crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
    const me = { pair, counter: 0 };
    take(me, await ask("/api/phone/enrol", {
      ticket, public_key: hex(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))),
    }));
    await save(me);
    return me;
  }

  async function renew(me) {
    const now = Math.floor(Date.now() / 1000) + me.ahead_s;
    const said = join(text("campus renewal"), number(me.card, 3), number(now, 4));
    const signature = new Uint8Array(await crypto.subtle.sign(SHA, me.pair.privateKey, said));
    try {
      take(me, await ask("/api/phone/renew", { card: me.card, utc_s: now, signature: hex(signature) }));
    } catch (failure) {
      if (failure.status === 403) me.isLost = true;
    }
    await save(me);
  }

  async function draw(me) {
    me.counter += 1;
    await save(me); // a counter is never shown twice, whatever happens to this page
    const body = join(me.authorised, number(nowS(me), 4), number(me.counter, 4));
    const signature = await crypto.subtle.sign(SHA, me.pair.privateKey, join(text("campus code"), body));
    const shown = base45(join(body, new Uint8Array(signature)));
    const code = qrcode(0, "M");
    code.addData(shown, "Alphanumeric");
    code.make();
    paint(code);
    return shown;
  }

  function paint(code) {
    const size = code.getModuleCount();
    const quiet = 4;
    let path = "";
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++)
        if (code.isDark(row, column)) path += `M${column + quiet} ${row + quiet}h1v1h-1z`;
    const svg = part("qr");
    svg.setAttribute("viewBox", `0 0 ${size + 2 * quiet} ${size + 2 * quiet}`);
    svg.innerHTML = `<path fill="#000" d="${path}"/>`;
    svg.dataset.version = (size - 17) / 4;
  }

  function tell(me) {
    const left = expiryS(me) - nowS(me);
    const when = new Date((expiryS(me) - me.ahead_s) * 1000).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    const line = me.isLost ? words.lost : left < 0 ? words.expired
      : navigator.onLine ? words.expires.replace("#", when) : words.offline;
    part("state").textContent = line;
    part("state").className = me.isLost || left < 0 ? "state bad" : "state";
  }

  function see(name) {
    for (const main of document.querySelectorAll("main")) main.hidden = main.id !== name;
  }

  async function stayAwake() {
    try { await navigator.wakeLock.request("screen"); } catch { /* older browsers dim as they like */ }
  }

  let turning = 0;
  async function turn(me) {
    clearTimeout(turning);
    if (document.hidden || part("code").hidden) return; // no counters for nobody
    await draw(me);
    tell(me);
    const bar = part("left");
    bar.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], { duration: EVERY_MS });
    turning = setTimeout(() => turn(me), EVERY_MS);
    if (navigator.onLine && expiryS(me) - nowS(me) < RENEW_BEFORE_S) renew(me).then(() => tell(me));
  }

  // The holder's cards: signed for each time, so a page that somebody else opened shows nothing.
  const LOOK_MS = 2000;
  let looking = 0;

  const signed = async (me, what, now, ...more) =>
    hex(new Uint8Array(await crypto.subtle.sign(SHA, me.pair.privateKey,
      join(text(what), number(me.card, 3), number(now, 4), ...more))));

  async function look(me) {
    clearTimeout(looking);
    if (part("cards").hidden || document.hidden) return;
    try {
      const now = nowS(me);
      const told = await ask("/api/phone/cards", {
        card: me.card, utc_s: now, signature: await signed(me, "campus cards", now),
      });
      showCards(me, told.cards);
      part("trouble").textContent = "";
      const open = told.cards.some((one) => one.version && one.confirmed < one.terminals);
      looking = setTimeout(() => look(me), open ? LOOK_MS : 5 * LOOK_MS);
    } catch {
      part("trouble").textContent = words.unreached;
      looking = setTimeout(() => look(me), 2 * LOOK_MS);
    }
  }

  async function change(me, card, isLost) {
    if (isLost && !confirm(words.sure)) return;
    const now = nowS(me);
    try {
      await ask("/api/phone/loss", {
        card: me.card, utc_s: now, lost: card, is_lost: isLost ? 1 : 0,
        signature: await signed(me, "campus loss", now, number(card, 3), number(isLost ? 1 : 0, 1)),
      });
    } catch {
      part("trouble").textContent = words.unreached;
    }
    look(me);
  }

  function element(name, content, className) {
    const made = document.createElement(name);
    if (content) made.textContent = content;
    if (className) made.className = className;
    return made;
  }

  const clock = (utcS) => new Date(utcS * 1000).toLocaleString(document.documentElement.lang,
    { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });

  function straggler(one) {
    const line = element("li");
    line.append(element("b", `${words.kinds[one.kind] || one.kind} ${one.place}`));
    const when = one.silent_since_utc_s;
    line.append(element("span", one.connected ? words.way
      : when ? words.silent.replace("#when", clock(when)) : words.never));
    return line;
  }

  function showCards(me, cards) {
    part("list").replaceChildren(...cards.map((one) => {
      const isLost = one.listed || one.waits;
      const shown = element("article", "", isLost ? "bad" : "");
      const head = element("header");
      head.append(element("b", `${words.card} ${one.card}`), element("span", isLost ? words.lostword : words.works));
      shown.append(head);
      if (one.waits) shown.append(element("p", words.waits));
      else if (one.version) {
        const line = (one.listed ? words.stopped : words.freed).replace("#n", one.confirmed)
          .replace("#all", one.terminals).replace("#when", one.since_utc_s ? clock(one.since_utc_s) : "–");
        shown.append(element("p", line, "said"));
        const bar = element("progress");
        bar.max = one.terminals || 1;
        bar.value = one.confirmed;
        shown.append(bar);
        if (one.missing.length) {
          shown.append(element("p", words.notyet));
          const list = element("ul");
          list.append(...one.missing.slice(0, 8).map(straggler));
          const more = one.terminals - one.confirmed - 8;
          if (more > 0) list.append(element("li", words.more.replace("#n", more)));
          shown.append(list);
        }
      }
      const button = element("button", isLost ? words.withdraw : words.report, isLost ? "quiet" : "");
      button.type = "button";
      button.addEventListener("click", () => { button.disabled = true; change(me, one.card, !isLost); });
      shown.append(button);
      return shown;
    }));
    if (!cards.length) part("list").append(element("p", words.nocards));
  }

  // The holder's PIN: its digits are signed, sent once, and kept nowhere.
  const pinWords = JSON.parse(part("pin-words").textContent);

  async function pinAsk(me, path, what, more, fields) {
    const now = nowS(me);
    return ask(path, { card: me.card, utc_s: now, signature: await signed(me, what, now, ...more), ...fields });
  }

  function pinTell(me, row) {
    part("pin-state").textContent = row.is_locked ? pinWords.locked : row.is_set ? pinWords.set : pinWords.none;
    part("pin-state").className = row.is_locked ? "state bad" : "state";
    part("pin-unlock").hidden = !row.is_locked;
    part("pin-old-part").hidden = !row.is_set;
    part("pin-form").hidden = row.is_locked;
  }

  async function pinDo(me, act, wrong) {
    part("pin-problem").textContent = "";
    try {
      pinTell(me, await act());
    } catch (failure) {
      if (failure.status === 409) return pinLook(me); // it is locked, or was changed elsewhere
      part("pin-problem").textContent = (wrong || {})[failure.status] || pinWords.unreached;
    }
  }

  const pinLook = (me) => pinDo(me, () => pinAsk(me, "/api/phone/pin/state", "campus cards", [], {}));

  function pinSet(me, event) {
    event.preventDefault();
    const [pin, again, old] = ["new", "again", "old"].map((name) => part(`pin-${name}`).value);
    part("pin-form").reset();
    if (pin !== again) { part("pin-problem").textContent = pinWords.differ; return; }
    pinDo(me, () => pinAsk(me, "/api/phone/pin", "campus pin", [text(pin)], { pin, old }),
      { 400: pinWords.weak, 403: pinWords.wrong });
  }

  const pinUnlock = (me) => pinDo(me,
    () => pinAsk(me, "/api/phone/pin/unlock", "campus unlock", [], {}), { 400: pinWords.often });

  function start(me) {
    part("to-pin").addEventListener("click", () => { see("pin"); pinLook(me); });
    part("pin-form").addEventListener("submit", (event) => pinSet(me, event));
    part("pin-unlock").addEventListener("click", () => pinUnlock(me));
    part("pin-back").addEventListener("click", () => { see("code"); turn(me); });
    part("mine").addEventListener("click", () => { see("cards"); look(me); });
    const back = () => { see("code"); turn(me); };
    part("back").addEventListener("click", back);
    // What else the page does (phone-money.js) asks in this phone's name.
    const wish = async (what, it) => {
      const [now, said] = [nowS(me), JSON.stringify(it)];
      const mark = hex(new Uint8Array(await crypto.subtle.sign(SHA, me.pair.privateKey,
        join(text(`campus ${what}\n`), number(me.card, 3), number(now, 4), text(said)))));
      return ask(`/api/phone/${what}`, { card: me.card, utc_s: now, wish: said, signature: mark });
    };
    document.dispatchEvent(new CustomEvent("phone", { detail: { wish, see, back, element, part } }));
    see("code");
    part("name").textContent = me.name;
    part("card").textContent = me.card;
    stayAwake();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { stayAwake(); turn(me); } });
    for (const name of ["online", "offline"]) addEventListener(name, () => tell(me));
    if (navigator.serviceWorker) navigator.serviceWorker.register("/phone-worker.js");
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
    return turn(me);
  }

  async function begin() {
    if (!window.crypto || !crypto.subtle || !window.indexedDB) return see("cannot");
    let me;
    try { me = await load(); } catch { return see("cannot"); }
    const [ticket] = /^[0-9a-f]{32}$/.exec(location.hash.slice(1)) || [];
    if (!ticket) return me ? start(me) : see("nobody");
    see("invited");
    part("bind").addEventListener("click", async () => {
      part("bind").disabled = true;
      try {
        me = await bind(ticket);
        history.replaceState(null, "", location.pathname);
        await start(me);
      } catch (failure) {
        part("problem").textContent = failure.status === 403 ? words.used : words.unreached;
        part("bind").disabled = false;
      }
    });
  }
  begin();
})();
