// The room Shelf: novels are dropped in; beside the list stands what is seen of the chosen one.

import { h } from "../chat/dom.js";
import { cleaned } from "./shelf/cleaned.js";
import { people } from "./shelf/people.js";

export const keys = { "j k": "key_book", a: "key_add", "1 2 3": "key_tab" };

const KINDS = ".txt,.md,.markdown,.html,.htm,.xhtml,.epub,.docx,.pdf,.zip";
const TABS = ["chapters", "cleaned", "people"];

export async function open(view, studio) {
  const { tr } = studio;
  const number = new Intl.NumberFormat(studio.lang === "zh" ? "zh-CN" : "en");
  let shelf = { books: [], bundled: false, max_mb: 500 };
  let chosen = studio.params.get("book");
  let tab = TABS.includes(studio.params.get("tab")) ? studio.params.get("tab") : TABS[0];
  let shown = ""; // what the right side shows: another state draws it anew
  let left = false;

  const picker = h("input", { type: "file", multiple: true, accept: KINDS, class: "unseen", tabindex: -1, "aria-label": tr("add"),
    onchange: () => take([...picker.files]) });
  const sending = h("ul", { class: "sending" });
  const list = h("nav", { class: "books", "aria-label": tr("books") });
  const detail = h("article", { class: "panel book-detail", "aria-live": "off" });
  const split = h("div", { class: "split" }, list, detail);
  const empty = h("section", { class: "empty" }, h("h2", {}, tr("drop")), h("p", {}, tr("formats")),
    h("div", { class: "actions" }, addButton(), bundledButton()));
  const next = h("div", { class: "notice good next", hidden: true }, h("span", {}, tr("next")), " ",
    h("a", { class: "link", href: "#/training" }, tr("to_training")));
  view.append(
    h("header", { class: "head" }, h("div", {}, h("h1", {}, tr("shelf")), h("p", {}, tr("lead"))),
      h("div", { class: "actions", id: "shelf-actions" }, addButton(), bundledButton("quiet"))),
    picker, sending, empty, split, next);

  function addButton() {
    return h("button", { type: "button", class: "solid", onclick: () => picker.click() }, tr("add"));
  }

  function bundledButton(look = "outline") {
    return h("button", { type: "button", class: `${look} bundled`, onclick: () => does(() => studio.post("/shelf/bundled"), "三国演义") }, tr("bundled"));
  }

  /** Do something on the server, and choose the book that it tells of; a refusal is shown. */
  async function does(work, name = null) {
    try {
      const told = await work();
      if (name) chosen = name;
      await refresh();
      return told;
    } catch (problem) {
      studio.toast(problem.message, { bad: true });
      return null;
    }
  }

  async function take(files) {
    picker.value = "";
    for (const file of files) await send(file);
  }

  async function send(file) {
    const bar = h("i");
    const words = h("span", { class: "soft small" }, tr("sending"));
    const row = h("li", {}, h("strong", { class: "serif" }, file.name), h("span", { class: "bar-of" }, bar), words);
    sending.append(row);
    try {
      if (file.size > shelf.max_mb * 2 ** 20) throw new Error(tr("too_large", { mb: shelf.max_mb }));
      const told = await studio.upload(`/shelf/upload?name=${encodeURIComponent(file.name)}`, file, (share) => {
        bar.style.setProperty("--share", `${share * 100}%`);
        bar.style.width = `${share * 100}%`;
        if (share === 1) words.textContent = tr("reading_first");
      });
      row.remove();
      studio.toast(tr(told.already ? "already" : "taken", { name: told.name }));
      chosen = told.name;
      await refresh();
    } catch (problem) {
      bar.parentElement.remove();
      words.textContent = problem.message;
      row.classList.add("refused");
      row.append(h("button", { type: "button", class: "quiet small", onclick: () => row.remove() }, tr("close")));
    }
  }

  async function refresh() {
    const told = await studio.get("/shelf");
    if (left) return;
    shelf = told;
    const names = shelf.books.map((book) => book.name);
    if (!names.includes(chosen)) chosen = names[0] ?? null;
    empty.hidden = names.length > 0;
    split.hidden = names.length === 0;
    next.hidden = !shelf.books.some((book) => book.state === "read");
    view.querySelector("#shelf-actions").hidden = names.length === 0;
    for (const button of view.querySelectorAll(".bundled")) button.hidden = !shelf.bundled || names.includes("三国演义");
    list.replaceChildren(...shelf.books.map(card));
    await show();
  }

  function card(book) {
    const facts = book.state === "read"
      ? tr(book.pieces ? "facts_pieces" : "facts", { chapters: number.format(book.chapters), characters: number.format(book.characters_after) })
      : tr(book.state === "reading" ? "state_reading" : "state_refused");
    const tags = [
      book.copies.length > 0 && h("span", { class: "tag bad" }, tr("copy")),
      (book.structure || book.pieces) && h("span", { class: "tag bad" }, tr("look_at_chapters")),
      book.decided && h("span", { class: "tag good" }, tr("people_decided")),
      book.state === "refused" && h("span", { class: "tag bad" }, tr("refused")),
    ];
    return h("button", { type: "button", class: "card", "aria-current": book.name === chosen && "true",
      onclick: () => choose(book.name) },
    h("h2", {}, book.name), h("span", { class: "soft small number" }, facts), h("span", { class: "tags" }, tags));
  }

  function choose(name) {
    chosen = name;
    studio.note({ book: name });
    for (const button of list.children) {
      if (button.querySelector("h2").textContent === name) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    return show();
  }

  function turn(name) {
    tab = name;
    shown = "";
    studio.note({ tab });
    return show();
  }

  async function show() {
    const book = shelf.books.find((one) => one.name === chosen);
    const state = book && JSON.stringify([book, tab]);
    if (!book || state === shown) return;
    shown = state;
    if (book.state !== "read") {
      detail.replaceChildren(titleForm(book), h("p", { class: book.state === "refused" ? "notice bad" : "soft" },
        book.error ?? tr("state_reading")));
      return;
    }
    let about;
    try {
      about = await studio.get(`/shelf/book?name=${encodeURIComponent(book.name)}`);
    } catch (problem) {
      shown = "";
      studio.toast(problem.message, { bad: true });
      return;
    }
    if (left || book.name !== chosen) return;
    const bodies = { chapters: () => chaptersOf(about), cleaned: () => cleaned(about, studio, number), people: () => people(about, studio, number) };
    detail.replaceChildren(...[titleForm(book), facts(book), ...notices(book),
      h("div", { class: "segments", role: "group", "aria-label": tr("what") }, TABS.map((name, at) =>
        h("button", { type: "button", "aria-pressed": String(name === tab), title: String(at + 1), onclick: () => turn(name) },
          tr(`tab_${name}`, { count: number.format(countOf(about, name)) })))),
      h("div", { class: "tab-body" }, bodies[tab]())].filter(Boolean));
  }

  const countOf = (about, name) => ({ chapters: about.chapters.length, cleaned: about.cut, people: about.people.all })[name];

  function titleForm(book) {
    const title = h("input", { type: "text", value: book.name, maxlength: 80, class: "title serif", "aria-label": tr("title"), autocomplete: "off", spellcheck: "false" });
    const save = h("button", { class: "outline", hidden: true }, tr("save_title"));
    title.addEventListener("input", () => (save.hidden = title.value.trim() === book.name || !title.value.trim()));
    const own = book.title && book.title !== book.name
      ? h("p", { class: "small soft" }, tr("calls_itself", { title: book.title }), " ",
        h("button", { type: "button", class: "link", onclick: () => rename(book.title) }, tr("take_title"))) : null;
    const rename = async (to) => {
      const told = await does(() => studio.post("/shelf/rename", { name: book.name, title: to }));
      if (told) {
        chosen = told.name;
        studio.note({ book: told.name });
        studio.toast(tr("renamed", { name: told.name }));
        await refresh();
      }
    };
    return h("form", { class: "title-form", onsubmit: (event) => {
      event.preventDefault();
      if (!save.hidden) rename(title.value.trim());
    } }, h("div", { class: "title-row" }, title, save,
      h("button", { type: "button", class: "quiet", onclick: () => removal(book) }, tr("remove"))), own);
  }

  async function removal(book) {
    if (!(await studio.confirm(tr("remove_sure", { name: book.name }), tr("remove")))) return;
    if (await does(() => studio.post("/shelf/remove", { name: book.name }))) studio.toast(tr("removed", { name: book.name }));
  }

  function facts(book) {
    const rows = {
      characters: number.format(book.characters_after), chapters: number.format(book.chapters), encoding: book.encoding,
      format: book.format, cut: number.format(book.cut), prepared: book.prepared ? tr("yes_prepared") : tr("not_prepared"),
    };
    return h("dl", { class: "facts-list" }, Object.entries(rows).map(([name, value]) =>
      h("div", {}, h("dt", {}, tr(`fact_${name}`)), h("dd", {}, value))));
  }

  function notices(book) {
    const lines = [];
    for (const copy of book.copies) {
      lines.push(h("p", { class: "notice bad" }, tr("copy_of", { share: Math.round(copy.share * 100), other: copy.book })));
    }
    if (book.damaged) lines.push(h("p", { class: "notice warn" }, tr("damaged", { count: number.format(book.damaged) })));
    if (book.numbering.length) lines.push(h("p", { class: "notice warn" }, tr("numbering"), " ", book.numbering.slice(0, 6).join("; ")));
    if (book.structure) lines.push(structure(book));
    return lines;
  }

  /** A book without headings, or with odd ones: lines that could be headings, and an expression to say which are. */
  function structure(book) {
    const field = h("input", { type: "text", "aria-label": tr("heading"), placeholder: "^第.+章", maxlength: 300, autocomplete: "off", spellcheck: "false" });
    return h("div", { class: "notice warn" }, h("p", {}, book.structure),
      book.candidates.length > 0 && h("ul", { class: "candidates serif small" }, book.candidates.slice(0, 8).map((line) => h("li", {}, line))),
      h("form", { class: "tools-row", onsubmit: (event) => {
        event.preventDefault();
        does(() => studio.post("/shelf/heading", { name: book.name, heading: field.value.trim() }));
      } }, h("label", { class: "labelled" }, tr("heading"), field), h("button", { class: "outline" }, tr("look_again"))));
  }

  function chaptersOf(about) {
    const most = Math.max(1, ...about.chapters.map(([, size]) => size));
    return h("ol", { class: "chapter-list" }, about.chapters.map(([title, size], at) => h("li", {},
      h("span", { class: "soft number tiny" }, String(at + 1)), h("span", { class: "serif" }, title || tr("untitled")),
      h("span", { class: "bar-of" }, h("i", { style: { width: `${(100 * size) / most}%` } })),
      h("span", { class: "soft number tiny" }, number.format(size)))));
  }

  function onKey(event) {
    if (event.target.closest?.("input, textarea, select, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey
      || document.querySelector("dialog[open]")) return;
    const names = shelf.books.map((book) => book.name);
    const at = names.indexOf(chosen);
    if (event.key === "a") picker.click();
    else if (event.key === "j" && at + 1 < names.length) choose(names[at + 1]);
    else if (event.key === "k" && at > 0) choose(names[at - 1]);
    else if (TABS[Number(event.key) - 1] && names.length) turn(TABS[Number(event.key) - 1]);
    else return;
    event.preventDefault();
  }

  const hover = (on) => view.classList.toggle("dropping", on);
  const listeners = {
    keydown: onKey,
    dragover: (event) => {
      event.preventDefault();
      hover(true);
    },
    dragleave: (event) => event.relatedTarget === null && hover(false),
    drop: (event) => {
      event.preventDefault();
      hover(false);
      take([...event.dataTransfer.files]);
    },
  };
  for (const [name, handler] of Object.entries(listeners)) document.addEventListener(name, handler);
  const again = () => refresh().catch(() => {});
  const offs = [studio.on("shelf", again), studio.on("back", again)];
  await refresh();
  return () => {
    left = true;
    for (const [name, handler] of Object.entries(listeners)) document.removeEventListener(name, handler);
    for (const off of offs) off();
  };
}
