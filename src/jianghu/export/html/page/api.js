// What serving/page/api.js is to the chat page: here the model answers in the page itself, and nothing leaves it.

import { startEngine } from "./engine.js";
import { t } from "./words.js";

export class Refused extends Error {
  constructor(message) {
    super(message);
    this.status = 0;
  }
}

const held = JSON.parse(document.getElementById("data").textContent);

/** The weights stand at the end of the file: the page is there before they are. */
const engine = new Promise((resolve) => {
  document.addEventListener("DOMContentLoaded", () => {
    const block = document.getElementById("weights");
    resolve(startEngine(held.worker, held.engine, block?.textContent ?? "", held.books));
    block?.remove(); // the worker has it
  });
});

/** No server, no key. */
export const key = { get: () => "", set: () => {} };

export const about = async () => held.about;

/** Some of the questions and beginnings that the file holds; another `turn` gives others. */
export const examples = async (count, turn) => {
  const some = (rows) => Array.from({ length: Math.min(count, rows.length) }, (_, n) => rows[(turn * count + n) % rows.length]);
  return { books: held.examples.books, questions: some(held.examples.questions), beginnings: some(held.examples.beginnings) };
};

async function told(asking) {
  try {
    return await asking(await engine);
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Refused(problem.loading ? t("damaged", { why: problem.message }) : problem.message);
  }
}

/** Let the model write; see `startEngine`. */
export const write = (body, onText, signal) => told((own) => own.write(body, onText, signal));

/** The passages of the books that match a question, where the file holds the books. */
export const search = (question) => told((own) => own.search(question));

/** What the reader finds in the books, where the file holds one. */
export const read = (question) => told((own) => own.read(question));

/** A chapter in three pieces: before, inside and after a span of its characters. */
export async function chapter({ book, chapter: number, start, end }) {
  const { passages } = held.books.books.find((one) => one.book === book).chapters.find((one) => one.chapter === number);
  const gap = (n) => "\n".repeat(passages[n].start - (n ? passages[n - 1].end : 0)); // line ends between passages
  const text = [...passages.map((passage, n) => gap(n) + passage.text).join("")];
  return { pieces: [[0, start], [start, end], [end]].map((span) => text.slice(...span).join("")) };
}

/** The file holds no records and no votes. */
const missing = async () => {
  throw new Refused("");
};
export const look = missing;
export const vote = missing;
