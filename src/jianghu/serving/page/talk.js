// The talk on the page: turns, each a question with one to three answers side by side, votes, passages of the books.

import { vote } from "./api.js";
import { openChapter, placeOf } from "./book.js";
import { byId, h } from "./dom.js";
import { changed, choose, path, siblings } from "./talks.js";
import { t } from "./words.js";

/** Where each answer's text stands while it is being written. */
const live = new WeakMap();

/** What the page can do here (`/api/about`), and how to ask once more; set by the page's start. */
export const context = { about: null, submit: () => {} };

/** "base" or "chat"; undefined for a checkpoint that is not here. */
export const kindOf = (name) => context.about?.checkpoints.find((one) => one.name === name)?.kind;

export function renderTalk() {
  if (!byId("talk")) return; // the reader is in another room; the talk goes on
  const turns = path();
  byId("talk").replaceChildren(...turns.map(turnNode));
  byId("welcome").hidden = turns.length > 0;
  byId("download").hidden = turns.length === 0;
}

/** Draw one turn anew, if it is on the page; a new one at the end. */
export function renderTurn(turn) {
  const old = byId(`turn-${turn.id}`);
  if (old) old.replaceWith(turnNode(turn));
  else if (path().at(-1) === turn) renderTalk();
}

/** Add a piece to an answer that is being written. */
export function appendText(answer, piece) {
  answer.text += piece;
  live.get(answer)?.appendData(piece);
}

/** How an answer is called: by its checkpoint, or by a letter while a blind comparison is open. */
export function nameOf(turn, answer) {
  if (!isBlind(turn)) return answer.checkpoint;
  return t("letters").split(" ")[turn.answers.indexOf(answer)];
}

/** Whether names, and what the records say, are held back until the vote. */
const isBlind = (turn) => turn.blind && turn.vote === null;

function turnNode(turn) {
  const many = turn.answers.length > 1;
  return h(
    "li",
    { class: `turn ${turn.mode}`, id: `turn-${turn.id}` },
    h("header", { class: "asked" }, turn.mode === "ask" && h("h2", { class: "question" }, turn.text), formsNode(turn)),
    turn.reading && readingNode(turn.reading),
    h("div", { class: `answers of-${turn.answers.length}` }, turn.answers.map((answer) => answerNode(turn, answer))),
    turn.record && !isBlind(turn) && recordNode(turn.record),
    many && voteNode(turn),
    turn.passages && passagesNode(turn.passages),
  );
}

/** How to change a question, and the forms of it that were asked: ‹ 1/2 ›. */
function formsNode(turn) {
  if (turn.answers.some((answer) => answer.state === "writing")) return null;
  const forms = siblings(turn);
  const at = forms.indexOf(turn);
  const step = (by, word, sign) =>
    h("button", { type: "button", class: "quiet small form", "aria-label": t(word), title: t(word), disabled: !forms[at + by], onclick: () => {
      choose(forms[at + by]);
      renderTalk();
      const shown = byId(`turn-${forms[at + by].id}`).querySelectorAll(".form");
      (shown[by < 0 ? 0 : 1].disabled ? shown[by < 0 ? 1 : 0] : shown[by < 0 ? 0 : 1]).focus();
    } }, sign);
  return h(
    "div",
    { class: "forms" },
    forms.length > 1 && [step(-1, "earlier_form", "‹"), h("span", { class: "number" }, `${at + 1}/${forms.length}`), step(1, "later_form", "›")],
    h("button", { type: "button", class: "quiet small", onclick: () => edit(turn) }, t("edit")),
  );
}

