// The studio's frame: rooms by the address, language, colours, keys, the connection. A room is a module of its name:
//
//   export const keys = {"j k": "key_next"};                  // optional: what `?` lists, words of the room's table
//   export async function open(view, studio) { …; return () => { /* leave: stop timers and listeners */ } }
//
// `view` is an empty element; `studio` is what a room may use of the frame, see `studioFor`.

import { byId, h } from "../chat/dom.js";
import { askForKey, confirm, toast } from "./dialogs.js";
import { get, listen, on, patch, post, remove, speech, upload } from "./server.js";
import { LANGUAGES, preferred, said, WORDS } from "./words.js";

const ROOMS = { s: "shelf", r: "records", t: "training", e: "exam", c: "talk", p: "report" };
const THEMES = { auto: "◐", light: "☀", dark: "☾" };
const PLACE = "jianghu.studio";
const SECOND_KEY_MS = 1500; // time for the second key after g

const kept = { lang: null, theme: "auto", ...read() };
kept.lang ??= preferred();

let leave = () => {}; // the open room's
let opened = 0; // counts rooms, so that one that opens slowly does not overwrite the next
let roomModule = {}; // whose `keys` may change while it is open
let tables = [WORDS]; // the open room's words before the frame's
let goingSince = -Infinity; // when g was pressed

function read() {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "{}");
  } catch {
    return {};
  }
}

function keep(values) {
  Object.assign(kept, values);
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // storage is off: the choice lasts as long as the page
  }
}

const tr = (key, values) => said(tables, key, kept.lang, values);
const own = (key) => said([WORDS], key, kept.lang);

/** The room and what follows "?" in the address after "#/". */
function address() {
  const [room, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { room: Object.values(ROOMS).includes(room) ? room : "shelf", params: new URLSearchParams(query) };
}

/** What a room may use of the frame. */
function studioFor(room, params) {
  return {
    get, post, patch, remove, upload, on,
    /** A text of the room's table, else of the frame's. */
    tr,
    lang: kept.lang,
    /** What follows "?" in the address: a URLSearchParams. */
    params,
    /** Go to a room: `go("#/exam?file=x")`. */
    go: (hash) => (location.hash = hash),
    /** Write into the address where the reader is in this room, without opening the room anew. */
    note: (values) => {
      for (const [name, value] of Object.entries(values)) value ? params.set(name, value) : params.delete(name);
      history.replaceState(null, "", `#/${room}${params.size ? `?${params}` : ""}`);
    },
    /** toast(text, {action: {label, run}, bad: true}) */
    toast,
    /** Whether the reader agrees; `yes` names what will be done. */
    confirm: (text, yes = tr("yes")) => confirm(text, yes),
  };
}

async function openRoom() {
  const mine = ++opened;
  const { room, params } = address();
  leave();
  leave = () => {};
  roomModule = {};
  const view = h("div", { class: `room in-${room} ${room === "talk" ? "" : room}` }); // .talk is the chat's own
  byId("room").replaceChildren(view);
  document.body.dataset.room = room;
  for (const link of document.querySelectorAll(".rooms a")) {
    if (link.dataset.room === room) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    const [module, words] = await Promise.all([import(`./${room}.js`), import(`./words/${room}.js`)]);
    if (mine !== opened) return;
    tables = [Object.values(words)[0], WORDS];
    roomModule = module;
    document.title = `${tr(room)} · 江湖 Jianghu`;
    const left = await module.open(view, studioFor(room, params));
    if (mine === opened) leave = left ?? leave;
    else left?.();
  } catch (problem) {
    if (mine !== opened) return;
    view.replaceChildren(h("section", { class: "failure", role: "alert" }, h("p", {}, problem.message),
      h("button", { type: "button", class: "outline", onclick: openRoom }, tr("again"))));
    if (problem.status === undefined) console.error(problem);
  }
}

/** The words of the frame in the reader's language, and its colours. */
function draw() {
  speech.language = kept.lang;
  speech.unreachable = own("unreachable");
  document.documentElement.lang = kept.lang === "zh" ? "zh-Hans" : "en";
  document.documentElement.dataset.theme = kept.theme;
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = own(node.dataset.say);
  for (const node of document.querySelectorAll("[data-name]")) {
    node.setAttribute("aria-label", own(node.dataset.name));
    if (node.tagName === "BUTTON") node.title = own(node.dataset.name);
  }
  byId("studio-theme").textContent = THEMES[kept.theme];
  byId("studio-theme").title = own(`theme_${kept.theme}`);
  byId("studio-theme").setAttribute("aria-label", own(`theme_${kept.theme}`));
  byId("studio-language").lang = kept.lang === "en" ? "zh-Hans" : "en";
  byId("busy").title = own("running");
}

function showKeys() {
  const rows = { ...roomModule.keys, [`g ${Object.keys(ROOMS).join("/")}`]: "key_rooms", "?": "key_keys", Esc: "key_close" };
  byId("studio-keys-list").replaceChildren(...Object.entries(rows).flatMap(([keys, word]) => [
    h("dt", {}, keys.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, tr(word))]));
  byId("studio-keys").showModal();
}

/** Keys of the frame come before those of a room: after g, the next key is a room's. */
function onKey(event) {
  const typing = event.target.closest?.("input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const going = event.timeStamp - goingSince < SECOND_KEY_MS;
  goingSince = -Infinity; // not 0: that is when the page was opened, and a key soon after it would be the second
  if (going && ROOMS[event.key]) location.hash = `#/${ROOMS[event.key]}`;
  else if (event.key === "g") goingSince = event.timeStamp;
  else if (event.key === "?") showKeys();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Whether something is being computed shows beside Training in every room. */
async function watchJobs() {
  const update = async () => {
    try {
      const { jobs } = await get("/jobs");
      byId("busy").hidden = !jobs.some(({ state }) => state === "running");
    } catch {
      // the connection says so itself
    }
  };
  on("job", update);
  on("back", update);
  await update();
}

byId("studio-theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  keep({ theme: names[(names.indexOf(kept.theme) + 1) % names.length] });
  draw();
});
byId("studio-language").addEventListener("click", () => {
  keep({ lang: LANGUAGES[1 - LANGUAGES.indexOf(kept.lang)] });
  draw();
  openRoom();
});
byId("studio-keys-open").addEventListener("click", showKeys);
byId("to-room").addEventListener("click", () => byId("room").focus());
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside the box
  });
}
document.addEventListener("keydown", onKey, true);
addEventListener("hashchange", () => {
  openRoom();
  byId("room").focus({ preventScroll: true });
});
on("lost", () => (byId("lost").hidden = false));
on("back", () => {
  byId("lost").hidden = true;
  toast(tr("back"));
});
speech.onKey = askForKey;

draw();
openRoom();
listen();
watchJobs();
