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
    resolve(startEngine(held.worker, held.engine, block?.textContent ?? ""));
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

/** Let the model write; see `startEngine`. */
export async function write(body, onText, signal) {
  try {
    return await (await engine).write(body, onText, signal);
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Refused(problem.loading ? t("damaged", { why: problem.message }) : problem.message);
  }
}

/** The file holds no books, no records and no votes. */
const missing = async () => {
  throw new Refused("");
};
export const look = missing;
export const search = missing;
export const vote = missing;
export const chapter = missing;
