// Which records are wanted: search, book, chapter, kind, source, verdict, what you decided, person. Kept in the address.

import { h } from "../../chat/dom.js";

const NAMES = ["q", "book", "chapter", "kind", "source", "state", "mine", "person"];
const MINE = ["none", "accepted", "rejected", "edited", "written"];
const GROUPS = ["in", "new", "left_out", "refused"];
const PAUSE_MS = 250; // after the last letter

/** The filters; `changed` is called when they are others. */
export function filters(desk, changed) {
  const { tr, note, params } = desk.studio;
  const wanted = Object.fromEntries(NAMES.map((name) => [name, params.get(name) ?? ""]));
  let typing = 0;

  const search = h("input", { type: "search", placeholder: tr("search"), "aria-label": tr("search"), maxlength: 200, value: wanted.q,
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => set({ q: search.value.trim() }), PAUSE_MS);
    },
    onkeydown: (event) => {
      if (event.key !== "Escape" && event.key !== "Enter" || event.isComposing) return;
      if (event.key === "Escape") search.value = "";
      clearTimeout(typing);
      set({ q: search.value.trim() });
      desk.list.focus();
    } });
  const selects = Object.fromEntries(["book", "chapter", "kind", "source", "state", "mine"].map((name) => [
    name, h("select", { "aria-label": tr(name), onchange: (event) => set({ [name]: event.target.value, ...(name === "book" && { chapter: "" }) }) })]));
  const people = h("datalist", { id: "records-people" });
  const person = h("input", { type: "text", list: "records-people", placeholder: tr("person"), "aria-label": tr("person"), maxlength: 80,
    value: wanted.person, onchange: () => set({ person: person.value.trim() }) });
  const clear = h("button", { type: "button", class: "quiet small", onclick: () => set(Object.fromEntries(NAMES.map((name) => [name, ""]))) }, tr("clear"));
  const more = h("details", { class: "more-filters", open: matchMedia("(min-width: 40.01rem)").matches },
    h("summary", {}, tr("filters")), h("div", { class: "tools-row" }, Object.values(selects), person, people, clear));
  const node = h("div", { class: "filters", role: "search" }, search, more);

  function set(values) {
    const before = JSON.stringify(wanted);
    Object.assign(wanted, values);
    if (JSON.stringify(wanted) === before) return;
    note(wanted);
    draw();
    changed();
  }

  /** Options by what there is now. A filter that is set stays, even where nothing is left of it. */
  function draw() {
    const { books, kinds, sources, states, mine } = desk.about;
    if (document.activeElement !== search) search.value = wanted.q;
    if (document.activeElement !== person) person.value = wanted.person;
    fill(selects.book, "book", books.map(({ name, records }) => option(name, `《${name}》`, records)));
    const book = books.find(({ name }) => name === wanted.book) ?? (books.length === 1 ? books[0] : null);
    fill(selects.chapter, "chapter", (book?.chapters ?? []).map(({ chapter, title }) => option(String(chapter), title || tr("chapter_n", { chapter }))));
    selects.chapter.hidden = !book;
    fill(selects.kind, "kind", kinds.map(({ value, label, count }) => option(value, label, count)));
    fill(selects.source, "source", sources.map(({ value, label, count }) => option(value, label, count)));
    fill(selects.state, "state", GROUPS.map((group) => {
      const own = states.filter((state) => state.group === group);
      return own.length ? h("optgroup", { label: tr(`group_${group}`) }, own.map(({ value, label, count }) => option(value, label, count))) : null;
    }).filter(Boolean));
    fill(selects.mine, "mine", MINE.map((name) => option(name, tr(`mine_${name}`), mine[name === "none" ? "" : name] ?? 0)));
    for (const [name, select] of Object.entries(selects)) {
      if (wanted[name] && ![...select.options].some(({ value }) => value === wanted[name])) select.append(option(wanted[name], wanted[name]));
      select.value = wanted[name];
      select.classList.toggle("set", Boolean(wanted[name]));
    }
    person.classList.toggle("set", Boolean(wanted.person));
    const who = (book ? [book] : books).flatMap((one) => one.people);
    people.replaceChildren(...[...new Set(who)].slice(0, 300).map((name) => h("option", { value: name })));
    clear.hidden = NAMES.every((name) => !wanted[name]);
  }

  function option(value, label, count) {
    return h("option", { value }, count === undefined ? label : `${label} (${count.toLocaleString()})`);
  }

  function fill(select, every, options) {
    select.replaceChildren(h("option", { value: "" }, tr(every)), ...options);
  }

  draw();
  return {
    node, search, set, draw,
    /** As the query of a request. */
    query: () => {
      const set_ = Object.entries(wanted).filter(([, value]) => value);
      const only = wanted.chapter && !wanted.book && desk.about.books.length === 1 ? [["book", desk.about.books[0].name]] : [];
      return new URLSearchParams([...set_, ...only]);
    },
  };
}
