// One terminal, played: states come over the socket and are shown, orders go back. No rules here.
"use strict";
(() => {
  const WORDS = {
    zh: {
      title: "校园卡终端", reader: "感应区", tray: "桌上的卡和手机", plugs: "插头", says: "屏幕文字",
      how: "点一下放到感应区，再点一下拿走；手机点一下出示二维码。", tears: "付款时提前抽走卡（撕卡）",
      again: "再出示同一个二维码（截图）", power: ["电源已拔", "电源"], network: ["网线已拔", "网络"], tap: ["水龙头关", "水龙头开"], pulses: "个脉冲",
      language: "English", away: "连接中断，请刷新页面", pos: "消费机", gate: "门禁", water: "水控", relay: "电控",
      barrier: "门已开", lane: "通道占用", valve: "阀门开", "relay-valve": "已通电", "relay-tap": ["电器关", "电器开"], held: "拿走", enter: "确认", clear: "清除",
      student: ["学生卡", "有钱"], poor: ["学生卡", "余额 3 元"], expired: ["学生卡", "已过期"],
      lost: ["学生卡", "已挂失"], staff: ["教工卡", "CPU 卡"], phone: ["手机", "出示二维码"],
      doorway: "门口", opens: "刷卡、出门按钮或火警后门才推得开；门开着不关、强行打开，都会报警。", door: ["门关着", "门开着"], exit: "出门按钮", fire: ["火警正常", "火警！"],
      force: "强行推门", "the door is locked": "门锁着，推不开", "there is no door here": "这里没有门",
      "this terminal reads no codes": "这台终端不读二维码", "there is no water here": "这里没有水",
    },
    en: {
      title: "Campus terminal", reader: "Reader", tray: "Cards and a phone on the table", plugs: "Plugs", says: "Words on the screen",
      how: "Click a card to hold it to the reader, again to take it away; the phone shows a code.", tears: "Pull the card away while it pays",
      again: "Show the same code again (a screenshot)", power: ["Power is off", "Power"], network: ["Network is off", "Network"], tap: ["Tap is off", "Tap is on"], pulses: "pulses",
      language: "中文", away: "Not connected: reload the page", pos: "POS", gate: "Gate", water: "Water", relay: "Power",
      barrier: "OPEN", lane: "LANE TAKEN", valve: "VALVE OPEN", "relay-valve": "POWER ON", "relay-tap": ["Appliance is off", "Appliance is on"], held: "take away", enter: "enter", clear: "clear",
      student: ["Student", "well filled"], poor: ["Student", "3 yuan left"], expired: ["Student", "expired"],
      lost: ["Student", "reported lost"], staff: ["Staff", "CPU card"], phone: ["Phone", "shows a code"],
      doorway: "At the door", opens: "It opens after a card, the exit button or a fire alarm. Left open, or forced, it is an alarm.", door: ["Door is shut", "Door is open"], exit: "Exit button", fire: ["No fire", "FIRE ALARM"],
      force: "Push with force",
    },
  };
  const TONES = { ok: [[880, 0, 0.09], [1320, 0.1, 0.14]], warn: [[660, 0, 0.16], [660, 0.24, 0.16]], error: [[220, 0, 0.5]] };
  const KEYS = ["1", "2", "3", "A", "4", "5", "6", "B", "7", "8", "9", "C", ".", "0", "+", "D", "*", "#"];
  const part = (id) => document.getElementById(id);
  const made = (tag, name, text) => Object.assign(document.createElement(tag), { className: name || "", textContent: text || "" });
  let language = localStorage.getItem("language") || "zh";
  let fixed = null;
  let state = null;
  let socket = null;
  let sound = null;
  const word = (name) => WORDS[language][name] || name;
  const here = (name) => WORDS[language][`${state.kind}-${name}`] || word(name);

  function send(order) {
    part("problem").textContent = "";
    sound = sound || new AudioContext();
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(order));
    else part("problem").textContent = word("away");
  }

  function beep(name) {
    for (const [hertz, at_s, for_s] of (sound && TONES[name]) || []) {
      const tone = sound.createOscillator();
      const volume = sound.createGain();
      const begin = sound.currentTime + at_s;
      tone.type = name === "error" ? "square" : "sine";
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.12, begin);
      volume.gain.exponentialRampToValueAtTime(0.001, begin + for_s);
      tone.connect(volume).connect(sound.destination);
      tone.start(begin);
      tone.stop(begin + for_s);
    }
  }

  function keypad() {
    part("keys").replaceChildren(...KEYS.map((key) => {
      const button = made("button", { "#": "enter", "*": "clear" }[key] || (/[+A-D]/.test(key) ? "dish" : ""), key);
      button.dataset.key = key;
      const hint = { "#": "enter", "*": "clear" }[key];
      if (hint) button.append(made("small", "", word(hint)));
      button.addEventListener("click", () => send({ do: "press", keys: key }));
      return button;
    }));
  }

  function tray() {
    part("tray").replaceChildren(...fixed.tray.map((thing, at) => {
      const [name, about] = word(thing.name);
      const card = made("button", `card ${thing.name}${state.held === at ? " away" : ""}`);
      card.dataset.thing = thing.name;
      card.append(made("b", "", name), made("span", "", about), made("i", "", `No. ${thing.card}`));
      card.addEventListener("click", () => (state.held === at
        ? send({ do: "take" })
        : send({ do: "hold", thing: at, tears: part("tears").checked, again: part("again").checked })));
      return card;
    }));
  }

  function terminals() {
    part("terminals").replaceChildren(...fixed.terminals.map((one) => {
      const link = made("a", "", word(one.kind));
      link.href = `/terminal/${one.number}`;
      if (one.number === state.number) link.setAttribute("aria-current", "page");
      return link;
    }));
  }

  function plug(name) {
    const button = part(name);
    button.className = state[name] ? "on" : "";
    button.textContent = here(name)[state[name] ? 1 : 0];
  }

  function show() {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = word("title");
    for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
    part("language").textContent = word("language");
    if (!state) return;
    const held = state.held === null ? null : word(fixed.tray[state.held].name)[0];
    part("device").className = `device${state.power ? "" : " dead"}`;
    part("lamp").className = `lamp ${state.lamp}`;
    part("name").textContent = `${state.name} · ${state.number}`;
    part("outputs").textContent = [...state.outputs.map(here), state.pulses === null ? "" : `${state.pulses} ${word("pulses")}`].join(" ");
    part("glass").src = state.picture;
    part("rows").textContent = state.rows.join("\n");
    part("reader").className = `reader${held ? ` full card ${fixed.tray[state.held].name}` : ""}`;
    part("reader").textContent = held ? `${held} · ${word("held")}` : word("reader");
    part("again-line").hidden = !state.scans;
    plug("power");
    plug("network");
    part("tap").hidden = state.tap === null;
    if (state.tap !== null) plug("tap");
    part("doorway").hidden = state.door === null;
    if (state.door !== null) {
      plug("door");
      plug("fire");
    }
    tray();
    terminals();
  }

  function open() {
    socket = new WebSocket(`ws://${location.host}${location.pathname}/live`);
    socket.addEventListener("message", (event) => {
      const told = JSON.parse(event.data);
      if (told.tray) fixed = told;
      if (told.problem) part("problem").textContent = word(told.problem);
      if (!told.state) return;
      state = told.state;
      state.beeps.forEach(beep);
      show();
    });
    socket.addEventListener("close", () => { part("problem").textContent = word("away"); });
  }

  part("reader").addEventListener("click", () => state && state.held !== null && send({ do: "take" }));
  for (const name of ["power", "network"]) {
    part(name).addEventListener("click", () => send({ do: name, on: !state[name] }));
  }
  part("door").addEventListener("click", () => send({ do: "door", on: !state.door, force: part("force").checked }));
  part("exit").addEventListener("click", () => send({ do: "exit" }));
  part("fire").addEventListener("click", () => send({ do: "fire", on: !state.fire }));
  part("tap").addEventListener("click", () => send({ do: "turn", on: !state.tap }));
  part("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    localStorage.setItem("language", language);
    keypad();
    show();
  });
  document.addEventListener("keydown", (event) => {
    const key = { Enter: "#", Escape: "*", Backspace: "*" }[event.key] || event.key;
    if (KEYS.includes(key) && !event.target.closest("button, input, summary")) send({ do: "press", keys: key });
  });
  keypad();
  show();
  open();
})();
