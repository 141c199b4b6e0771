// A record in other words, and records of one's own with evidence chosen in the chapter.

import { paragraphs } from "../../chat/book.js";
import { h } from "../../chat/dom.js";

/** The form of a record that is there. `act`: save(fields, wordings), cancel. */
export function editor(desk, record, act) {
  const { tr } = desk.studio;
  const form = fields(desk, record);
  const whole = h("input", { type: "checkbox", checked: desk.whole });
  const wordings = record.wordings.length;
  const node = frame(desk, [form.nodes, wordings > 0 && h("label", { class: "whole" }, whole, tr("answer_whole", { n: wordings + 1 }))],
    () => act.save(form.values(), wordings > 0 && whole.checked), act.cancel);
  return { node, focus: form.focus, beside: true };
}

/** The form of a new record. `like`: another wording of its fact is written. `at`: a record beside which one writes. */
export function writer(desk, like, at, act) {
  const { tr, get, toast } = desk.studio;
  const empty = { question: "", answer: like?.answer ?? "", short_answer: like?.short_answer ?? "", aliases: like?.aliases ?? [], kind: like?.kind ?? at?.kind ?? "" };
  const form = fields(desk, empty);
  if (like) {
    const node = frame(desk, [h("p", { class: "soft serif" }, like.question), form.nodes], () => act.save({ fields: form.values(), like: like.id }), act.cancel);
    return { node, focus: form.focus, beside: true };
  }
  const { books } = desk.about;
  const book = h("select", { "aria-label": tr("book"), onchange: () => chapters() }, books.map(({ name }) => h("option", { value: name }, `《${name}》`)));
  const chapter = h("select", { "aria-label": tr("chapter"), onchange: () => text() });
  const evidence = h("textarea", { rows: 3, maxlength: 4000 });
  const pages = h("div", { class: "pages", tabindex: "0", lang: "zh-Hans" });
  const take = () => {
    const chosen = getSelection();
    const inside = chosen?.rangeCount && pages.contains(chosen.anchorNode) && pages.contains(chosen.focusNode);
    if (inside && String(chosen).trim()) evidence.value = String(chosen).trim();
  };
  pages.addEventListener("pointerup", () => setTimeout(take));
  pages.addEventListener("keyup", take);
  if (at?.book) book.value = at.book;

  function chapters() {
    const own = books.find(({ name }) => name === book.value)?.chapters ?? [];
    chapter.replaceChildren(...own.map((one) => h("option", { value: one.chapter }, one.title || tr("chapter_n", one))));
    if (at?.chapter && at.book === book.value) chapter.value = String(at.chapter);
    return text();
  }

  async function text() {
    if (!chapter.value) return;
    try {
      const found = await get(`/records/chapter?${new URLSearchParams({ book: book.value, chapter: chapter.value })}`);
      pages.replaceChildren(...paragraphs([found.text]));
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  chapters();
  const save = () => act.save({ fields: form.values(), book: book.value, chapter: Number(chapter.value) || null, evidence: evidence.value });
  const node = h("div", { class: "pair" },
    frame(desk, [form.nodes, h("div", { class: "tools-row" }, book, chapter), labelled(tr("evidence_words"), evidence, tr("evidence_help"))], save, act.cancel),
    h("section", { class: "panel passage", "aria-label": tr("chapter") }, pages));
  return { node, focus: form.focus };
}

function fields(desk, { question, answer, short_answer: short, aliases, kind }) {
  const { tr } = desk.studio;
  const asked = h("textarea", { rows: 2, maxlength: 4000 });
  const told = h("textarea", { rows: 3, maxlength: 4000 });
  const brief = h("input", { type: "text", maxlength: 1000 });
  const forms = h("input", { type: "text", maxlength: 1000 });
  const known = desk.about.kinds.some(({ value }) => value === (kind || "other"));
  const kinds = known ? desk.about.kinds : [...desk.about.kinds, { value: kind || "other", label: kind || tr("other_kinds") }];
  const sort = h("select", {}, kinds.map(({ value, label }) => h("option", { value }, label)));
  asked.value = question;
  told.value = answer;
  brief.value = short;
  forms.value = aliases.join("、");
  sort.value = kind || "other";
  return {
    nodes: [labelled(tr("question"), asked), labelled(tr("answer"), told), labelled(tr("short_answer"), brief, tr("short_help")),
      labelled(tr("aliases"), forms, tr("aliases_help")), labelled(tr("kind"), sort)],
    values: () => ({
      question: asked.value, answer: told.value, short_answer: brief.value, kind: sort.value,
      aliases: forms.value.split(/[、,，;；]/).map((form) => form.trim()).filter(Boolean),
    }),
    focus: () => {
      asked.focus();
      asked.setSelectionRange(asked.value.length, asked.value.length);
    },
  };
}

function labelled(name, field, help = "") {
  return h("label", { class: "field-of" }, h("span", {}, name), field, help && h("small", {}, help));
}

/** A form with Save and Cancel; Ctrl+Enter saves, Escape cancels. */
function frame(desk, children, save, cancel) {
  const { tr } = desk.studio;
  const node = h("form", { class: "panel edit-record", onsubmit: (event) => {
    event.preventDefault();
    save();
  }, onkeydown: (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
    else if (event.key === "Escape") cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  } }, children.flat(),
  h("div", { class: "verdicts" }, h("button", { class: "solid" }, tr("save")),
    h("button", { type: "button", class: "quiet", onclick: cancel }, tr("cancel"))));
  return node;
}
