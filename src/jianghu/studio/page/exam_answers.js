// Every answer of a result: filtered, wrong ones first, with what it was held against.

import { h } from "../chat/dom.js";

const SIGNS = { right: "✓", wrong: "✗", abstained: "–" };
const OUTCOMES = ["", "wrong", "abstained", "right"];
const TYPING_MS = 250;

export function answersPanel(studio, result, versus) {
  const { tr, get, note, params } = studio;
  const wanted = { group: params.get("group") ?? "", outcome: params.get("outcome") ?? "", kind: "", book: "", text: params.get("text") ?? "" };
  const list = h("ol", { class: "answers-of", "aria-live": "polite" });
  const count = h("p", { class: "soft small", role: "status" });
  const more = h("button", { type: "button", class: "outline", hidden: true, onclick: () => load(list.children.length) }, tr("more"));
  let asked = 0; // counts requests, so that a slow one does not overwrite the next

  const buttons = OUTCOMES.map((outcome) =>
    h("button", { type: "button", onclick: () => set("outcome", outcome) }, tr(outcome ? `only_${outcome}` : "every_answer")));
  const search = h("input", { type: "search", placeholder: tr("search"), "aria-label": tr("search"), oninput: () => {
    clearTimeout(timer);
    timer = setTimeout(() => set("text", search.value.trim()), TYPING_MS);
  } });
  search.value = wanted.text;
  let timer = 0;

  const choice = (name, word, options) => (options.length > 1 || wanted[name]) && h("select", { "aria-label": tr(word), onchange: (event) => set(name, event.target.value) },
    h("option", { value: "" }, tr(word)), options.map(([value, text]) => h("option", { value, selected: value === wanted[name] }, text)));

  function set(name, value) {
    wanted[name] = value;
    note({ group: wanted.group, outcome: wanted.outcome, text: wanted.text });
    press();
    load(0);
  }

  const press = () => buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(OUTCOMES[n] === wanted.outcome)));

  async function load(start) {
    const mine = ++asked;
    const query = new URLSearchParams({ ...wanted, start, against: versus ? params.get("with") : "" });
    let found;
    try {
      found = await get(`/exams/${encodeURIComponent(result.file)}/answers?${query}`);
    } catch (problem) {
      if (mine === asked) count.textContent = problem.message;
      return;
    }
    if (mine !== asked) return;
    const nodes = found.answers.map((answer) => answerNode(answer, result, versus, tr));
    if (start) list.append(...nodes);
    else list.replaceChildren(...nodes);
    count.textContent = tr("found", { count: found.total });
    more.hidden = list.children.length >= found.total;
  }

  function step(by) {
    const here = [...list.children].findIndex((node) => node.contains(document.activeElement));
    list.children[Math.max(0, Math.min(list.children.length - 1, here + by))]?.focus();
  }

  press();
  load(0);
  const node = h("section", { class: "panel answers-panel" },
    h("header", {}, h("h2", {}, tr("answers")), count),
    h("div", { class: "tools-row" },
      h("div", { class: "segments", role: "group", "aria-label": tr("outcome") }, buttons),
      choice("group", "every_group", result.groups.map(({ group, name }) => [group, name])),
      choice("book", "every_book", result.books.map((book) => [book, `《${book}》`])),
      choice("kind", "every_kind", result.kinds.map((kind) => [kind, kind])),
      search),
    list, more);
  return {
    node,
    /** Whether a key was for these answers. */
    onKey: (key) => {
      if (key === "j") step(1);
      else if (key === "k") step(-1);
      else if (key === "w") set("outcome", wanted.outcome === "wrong" ? "" : "wrong");
      else if (key === "/") search.focus();
      else return false;
      return true;
    },
  };
}

function answerNode(answer, result, versus, tr) {
  return h("li", { class: "answer-of", tabindex: "0" },
    h("h3", { lang: "zh-Hans" }, answer.question),
    saidNode(versus ? result.checkpoint : "", answer, tr),
    answer.other && saidNode(versus.first, answer.other, tr),
    answer.reference && h("p", { class: "small" }, h("span", { class: "soft" }, tr("reference")), h("span", { class: "serif", lang: "zh-Hans" }, answer.reference)),
    h("p", { class: "soft tiny" }, [answer.group, answer.book && `《${answer.book}》`, answer.kind].filter(Boolean).join(" · ")),
    (answer.evidence || answer.nearest || answer.read) && h("details", {}, h("summary", { class: "tiny" }, tr("why")),
      h("dl", { class: "held-against small" },
        answer.evidence && [h("dt", {}, tr("evidence")), h("dd", { lang: "zh-Hans" }, answer.evidence)],
        answer.accepted.length > 1 && [h("dt", {}, tr("accepted")), h("dd", { lang: "zh-Hans" }, answer.accepted.join("、"))],
        answer.nearest && [h("dt", {}, tr("nearest_question")), h("dd", { lang: "zh-Hans" }, `${answer.nearest.question} → ${answer.nearest.answer}`,
          h("span", { class: "soft tiny" }, ` ${tr("alike", { percent: Math.round(100 * answer.nearest.similarity) })}`))],
        answer.read && [h("dt", {}, tr("book_says")), h("dd", { lang: "zh-Hans" }, answer.read.answer || tr("book_silent"),
          h("span", { class: answer.read.correct ? "good" : "bad" }, answer.read.correct ? " ✓" : " ✗"))])));
}

function saidNode(name, said, tr) {
  return h("p", { class: `said ${said.outcome ?? ""}` },
    h("span", { class: "sign", title: said.outcome ? tr(`only_${said.outcome}`) : null }, SIGNS[said.outcome] ?? "·"),
    h("span", {}, name && h("span", { class: "soft tiny" }, `${name}  `),
      h("span", { class: "serif", lang: "zh-Hans" }, said.pieces.length ? said.pieces.map(({ text, mark }) => (mark === "plain" ? text : h("mark", { class: mark }, text))) : h("em", { class: "soft" }, tr("said_nothing"))),
      !said.finished && h("span", { class: "soft" }, "…")),
    said.strangers.length > 0 && h("span", { class: "tag bad" }, tr("strangers", { names: said.strangers.join("、") })),
    said.loop && h("span", { class: "tag bad" }, tr("loops")));
}
