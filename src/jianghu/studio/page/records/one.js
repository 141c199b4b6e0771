// One record beside its passage, the evidence marked; what was decided about it, and what else asks the same.

import { paragraphs } from "../../chat/book.js";
import { h } from "../../chat/dom.js";

/** The sheet of a record. `act`: decide, edit, another, undo, back, shown. */
export function one(desk, act) {
  const { tr, get, toast } = desk.studio;
  const node = h("section", { class: "one", "aria-live": "off" });
  let target = null; // the row that was asked for; its record follows
  let record = null;
  let form = null; // an editor that is open
  let asked = 0;
  let coming = Promise.resolve(); // the record that was asked for last
  clear();

  function clear() {
    target = record = form = null;
    node.replaceChildren(h("p", { class: "soft choose-hint" }, tr("choose")));
  }

  /** Show a record of the list; its passage follows. */
  function show(row) {
    coming = row ? bring(row) : Promise.resolve(clear());
    return coming;
  }

  async function bring(row) {
    const mine = ++asked;
    form = null;
    target = row;
    if (record?.id !== row.id) desk.whole = false;
    try {
      const found = await get(`/records/one?${new URLSearchParams({ id: row.id })}`);
      if (mine !== asked || form) return;
      record = found;
      act.shown();
      draw();
    } catch (error) {
      if (mine === asked) toast(error.message, { bad: true });
    }
  }

  function draw() {
    const refused = record.group === "refused" && !record.mine;
    const wordings = record.wordings.length;
    const button = (action, kind, key) => h("button", { type: "button", class: kind, "aria-keyshortcuts": key,
      "aria-pressed": String({ accept: "accepted", reject: "rejected" }[action] === record.mine),
      onclick: () => act.decide(action, record) }, tr(action === "accept" && refused ? "take_up" : action), h("kbd", {}, key));
    node.replaceChildren(
      h("div", { class: "one-bar" },
        h("button", { type: "button", class: "quiet back", onclick: act.back }, `‹ ${tr("back_to_list")}`),
        h("button", { type: "button", class: "quiet", onclick: () => desk.list.move(-1) }, tr("previous")),
        h("button", { type: "button", class: "quiet", onclick: () => desk.list.move(1) }, tr("next"))),
      h("div", { class: "pair" }, h("article", { class: "panel record-sheet" },
        h("p", { class: "place" }, placeOf()),
        h("h2", { class: "question-of" }, record.question),
        h("p", { class: "record-answer" }, answerParts(record)),
        record.aliases.length > 0 && h("p", { class: "soft small" }, tr("also", { forms: record.aliases.join("、") })),
        h("p", { class: "record-tags" }, tags()),
        h("div", { class: "verdicts" }, button("accept", "outline good", "a"), !refused && button("reject", "outline bad", "x"),
          h("button", { type: "button", class: "outline", "aria-keyshortcuts": "e", onclick: () => act.edit(record) }, tr("edit"), h("kbd", {}, "e")),
          h("button", { type: "button", class: "quiet", "aria-keyshortcuts": "w", onclick: () => act.another(record) }, tr("another_wording"))),
        wordings > 0 && h("label", { class: "whole" },
          h("input", { type: "checkbox", checked: desk.whole, onchange: (event) => (desk.whole = event.target.checked) }),
          tr("whole", { n: wordings + 1 }), h("kbd", {}, "f")),
        record.made && h("details", { class: "was" }, h("summary", {}, tr("was")),
          h("p", { class: "serif" }, record.made.question), h("p", { class: "serif soft" }, record.made.answer)),
        record.earlier && section("earlier", [other(record.earlier)]),
        wordings > 0 && section("wordings", record.wordings.map(other)),
        record.history.length > 0 && section("history", record.history.map(change))),
      passage()));
    toEvidence();
  }

  function toEvidence() {
    const mark = node.querySelector("mark, .here");
    const pages = node.querySelector(".pages");
    if (mark && pages) pages.scrollTop = mark.offsetTop - pages.clientHeight / 3;
  }

  function placeOf() {
    const { passage, book, chapter } = record;
    const where = chapter ? passage?.title || tr("chapter_n", { chapter }) : "";
    return `${tr("of_book", { book })} ${where}`;
  }

  /** The short answer stands out where the answer begins with it. */
  function answerParts({ answer, short_answer: short }) {
    return answer !== short && answer.startsWith(short) ? [h("strong", {}, short), answer.slice(short.length)] : [h("strong", {}, answer)];
  }

  function tags() {
    const bad = record.group === "refused" || record.group === "left_out";
    return [
      record.mine && h("span", { class: record.mine === "rejected" ? "tag bad" : "tag good" }, tr(`mine_${record.mine}`)),
      h("span", { class: bad ? "tag bad" : "tag" }, record.state_label),
      h("span", { class: "tag" }, record.kind_label), h("span", { class: "tag" }, record.source_label)];
  }

  function section(title, children) {
    return h("details", { class: "more", open: matchMedia("(min-width: 40.01rem)").matches },
      h("summary", {}, tr(title)), h("ul", {}, children.map((child) => h("li", {}, child))));
  }

  function other(row) {
    const open = () => desk.list.choose(row.id) || show(row);
    return h("button", { type: "button", class: "link serif", onclick: open }, row.question, h("small", {}, row.short_answer));
  }

  function change({ at, action, undone }) {
    const when = new Date(at).toLocaleString(desk.studio.lang === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" });
    const words = `${when} · ${tr(`did_${action}`)}`;
    return h("span", { class: "small" }, undone ? h("s", {}, words) : words, undone && ` ${tr("undone")}`);
  }

  function passage() {
    const { passage: found } = record;
    if (!found) return h("p", { class: "panel soft passage" }, tr("no_evidence"));
    const pieces = [(found.cut_before ? tr("cut") : "") + found.before, found.inside, found.after + (found.cut_after ? tr("cut") : "")];
    const text = paragraphs(pieces);
    if (!found.inside && found.before) text.splice(Math.max(0, paragraphs([pieces[0]]).length - 1), 0, h("i", { class: "here" }));
    return h("section", { class: "panel passage", "aria-label": tr("evidence") },
      h("h3", {}, found.title || tr("chapter_n", { chapter: found.chapter }), !found.inside && h("small", { class: "soft" }, ` ${tr("no_evidence")}`)),
      h("div", { class: "pages", tabindex: "0", lang: "zh-Hans" }, text));
  }

  return {
    node, show, clear,
    /** What keys act on: the row that was chosen, even before its passage has come. */
    target: () => (form ? null : target),
    /** Do something with the whole record, once it has come; while it comes, it may be asked for anew. */
    whenReady: async (act_) => {
      for (let waited = null; waited !== coming;) await (waited = coming);
      if (!form && record && record.id === target?.id) act_(record);
    },
    /** Show an editor in place of the record; beside its passage, if it says so. */
    put: (made) => {
      asked += 1;
      form = made;
      node.replaceChildren(made.beside ? h("div", { class: "pair" }, made.node, passage()) : made.node);
      toEvidence();
      made.focus();
    },
    /** Show the record again, as it is now. */
    reload: () => (record ? show(record) : clear()),
    /** Whether the record that is shown is among these, then it is read anew. */
    update: (rows) => {
      const now = rows.find((row) => row.id === target?.id);
      if (now) target = now;
      if (now && !form && record?.id === now.id && ["mine", "state", "question", "answer"].some((name) => now[name] !== record[name])) show(now);
    },
    toggleWhole: () => {
      const box = node.querySelector(".whole input");
      if (!box) return;
      desk.whole = box.checked = !box.checked;
    },
  };
}
