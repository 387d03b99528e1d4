// Fees that an office ordered: what is due, and paying it (phone-money.js asks for them).
"use strict";
document.addEventListener("fees", ({ detail: { told, wish, element, part, line, yuan, when, again } }) => {
  const words = JSON.parse(part("fee-words").textContent);
  const tag = (one) => element("span", one.is_overdue ? words.overdue : words.states[one.state], `tag ${one.is_overdue ? "overdue" : one.state}`);

  async function pay(one, how, button) {
    button.disabled = true;
    part("no-fees").textContent = "";
    try {
      const made = await wish("fee", how === "purse" ? { fee: one.id, how } : { fee: one.id, how, channel: told.channels[0].name });
      if (made.pay_url) location.assign(made.pay_url);
      else again();
    } catch (failure) {
      part("no-fees").textContent = failure.status === 503 ? words.away : failure.status === 400 ? words.refused : words.unreached;
      button.disabled = false;
    }
  }

  function ways(one) {
    const box = element("div", "", "ways");
    const purse = told.cards[0];
    if (told.channels.length) {
      const button = element("button", words.channel.replace("#", `¥${yuan(one.amount_fen)}`));
      button.addEventListener("click", () => pay(one, "channel", button));
      box.append(button);
    }
    if (purse.purse_fen >= one.amount_fen) {
      const button = element("button", words.purse.replace("#", yuan(purse.purse_fen)), "quiet");
      button.addEventListener("click", () => {
        if (!button.dataset.sure) { button.dataset.sure = "1"; button.textContent = words.sure.replace("#", yuan(one.amount_fen)); return; }
        pay(one, "purse", button);
      });
      box.append(button);
    }
    if (!box.children.length) box.append(element("p", words.desk, "hint"));
    return box;
  }

  part("fee-list").replaceChildren(...told.fees.map((one) => {
    const tail = element("p", "", "first");
    const said = one.state === "paid" ? `${words.hows[one.how]} · ${when(one.paid_utc_s)}` : one.why || words.by.replace("#", one.due);
    tail.append(element("small", said), tag(one));
    return line(one.item, yuan(one.amount_fen), tail, ...(one.state === "due" ? [ways(one)] : []));
  }));
  if (!told.fees.length) part("fee-list").append(element("li", words.none, "hint"));
});
