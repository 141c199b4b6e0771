// The people of a book: as they were found, or as somebody has decided. Each decision is kept at once.

import { h } from "../../chat/dom.js";

const AT_FIRST = 60;

export function people(about, studio, number) {
  const { tr } = studio;
  const box = h("div", { class: "people" });
  let now = about.people;
  let opened = ""; // whose row is open
  let shown = AT_FIRST;
  let sought = "";

  async function decide(action, who = "", to = "") {
    try {
      now = await studio.post("/shelf/people", { name: about.name, version: now.version, action, who, to });
      if (action === "rename") opened = to.trim();
      if (["join", "remove"].includes(action)) opened = "";
      studio.toast(tr(`did_${action}`, { who, to }));
    } catch (problem) {
      studio.toast(problem.message, { bad: true });
      if (problem.status !== 409) return;
      now = (await studio.get(`/shelf/book?name=${encodeURIComponent(about.name)}`)).people;
    }
    draw();
  }

  const search = h("input", { type: "search", "aria-label": tr("seek"), placeholder: tr("seek"), oninput: () => {
    sought = search.value.trim();
    drawRows();
  } });
  const rows = h("ul", { class: "people-list" });
  const names = h("datalist", { id: "people-names" });
  const more = h("button", { type: "button", class: "quiet", onclick: () => {
    shown += 200;
    drawRows();
  } }, tr("more"));
  const head = h("div", { class: "people-head" });
  box.append(head, h("div", { class: "tools-row" }, search), rows, more, names);

  function draw() {
    head.replaceChildren(now.decided
      ? h("p", { class: "notice good" }, tr("decided"), " ",
        h("button", { type: "button", class: "link", onclick: () => decide("undo") }, tr("back_to_found")))
      : h("p", { class: "notice" }, tr("found", { count: number.format(now.all) }), " ",
        h("button", { type: "button", class: "outline", onclick: () => decide("confirm") }, tr("confirm"))));
    names.replaceChildren(...now.rows.map((row) => h("option", { value: row.name })));
    drawRows();
  }

  function drawRows() {
    const fits = now.rows.filter((row) => !sought || [row.name, ...row.aliases.map((alias) => alias.name)].some((name) => name.includes(sought)));
    const focused = document.activeElement?.dataset?.who;
    rows.replaceChildren(...fits.slice(0, shown).map(row));
    more.hidden = fits.length <= shown;
    if (focused) rows.querySelector(`[data-who="${CSS.escape(focused)}"]`)?.focus();
  }

  function row(person) {
    const is = person.name === opened;
    const toggle = h("button", { type: "button", class: "who serif", "data-who": person.name, "aria-expanded": String(is), onclick: () => {
      opened = is ? "" : person.name;
      drawRows();
    } }, person.name);
    const aliases = person.aliases.map((alias) => h("span", { class: "tag" }, alias.name, is &&
      h("button", { type: "button", class: "link", title: tr("split_help", { alias: alias.name }), onclick: () => decide("split", person.name, alias.name) }, tr("split"))));
    return h("li", { class: is ? "open" : "" }, h("div", { class: "person" }, toggle, h("span", { class: "aliases" }, aliases),
      person.kind !== "person" && h("span", { class: "tag" }, tr(`kind_${person.kind}`)),
      h("span", { class: "soft number tiny" }, number.format(person.mentions))), is && actions(person));
  }

  function actions(person) {
    const form = (label, action, button, list = null) => {
      const field = h("input", { type: "text", maxlength: 40, list, autocomplete: "off" });
      return h("form", { class: "decide", onsubmit: (event) => {
        event.preventDefault();
        if (field.value.trim()) decide(action, person.name, field.value.trim());
      } }, h("label", { class: "labelled" }, tr(label), field), h("button", { class: "outline" }, tr(button)));
    };
    return h("div", { class: "decisions" }, form("label_rename", "rename", "rename"), form("label_join", "join", "join", "people-names"),
      form("label_alias", "alias", "add_alias"),
      h("button", { type: "button", class: "quiet", onclick: () => decide("remove", person.name) }, tr("no_name")));
  }

  draw();
  return box;
}
