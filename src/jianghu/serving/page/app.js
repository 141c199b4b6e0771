// The page's start: reads what is served, draws the page, and connects keys and buttons.

import * as api from "./api.js";
import { ask, isWriting, stop } from "./ask.js";
import { renderColumns } from "./columns.js";
import { byId, h } from "./dom.js";
import { prepareSettings, renderSettings, resetSettings } from "./settings.js";
import { save, state } from "./store.js";
import { castVote, context, renderTalk, votable } from "./talk.js";
import { LANGUAGES, preferred, setLanguage, t } from "./words.js";

const THEMES = { auto: "◐", light: "☀", dark: "☾" };
const EXAMPLES = 4;
let turnOfExamples = 0;

async function start() {
  state.language ??= preferred();
  draw();
  try {
    context.about = await api.about();
  } catch (problem) {
    if (problem.status === 401) return askForKey();
    byId("shelf").textContent = problem.message || t("unreachable");
    return;
  }
  const { checkpoints, settings, most_tokens: most } = context.about;
  context.kinds = new Map(checkpoints.map(({ name, kind }) => [name, kind]));
  prepareSettings(settings, most);
  state.columns = state.columns.filter((name) => context.kinds.has(name));
  if (!state.columns.length) state.columns = [(checkpoints.find(({ kind }) => kind === "chat") ?? checkpoints[0]).name];
  state.mode ??= context.kinds.get(state.columns[0]) === "base" ? "continue" : "ask";
  byId("open-book-switch").hidden = !context.about.open_book;
  draw();
  showLast();
  byId("text").focus();
}

/** Everything whose words depend on language or state. */
function draw() {
  setLanguage(state.language);
  document.documentElement.dataset.theme = state.theme;
  byId("theme").textContent = THEMES[state.theme];
  byId("theme").title = t(`theme_${state.theme}`);
  byId("theme").setAttribute("aria-label", t(`theme_${state.theme}`));
  byId("language").lang = state.language === "en" ? "zh-Hans" : "en";
  byId("open-book").checked = state.openBook;
  for (const radio of document.querySelectorAll("[name=mode]")) radio.checked = radio.value === state.mode;
  drawMode();
  renderTalk();
  drawKeys();
  if (context.about) {
    renderColumns();
    renderSettings();
  }
}

function drawMode() {
  const mode = state.mode ?? "ask";
  byId("text").placeholder = t(`placeholder_${mode}`);
  byId("text").setAttribute("aria-label", t(`placeholder_${mode}`));
  byId("examples-title").textContent = t(`examples_${mode}`);
  document.body.classList.toggle("continuing", mode === "continue");
  if (context.about) drawExamples(mode);
}

async function drawExamples(mode) {
  let found;
  try {
    found = await api.examples(EXAMPLES, turnOfExamples);
  } catch {
    return; // the page works without examples
  }
  const rows = mode === "continue" ? found.beginnings : found.questions;
  byId("shelf").textContent = found.books?.length ? t("on_shelf", { books: found.books.map((b) => `《${b}》`).join(" ") }) : "";
  byId("examples").replaceChildren(...rows.map((row) => h("li", {},
    h("button", { type: "button", class: "example", onclick: () => submit(row.text, mode) }, h("span", { lang: "zh-Hans" }, row.text),
      h("small", {}, row.book ? t("from_book", row) : t(row.split === "train" ? "taught" : "never_taught"))))));
  document.querySelector(".examples").hidden = rows.length === 0;
}

function submit(text, mode = state.mode, columns = state.columns) {
  if (isWriting() || !context.about || !text.trim()) return;
  ask(mode === "ask" ? text.trim() : text, mode, [...columns], (what) => {
    byId("send").hidden = isWriting();
    byId("stop").hidden = !isWriting();
    if (what === "begun") showLast();
    if (what === "key") askForKey();
  });
}
context.submit = submit;

/** The last question at the top, its answers below it: nothing moves while they are being written. */
function showLast() {
  byId("talk").lastElementChild?.scrollIntoView({ block: "start" });
}

function send() {
  const box = byId("text");
  if (isWriting() || !box.value.trim()) return;
  submit(box.value);
  box.value = "";
  grow();
}

function grow() {
  const box = byId("text");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, innerHeight * 0.4)}px`;
}

async function askForKey() {
  byId("key").showModal();
}

function drawKeys() {
  const votes = context.about?.workspace && { "1 2 3": "key_vote", "=": "key_tie", 0: "key_none" };
  const book = context.about?.open_book && { o: "key_open" };
  const rows = { "/": "key_focus", Esc: "key_stop", ...votes, ...book, ",": "key_settings", "?": "key_keys" };
  byId("keys-list").replaceChildren(...Object.entries(rows).flatMap(([key, word]) => [
    h("dt", {}, key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, t(word))]));
}

function toggle(id) {
  const dialog = byId(id);
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

function newTalk() {
  stop();
  state.turns = [];
  turnOfExamples += 1;
  save();
  draw();
  byId("text").focus();
}

function change(values) {
  Object.assign(state, values);
  save();
  draw();
}

function onKey(event) {
  const typing = event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select");
  if (event.key === "Escape" && isWriting() && !document.querySelector("dialog[open]")) return stop();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const turn = state.turns.at(-1);
  const choice = { "=": "tie", 0: "none", 1: 0, 2: 1, 3: 2 }[event.key];
  if (choice !== undefined && turn && votable(turn) && (typeof choice === "string" || choice < turn.answers.length)) {
    castVote(turn, choice);
  } else if (event.key === "/") byId("text").focus();
  else if (event.key === "?") toggle("keys");
  else if (event.key === ",") toggle("settings");
  else if (event.key === "o" && context.about?.open_book) change({ openBook: !state.openBook });
  else return;
  event.preventDefault();
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
byId("text").addEventListener("keydown", (event) => {
  // An input method's Enter takes a Chinese word over and sends nothing.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    send();
  }
});
byId("text").addEventListener("input", grow);
byId("stop").addEventListener("click", stop);
byId("new").addEventListener("click", newTalk);
byId("more").addEventListener("click", () => {
  turnOfExamples += 1;
  drawExamples(state.mode);
});
byId("language").addEventListener("click", () => change({ language: LANGUAGES[1 - LANGUAGES.indexOf(state.language)] }));
byId("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  change({ theme: names[(names.indexOf(state.theme) + 1) % names.length] });
});
byId("open-settings").addEventListener("click", () => toggle("settings"));
byId("open-keys").addEventListener("click", () => toggle("keys"));
byId("reset").addEventListener("click", resetSettings);
byId("open-book").addEventListener("change", (event) => change({ openBook: event.target.checked }));
for (const radio of document.querySelectorAll("[name=mode]")) {
  radio.addEventListener("change", () => change({ mode: radio.value }));
}
byId("key").addEventListener("close", () => {
  api.key.set(byId("key-value").value);
  byId("key-value").value = "";
  if (!context.about) start();
});
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside the box
  });
}
document.addEventListener("keydown", onKey);
start();
