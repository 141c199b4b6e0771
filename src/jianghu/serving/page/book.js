// A chapter of a book in a dialog, opened where something stands.

import { chapter } from "./api.js";
import { byId, h } from "./dom.js";
import { t } from "./words.js";

/** A place in words: book, chapter, heading, characters. */
export function placeOf({ book, chapter, title, start, end }) {
  const heading = title || t("chapter", { chapter });
  return `${t("from_book", { book })} ${heading} · ${t("characters", { start: start + 1, end })}`;
}

/** Show a chapter, its span marked and in view. */
export async function openChapter(place) {
  const text = byId("book-text");
  byId("book-title").textContent = place.title || t("chapter", { chapter: place.chapter });
  byId("book-place").textContent = `${t("from_book", { book: place.book })} ${t("chapter", { chapter: place.chapter })} · ${t(
    "characters", { start: place.start + 1, end: place.end })}`;
  text.replaceChildren();
  byId("book").showModal();
  try {
    const { pieces } = await chapter(place);
    text.replaceChildren(...paragraphs(pieces));
    text.querySelector("mark")?.scrollIntoView({ block: "center" });
    text.focus({ preventScroll: true });
  } catch (problem) {
    text.replaceChildren(h("p", { class: "error", role: "alert" }, problem.message || t("unreachable")));
  }
}

/** The three pieces of a chapter (before, inside, after) as paragraphs; a span may cover several. */
export function paragraphs(pieces) {
  const nodes = [h("p")];
  pieces.forEach((piece, n) => {
    piece.split("\n").forEach((line, at) => {
      if (at > 0) nodes.push(h("p"));
      if (line) nodes.at(-1).append(n === 1 ? h("mark", {}, line) : line);
    });
  });
  return nodes.filter((node) => node.hasChildNodes());
}
