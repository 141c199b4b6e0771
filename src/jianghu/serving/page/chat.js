// The chat on a page: it is put into an element, connected, and taken away again; what is being written goes on.

import * as api from "./api.js";
import { ask, isWriting, stop } from "./ask.js";
import { chatNode, toolNodes } from "./chat_view.js";
import { chooseColumns, columns, renderColumns } from "./columns.js";
import { byId, h } from "./dom.js";
import { download } from "./download.js";
import { prepareSettings, renderSettings, resetSettings } from "./settings.js";
import { onOthers, save, state, takeFromOthers } from "./store.js";
import { castVote, context, renderTalk, votable } from "./talk.js";
import { note, renderTalks, toggleTalks } from "./talk_list.js";
import { openTalk, path } from "./talks.js";
import { setLanguage, t } from "./words.js";

const EXAMPLES = 4;
let turnOfExamples = 0;
let page = { onKey: () => {}, withKeys: true };

/** Keys of the chat, with their words. */
export function chatKeys() {
  const votes = context.about?.workspace && { "1 2 3": "key_vote", "=": "key_tie", 0: "key_none" };
  const book = context.about?.open_book && { o: "key_open" };
  return { "/": "key_focus", Esc: "key_stop", ...votes, ...book, ",": "key_settings" };
}

/**
 * Put the chat into an element, its buttons into another.
 *
 * @param onKey what to do where the server asks for a key
 * @param withKeys whether it lists its keys itself, at "?"
 * @returns what takes it away again
 */
export async function openChat(view, tools, { onKey = () => {}, withKeys = true } = {}) {
  page = { onKey, withKeys };
  tools.prepend(...toolNodes());
  view.append(chatNode(withKeys));
  context.submit = submit;
  takeFromOthers();
  const forgets = [connect(), onOthers(() => {
    takeFromOthers();
    drawTalks();
  })];
  state.mode ??= "ask";
  drawChat();
  await begin();
  return () => {
    for (const forget of forgets) forget();
  };
}

/** Ask what is served, and draw what follows from it. */
export async function begin() {
  try {
    context.about = await api.about();
  } catch (problem) {
    if (problem.status === 401) return page.onKey();
    if (byId("shelf")) byId("shelf").textContent = problem.message || t("unreachable");
    return;
  }
  if (!byId("text")) return; // the reader has gone to another room
  const { checkpoints, settings, most_tokens: most } = context.about;
  prepareSettings(settings, most);
  if (!checkpoints.some(({ kind }) => kind === "chat") && !path().length) state.mode = "continue";
  chooseColumns();
  byId("open-book-switch").hidden = !context.about.open_book;
  drawChat();
  showLast();
  if (!matchMedia("(pointer: coarse)").matches) byId("text").focus({ preventScroll: true });
}

/** Everything whose words depend on language or state. */
export function drawChat() {
  setLanguage(state.language);
  byId("open-book").checked = state.openBook;
  for (const radio of document.querySelectorAll("[name=mode]")) radio.checked = radio.value === state.mode;
  byId("text").placeholder = t(`placeholder_${state.mode}`);
  byId("text").setAttribute("aria-label", t(`placeholder_${state.mode}`));
  byId("examples-title").textContent = t(`examples_${state.mode}`);
  drawWriting();
  drawTalks();
  if (page.withKeys) drawKeys();
  if (context.about) {
    renderColumns();
    renderSettings();
    drawExamples(state.mode);
  }
}

function drawTalks() {
  renderTalks(show);
  renderTalk();
}

/** After another talk was chosen, or another mode. */
function show() {
  drawChat();
  showLast();
}

function drawWriting() {
  byId("send").hidden = isWriting();
  byId("stop").hidden = !isWriting();
}