/** Write a question anew; the first form stays, with all that followed it. */
function edit(turn) {
  const box = h("textarea", { rows: 2, maxlength: 4000, "aria-label": t("edit") });
  box.value = turn.text;
  const away = () => {
    renderTurn(turn);
    byId(`turn-${turn.id}`).querySelector(".forms button:last-child").focus();
  };
  const send = () => {
    const text = box.value.trim();
    if (text && text !== turn.text.trim()) context.submit(turn.mode === "ask" ? text : box.value, turn.mode, undefined, turn);
    else away();
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") away();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const editor = h("div", { class: "editor" }, box, h("div", {},
    h("button", { type: "button", class: "quiet", onclick: away }, t("cancel")),
    h("button", { type: "button", class: "solid", onclick: send }, t(turn.mode))));
  byId(`turn-${turn.id}`).querySelector(".asked").replaceWith(editor);
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
}

/** What the book says: the answer, how likely it is right, and a chip that opens the chapter where it stands. */
function readingNode({ answer, probability, place }) {
  if (!answer) return h("p", { class: "reading none" }, h("span", { class: "mouth" }, t("book_says")), t("book_silent"));
  return h(
    "p",
    { class: "reading" },
    h("span", { class: "mouth" }, t("book_says")),
    h("strong", { lang: "zh-Hans" }, answer),
    h("span", { class: "sure" }, t("sure", { percent: Math.round(probability * 100) })),
    h("button", { type: "button", class: "chip", onclick: () => openChapter(place) }, placeOf(place)),
  );
}

function answerNode(turn, answer) {
  const hidden = isBlind(turn);
  const kind = kindOf(answer.checkpoint);
  return h(
    "article",
    { class: `answer ${answer.state}`, "aria-busy": answer.state === "writing" ? "true" : null },
    h(
      "header",
      {},
      h("h3", {}, nameOf(turn, answer)),
      !hidden && kind && h("span", { class: "kind" }, t(`kind_${kind}`)),
      answer.state !== "done" && h("span", { class: "state" }, t(answer.state)),
    ),
    bodyNode(turn, answer),
    answer.state === "failed" &&
      h("p", { class: "error", role: "alert" }, problemOf(answer), " ", againButton(turn)),
    turn.record && answer.right !== null && !hidden && verdictNode(answer.right, turn.record.evidence),
    answer.state !== "writing" && answer.text && footNode(turn, answer, hidden),
  );
}

function bodyNode(turn, answer) {
  const body = h("div", { class: "text", lang: "zh-Hans" });
  if (turn.mode === "continue") body.append(h("span", { class: "given" }, turn.text));
  if (answer.parts) {
    for (const part of answer.parts) body.append(part.stranger ? strangerNode(answer, part) : part.text);
  } else if (answer.text || answer.state === "writing") {
    const text = document.createTextNode(answer.text);
    live.set(answer, text);
    body.append(text);
  } else if (answer.state === "done") {
    body.append(h("em", { class: "nothing" }, t("empty")));
  }
  return body;
}

function strangerNode(answer, part) {
  const about = t("stranger", { name: part.text, asked: answer.book, book: part.stranger });
  const origin = h("span", { class: "origin" }, t("from_book", { book: part.stranger }));
  return h("mark", { class: "stranger", title: about }, part.text, origin);
}

function verdictNode(right, evidence) {
  return h(
    "p",
    { class: right ? "verdict right" : "verdict wrong" },
    h("span", { class: "sign", "aria-hidden": "true" }, right ? "✓" : "✗"),
    t(right ? "right" : "wrong"),
    evidence && h("button", { type: "button", class: "link evidence", onclick: () => openChapter(evidence) }, t("evidence")),
  );
}

function recordNode({ reference, split, evidence }) {
  return h(
    "p",
    { class: "record" },
    h("span", { class: "reference" }, t("reference", { text: reference })),
    " ",
    h("span", {}, [t(split === "train" ? "split_train" : "split_held"), evidence && placeOf(evidence)].filter(Boolean).join(" · ")),
  );
}

