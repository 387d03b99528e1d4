// The holder's money: topping up, and what was paid. Each request is signed by the phone (phone.js).
"use strict";
document.addEventListener("phone", ({ detail: { wish, see, back, element, part } }) => {
  const EVERY_MS = 2500;
  const words = JSON.parse(part("money-words").textContent);
  const yuan = (fen) => `${fen < 0 ? "−" : ""}${Math.floor(Math.abs(fen) / 100)}.${String(Math.abs(fen) % 100).padStart(2, "0")}`;
  const when = (utcS) => new Date(utcS * 1000).toLocaleString(document.documentElement.lang,
    { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
  const OPEN = ["ordered", "paid", "returning"];
  let told = null;
  let chosen = { card: 0, fen: 0 };
  let looking = 0;

  function line(head, amount, ...tail) {
    const made = element("li");
    const first = element("p", "", "first");
    first.append(element("b", head), element("b", amount, "sum"));
    made.append(first, ...tail);
    return made;
  }

  function targets() {
    const made = told.cards.filter((one) => !one.listed || one.is_phone).map((one) => {
      const label = element("label", "", "target");
      const radio = element("input");
      Object.assign(radio, { type: "radio", name: "card", value: one.card, checked: one.card === chosen.card });
      radio.addEventListener("change", () => { chosen.card = one.card; show(); });
      const text = element("span");
      text.append(element("b", one.is_phone ? words.phone : `${words.card} ${one.card}`));
      if (one.account_fen) {
        const said = one.account_fen < 0 ? words.owes : words.waiting;
        text.append(element("small", said.replace("#", yuan(Math.abs(one.account_fen)))));
      }
      label.append(radio, text, element("b", yuan(one.purse_fen), "sum"));
      return label;
    });
    part("targets").replaceChildren(...made);
  }

  function amounts() {
    if (!told) return 0;
    part("amounts").replaceChildren(...told.offered_fen.map((fen) => {
      const button = element("button", fen / 100, fen === chosen.fen && !part("own").value ? "" : "quiet");
      button.type = "button";
      button.addEventListener("click", () => { part("own").value = ""; chosen.fen = fen; show(); });
      return button;
    }));
    const said = part("own").value.trim();
    const whole = /^(\d{1,3})(?:\.(\d{1,2}))?$/.exec(said);
    const fen = said ? (whole ? Number(whole[1]) * 100 + Number((whole[2] || "").padEnd(2, "0")) : 0) : chosen.fen;
    const fits = fen >= told.least_fen && fen <= told.most_fen && fen <= told.left_fen;
    part("left-today").textContent = !told.channels.length ? words.nochannel
      : fen > told.left_fen && fen <= told.most_fen ? words.limit
        : said && !fits ? words.amount : words.left.replace("#", yuan(told.left_fen));
    part("pay").textContent = words.channel.replace("#", `¥${yuan(fen)}`);
    part("pay").disabled = !fits || !told.channels.length;
    return fits ? fen : 0;
  }

  function orders() {
    part("orders").replaceChildren(...told.topups.map((one) => {
      const small = element("small", `${when(one.made_utc_s)} · ${one.number}`);
      const tag = element("span", words.states[one.state], `tag ${one.state}`);
      const tail = element("p", "", "first");
      tail.append(small, tag);
      if (one.fee) return line(words.fee, yuan(one.amount_fen), tail);
      return line(one.card === told.cards[0].card ? words.phone : `${words.card} ${one.card}`, `+${yuan(one.amount_fen)}`, tail);
    }));
    if (!told.topups.length) part("orders").append(element("li", words.none, "hint"));
  }

  function show() {
    targets();
    amounts();
    orders();
  }

  async function look(page, draw, trouble) {
    clearTimeout(looking);
    if (part(page).hidden || document.hidden) return;
    try {
      told = await wish("money", {});
      if (!chosen.card) chosen = { card: told.cards[0].card, fen: told.offered_fen[1] };
      draw();
      part(trouble).textContent = "";
    } catch {
      part(trouble).textContent = words.unreached;
    }
    if (!told || told.topups.some((one) => OPEN.includes(one.state))) looking = setTimeout(() => look(page, draw, trouble), EVERY_MS);
  }

  const money = () => look("money", show, "no-money");
  const past = () => look("records", () => document.dispatchEvent(new CustomEvent("records", {
    detail: { told, wish, element, part, line, yuan, when, again: past },
  })), "no-records");

  const owed = () => look("fees", () => document.dispatchEvent(new CustomEvent("fees", {
    detail: { told, wish, element, part, line, yuan, when, again: owed },
  })), "no-fees");

  // Once, where there is a network: what is due stands below the code.
  async function remind() {
    try {
      const due = (await wish("money", {})).fees.filter((one) => one.state === "due");
      const button = part("due");
      button.hidden = !due.length;
      if (!due.length) return;
      const more = due.length > 1 ? ` · ${words.more.replace("#", due.length - 1)}` : "";
      button.replaceChildren(element("b", words.due.replace("#item", () => due[0].item).replace("#yuan", yuan(due[0].amount_fen))),
        element("small", words.by.replace("#", due[0].due) + more));
    } catch { /* the code works all the same */ }
  }

  part("order").addEventListener("submit", async (event) => {
    event.preventDefault();
    const fen = amounts();
    if (!fen) return;
    part("pay").disabled = true;
    try {
      const made = await wish("topup", { channel: told.channels[0].name, card: chosen.card, amount_fen: fen });
      location.assign(made.pay_url);
    } catch (failure) {
      part("no-money").textContent = failure.status === 503 ? words.away : failure.status === 400 ? words.limit : words.unreached;
      part("pay").disabled = false;
    }
  });
  part("own").addEventListener("input", amounts);
  part("top-up").addEventListener("click", () => { see("money"); money(); });
  part("past").addEventListener("click", () => { see("records"); past(); });
  for (const one of ["due", "to-fees"]) part(one).addEventListener("click", () => { see("fees"); owed(); });
  for (const button of document.querySelectorAll("[data-back]")) button.addEventListener("click", back);
  document.addEventListener("visibilitychange", () => { money(); past(); owed(); });
  if (location.hash === "#money") setTimeout(() => { see("money"); money(); });
  else if (location.hash === "#fees") setTimeout(() => { see("fees"); owed(); });
  remind();
});
