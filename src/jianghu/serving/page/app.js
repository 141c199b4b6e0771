// The chat page's start: the head with language and colours, and the chat below it.

import * as api from "./api.js";
import { begin, drawChat, openChat } from "./chat.js";
import { byId } from "./dom.js";
import { save, state } from "./store.js";
import { context } from "./talk.js";
import { LANGUAGES, preferred } from "./words.js";

const THEMES = { auto: "◐", light: "☀", dark: "☾" };

function draw() {
  document.documentElement.dataset.theme = state.theme;
  drawChat();
  byId("theme").textContent = THEMES[state.theme];
  byId("language").lang = state.language === "en" ? "zh-Hans" : "en";
}

function change(values) {
  Object.assign(state, values);
  byId("theme").dataset.label = `theme_${state.theme}`;
  save();
  draw();
}

state.language ??= preferred();
byId("theme").dataset.label = `theme_${state.theme}`;
byId("language").addEventListener("click", () => change({ language: LANGUAGES[1 - LANGUAGES.indexOf(state.language)] }));
byId("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  change({ theme: names[(names.indexOf(state.theme) + 1) % names.length] });
});
byId("key").addEventListener("close", () => {
  api.key.set(byId("key-value").value);
  byId("key-value").value = "";
  if (!context.about) begin();
});
openChat(byId("view"), byId("tools"), { onKey: () => byId("key").open || byId("key").showModal() });
draw();