async function drawExamples(mode) {
  let found;
  try {
    found = await api.examples(EXAMPLES, turnOfExamples);
  } catch {
    return; // the page works without examples
  }
  if (!byId("examples")) return;
  const rows = mode === "continue" ? found.beginnings : found.questions;
  byId("shelf").textContent = found.books?.length ? t("on_shelf", { books: found.books.map((b) => `《${b}》`).join(" ") }) : "";
  byId("examples").replaceChildren(...rows.map((row) => h("li", {},
    h("button", { type: "button", class: "example", onclick: () => submit(row.text, mode) }, h("span", { lang: "zh-Hans" }, row.text),
      h("small", {}, row.book ? t("from_book", row) : t(row.split === "train" ? "taught" : "never_taught"))))));
  document.querySelector(".examples").hidden = rows.length === 0;
}

function submit(text, mode = state.mode, names = state.columns[mode], beside = null) {
  if (isWriting() || !context.about?.checkpoints.length || !text.trim()) return;
  ask(mode === "ask" ? text.trim() : text, mode, [...names], (what) => {
    if (!byId("send")) return;
    drawWriting();
    if (what === "begun") showLast();
    renderTalks(show);
    if (what === "key") page.onKey();
  }, beside);
}

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

function drawKeys() {
  byId("keys-list").replaceChildren(...Object.entries({ ...chatKeys(), "?": "key_keys" }).flatMap(([key, word]) => [
    h("dt", {}, key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, t(word))]));
}

function toggle(id) {
  const dialog = byId(id);
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

function newTalk() {
  const had = path().length > 0;
  stop();
  const back = openTalk(null);
  turnOfExamples += 1;
  drawChat();
  byId("text").focus();
  if (had) note(t("begun"), () => {
    back();
    show();
  });
}

function change(values) {
  Object.assign(state, values);
  save();
  drawChat();
}

function onKeyDown(event) {
  const typing = event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select");
  const open = document.querySelector("dialog[open]");
  if (event.key === "Escape" && !open && isWriting()) return stop();
  if (event.key === "Escape" && !open) return toggleTalks(false);
  if (typing || event.ctrlKey || event.metaKey || event.altKey || open) return;
  const turn = path().at(-1);
  const choice = { "=": "tie", 0: "none", 1: 0, 2: 1, 3: 2 }[event.key];
  if (choice !== undefined && turn && votable(turn) && (typeof choice === "string" || choice < turn.answers.length)) {
    castVote(turn, choice);
  } else if (event.key === "/") byId("text").focus();
  else if (event.key === "?" && page.withKeys) toggle("keys");
  else if (event.key === ",") toggle("settings");
  else if (event.key === "o" && context.about?.open_book) change({ openBook: !state.openBook });
  else return;
  event.preventDefault();
}

/** Keys and buttons. Returns what forgets those that are not the chat's own elements. */
function connect() {
  const click = (id, handler) => byId(id).addEventListener("click", handler);
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
  click("stop", stop);
  click("new", newTalk);
  click("more", () => {
    turnOfExamples += 1;
    drawExamples(state.mode);
  });
  click("open-talks", () => toggleTalks());
  click("open-settings", () => toggle("settings"));
  click("download", () => {
    toggle("save-as");
    byId("save-as").querySelector("[value=md]").focus();
  });
  click("reset", resetSettings);
  if (page.withKeys) click("open-keys", () => toggle("keys"));
  byId("save-as").addEventListener("close", () => {
    if (byId("save-as").returnValue) download(byId("save-as").returnValue);
    byId("save-as").returnValue = "";
  });
  byId("open-book").addEventListener("change", (event) => change({ openBook: event.target.checked }));
  for (const radio of document.querySelectorAll("[name=mode]")) {
    radio.addEventListener("change", () => change({ mode: radio.value }));
  }
  for (const dialog of document.querySelectorAll(".chat dialog")) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // beside the box
    });
  }
  // Votes stay in sight above the box where one writes, however high that is.
  const measured = new ResizeObserver(() => document.documentElement.style.setProperty("--composer", `${byId("composer")?.offsetHeight ?? 0}px`));
  measured.observe(byId("composer"));
  document.addEventListener("keydown", onKeyDown);
  return () => {
    measured.disconnect();
    document.removeEventListener("keydown", onKeyDown);
  };
}
