// The model that answers in the report: what is typed, or a question of its exam, beside the answer given there.

import { startEngine } from "./engine.js";

const held = JSON.parse(document.getElementById("model").textContent);
const box = (name) => document.getElementById(`ask-${name}`);
const rows = held.exam && held.asks ? data.answers[held.exam] : []; // a base continues texts: its exam was another task
let running = null; // the AbortController of the text that is being written

const engine = new Promise((resolve) => {
  document.addEventListener("DOMContentLoaded", () => { // the weights stand at the end of the file
    const block = document.getElementById("weights");
    resolve(startEngine(held.worker, held.engine, block?.textContent ?? ""));
    block?.remove();
  });
});

/** The answer of the exam and its reference, if the question is one of its. */
function showExam(text) {
  const row = rows.find(({ question }) => question === text);
  box("exam").hidden = !row;
  if (!row) return;
  box("taken").className = row.outcome ?? "";
  box("taken").textContent = row.pieces.map(([piece]) => piece).join("") || "—";
  box("reference").textContent = row.reference || "—";
}

async function ask() {
  const text = held.asks ? box("text").value.trim() : box("text").value;
  if (running || !text.trim()) return;
  running = new AbortController();
  box("send").hidden = true;
  box("stop").hidden = false;
  box("answer").textContent = "";
  box("state").textContent = word("writing …");
  box("out").hidden = false;
  showExam(text);
  const given = held.asks ? { messages: [{ role: "user", content: text }] } : { prompt: text };
  const begun = performance.now();
  try {
    const onText = (piece) => box("answer").append(piece);
    const { finish, tokens } = await (await engine).write({ ...held.settings, ...given }, onText, running.signal);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    box("state").textContent = word(finish === "stop" ? "{tokens} tokens in {seconds} s" : "cut after {tokens} tokens, {seconds} s")
      .replace("{tokens}", tokens).replace("{seconds}", seconds);
  } catch (problem) {
    box("state").textContent = problem.name === "AbortError" ? word("stopped") : problem.message;
  }
  if (!box("answer").textContent) box("answer").textContent = "—";
  running = null;
  box("send").hidden = false;
  box("stop").hidden = true;
}

box("form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
box("text").addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  ask();
});
box("stop").addEventListener("click", () => running?.abort());
if (rows.length) {
  box("from").append(...rows.map(({ question }) => new Option(question, question)));
  box("from").addEventListener("change", () => {
    box("text").value = box("from").value;
    running?.abort();
    setTimeout(ask); // once what was being written has stopped
  });
}