function footNode(turn, answer, hidden) {
  const facts = answer.tokens === null ? "facts_seconds" : "facts";
  const copy = h("button", { type: "button", class: "quiet small", onclick: () => copyText(copy, turn, answer) }, t("copy"));
  const goOn = () => context.submit(turn.text + answer.text, "continue", [answer.checkpoint]);
  return h(
    "footer",
    {},
    !hidden && answer.seconds !== null &&
      h("span", { class: "facts" }, t(facts, { tokens: answer.tokens, seconds: answer.seconds.toFixed(1) })),
    turn.mode === "continue" && !hidden &&
      h("button", { type: "button", class: "quiet small", onclick: goOn }, t("go_on")),
    navigator.clipboard && copy, // a browser has none on a page that came by plain HTTP from another machine
  );
}

async function copyText(button, turn, answer) {
  await navigator.clipboard.writeText((turn.mode === "continue" ? turn.text : "") + answer.text);
  button.textContent = t("copied");
}

/** Why there is no answer, in the page's language where the reason is one of those that the page knows. */
function problemOf({ error, status, code }) {
  const known = { server_stopping: "stopping", rate_limit_exceeded: "crowded", context_length_exceeded: "too_long", model_not_found: "gone" };
  if (known[code]) return t(known[code]);
  return status === 500 ? t("broken") : error || t("unreachable");
}

function againButton(turn) {
  const again = () => context.submit(turn.text, turn.mode, turn.answers.map((answer) => answer.checkpoint), turn);
  return h("button", { type: "button", class: "quiet small", onclick: again }, t("again"));
}

/** Whether a vote can be cast: nothing is being written, and there is something to compare. */
export const votable = (turn) =>
  Boolean(context.about?.workspace) &&
  turn.answers.length > 1 &&
  turn.vote === null &&
  turn.answers.every((answer) => answer.state !== "writing" && answer.state !== "failed");

function voteNode(turn) {
  if (turn.vote !== null) {
    const choice = typeof turn.vote === "number" ? turn.answers[turn.vote].checkpoint : t(turn.vote);
    return h("p", { class: "vote cast", tabindex: "-1" }, t("voted", { choice }));
  }
  if (!votable(turn)) return null;
  const choices = [...turn.answers.map((answer, n) => [n, nameOf(turn, answer)]), ["tie", t("tie")], ["none", t("none")]];
  return h(
    "div",
    { class: "vote", role: "group", "aria-label": t("which_best") },
    h("span", {}, t("which_best")),
    choices.map(([choice, name]) =>
      h("button", { type: "button", class: "choice", onclick: () => castVote(turn, choice) }, name)),
  );
}

/** Send a vote and show it. It is kept by the server, in the workspace. */
export async function castVote(turn, choice) {
  if (!votable(turn)) return;
  turn.vote = choice;
  renderTurn(turn);
  byId(`turn-${turn.id}`).querySelector(".vote").focus();
  try {
    await vote({
      question: turn.text,
      mode: turn.mode,
      answers: turn.answers.map(({ checkpoint, text }) => ({ checkpoint, text })),
      choice,
      blind: turn.blind,
      settings: turn.settings,
    });
  } catch (problem) {
    turn.vote = null; // it was not kept: say so, and let it be cast again
    renderTurn(turn);
    byId(`turn-${turn.id}`).append(h("p", { class: "error", role: "alert" }, problem.message || t("unreachable")));
  }
  changed(turn);
}

function passagesNode(passages) {
  if (passages.length === 0) return h("p", { class: "passages none" }, t("no_passages"));
  const rows = passages.map((passage) =>
    h(
      "li",
      {},
      h("button", { type: "button", class: "link", onclick: () => openChapter(passage) }, placeOf(passage)),
      h("p", { class: "text", lang: "zh-Hans" },
        passage.pieces.map((piece) => (piece.marked ? h("mark", {}, piece.text) : piece.text))),
    ));
  return h("section", { class: "passages", "aria-label": t("passages") }, h("h3", {}, t("passages")), h("ol", {}, rows));
}
