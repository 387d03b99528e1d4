// What was paid, line by line, and what the holder disputes (phone-money.js asks for both).
"use strict";
document.addEventListener("records", ({ detail: { told, wish, element, part, line, yuan, when, again } }) => {
  const words = JSON.parse(part("money-words").textContent);
  const sign = { reversal: "+", load: "+", settle: "" };
  const disputes = new Map(told.disputes.filter((one) => one.state !== "withdrawn")
    .map((one) => [`${one.terminal}/${one.serial}`, one]));

  async function send(what, it, button) {
    button.disabled = true;
    try {
      await wish(what, it);
      part("no-records").textContent = "";
      again();
    } catch (failure) {
      part("no-records").textContent = failure.status === 400 ? words.refused : words.unreached;
      button.disabled = false;
    }
  }

  function form(one) {
    const [box, sum, said, button] = [element("form", "", "claim"), element("input"), element("textarea"), element("button", words.send)];
    Object.assign(sum, { value: yuan(one.amount_fen), inputMode: "decimal", required: true, pattern: "[0-9]{1,5}([.][0-9]{1,2})?" });
    Object.assign(said, { rows: 3, maxLength: 300, required: true, placeholder: words.what });
    const label = element("label", words.toomuch, "own");
    label.append(sum, element("span", words.yuan));
    box.append(label, said, button);
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      const [whole, rest] = sum.value.split(".");
      const fen = Number(whole) * 100 + Number((rest || "").padEnd(2, "0"));
      send("dispute", { terminal: one.terminal, serial: one.serial, card: one.card, amount_fen: fen, said: said.value.trim() }, button);
    });
    return box;
  }

  function about(one) {
    const box = element("div", "", "case");
    const state = one.outcome ? `closed ${one.outcome}` : one.state;
    const head = element("p", "", "first");
    head.append(element("span", `${words.claimed} ${yuan(one.claimed_fen)}`), element("span", words.cases[state], `tag ${one.outcome || one.state}`));
    box.append(head, element("p", one.said, "hint"));
    if (one.answer) box.append(element("p", `${words.merchant} ${one.answer}`, "hint"));
    if (one.finding) box.append(element("p", `${words.office} ${one.finding}`, "hint"));
    if (one.state === "opened" && !one.answer) box.append(element("small", words.until.replace("#", when(one.answer_until_utc_s))));
    if (["opened", "answered"].includes(one.state)) {
      const button = element("button", words.withdraw, "quiet");
      button.addEventListener("click", () => send("withdraw", { dispute: one.id }, button));
      box.append(button);
    }
    return box;
  }

  function row(one) {
    const tail = element("p", "", "first");
    tail.append(element("small", `${when(one.utc_s)} · ${words.types[one.type] || one.type}`));
    const made = line(one.place || "–", `${sign[one.type] ?? "−"}${yuan(one.amount_fen)}`, tail);
    const dispute = disputes.get(`${one.terminal}/${one.serial}`);
    if (dispute) made.append(about(dispute));
    else if (one.given_back) tail.append(element("span", words.back, "tag booked"));
    else if (one.type === "purchase") {
      const button = element("button", words.dispute, "link");
      button.addEventListener("click", () => { button.remove(); made.append(form(one)); });
      tail.append(button);
    }
    return made;
  }

  const shown = told.taps.filter((one) => one.amount_fen && one.accepted).map(row);
  part("taps").replaceChildren(...(shown.length ? shown : [element("li", words.none, "hint")]));
});
