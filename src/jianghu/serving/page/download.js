// A talk as a file: Markdown to read, or JSON with everything.

import { h } from "./dom.js";
import { current, path, titleOf } from "./talks.js";
import { t } from "./words.js";

/** Hand the open talk to the browser as a file; `kind` is "md" (what is shown) or "json" (with every other form). */
export function download(kind) {
  const talk = current();
  if (!talk) return;
  const [text, type] = kind === "md" ? [markdown(talk), "text/markdown"] : [JSON.stringify(plain(talk), null, 2), "application/json"];
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const name = titleOf(talk).replace(/[\\/:*?"<>|\s\p{Cc}]+/gu, " ").trim().slice(0, 40) || "jianghu";
  h("a", { href: address, download: `${name}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function plain({ at, turns, leaf }) {
  const kept = ({ id, parent, mode, text, answers, vote, blind, record, reading, passages, settings }) => ({
    id, parent, mode, text,
    answers: answers.map(({ checkpoint, text, state, tokens, seconds, right }) => ({ checkpoint, text, state, tokens, seconds, right })),
    vote, blind, record, reading, passages, settings,
  });
  return { program: "Jianghu", written: at ? new Date(at).toISOString() : null, shown: leaf, turns: turns.map(kept) };
}

function markdown(talk) {
  const parts = [`# ${titleOf(talk)}`];
  if (talk.at) parts.push(`_${new Date(talk.at).toLocaleString(document.documentElement.lang)} · 江湖 Jianghu_`);
  for (const turn of path(talk)) parts.push(...turnLines(turn));
  return `${parts.join("\n\n")}\n`;
}

function turnLines(turn) {
  const lines = [turn.mode === "ask" ? `## ${turn.text.trim()}` : `## ${t("continue")}`];
  for (const answer of turn.answers) {
    lines.push(`**${answer.checkpoint}**${answer.state === "done" ? "" : ` (${t(answer.state)})`}`);
    lines.push(quote((turn.mode === "continue" ? turn.text : "") + answer.text || t("empty")));
    if (answer.right !== null && answer.right !== undefined) lines.push(`${answer.right ? "✓" : "✗"} ${t(answer.right ? "right" : "wrong")}`);
  }
  if (turn.reading?.answer) lines.push(`${t("book_says_aloud", { text: turn.reading.answer })} (${t("sure", { percent: Math.round(turn.reading.probability * 100) })})`);
  if (turn.record) lines.push(t("reference", { text: turn.record.reference }));
  if (turn.vote !== null) lines.push(t("voted", { choice: typeof turn.vote === "number" ? turn.answers[turn.vote].checkpoint : t(turn.vote) }));
  return lines;
}

/** Lines as a quotation, in which nothing that a model says is markup. */
const quote = (text) => text.split("\n").map((line) => `> ${line.replace(/[\\`*_{}[\]<>#|~]/g, "\\$&")}`).join("\n");
