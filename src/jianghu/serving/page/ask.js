// One turn from question to answers: every column's checkpoint writes at once; then the books are asked about it.

import * as api from "./api.js";
import { announce } from "./dom.js";
import { sampling } from "./settings.js";
import { state } from "./store.js";
import { appendText, context, nameOf, renderTurn } from "./talk.js";
import { addTurn, before, changed } from "./talks.js";
import { t } from "./words.js";

let running = null; // the AbortController of the turn that is being written

export const isWriting = () => running !== null;
export const stop = () => running?.abort();

/**
 * Begin a turn and see it through, to the last answer that is there, or stopped, or failed. `onChange` hears
 * "begun" and "ended", and "key" where the server asks for one. `beside`: the turn of which this is another form.
 */
export async function ask(text, mode, checkpoints, onChange, beside = null) {
  const turn = newTurn(text, mode, checkpoints);
  addTurn(turn, beside);
  running = new AbortController();
  renderTurn(turn);
  onChange("begun");
  const { signal } = running;
  const looking = state.openBook && mode === "ask" ? findPassages(turn) : null;
  const reading = context.about?.reader && mode === "ask" ? readBook(turn) : null;
  await Promise.all(turn.answers.map((answer) => writeAnswer(turn, answer, signal, onChange)));
  running = null;
  renderTurn(turn); // votes can be cast now
  onChange("ended");
  await Promise.all([looking, reading]);
  changed(turn);
}

function newTurn(text, mode, checkpoints) {
  const answers = checkpoints.map((checkpoint) => ({
    checkpoint, text: "", state: "writing", error: "", tokens: null, seconds: null, parts: null, right: null, book: null,
  }));
  const blind = state.settings.blind && answers.length > 1;
  if (blind) answers.sort(() => Math.random() - 0.5);
  const id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`;
  return { id, mode, text, answers, blind, vote: null, record: null, passages: null, reading: null, settings: sampling() };
}

async function writeAnswer(turn, answer, signal, onChange) {
  const began = performance.now();
  try {
    const onText = (piece) => appendText(answer, piece);
    const { finish, tokens } = await api.write({ ...asked(turn, answer), truncate_prompt: true }, onText, signal);
    answer.tokens = tokens;
    answer.state = finish === "length" ? "cut" : "done";
  } catch (problem) {
    const stopped = problem.name === "AbortError";
    answer.state = stopped ? "stopped" : "failed";
    Object.assign(answer, { error: stopped ? "" : problem.message, status: problem.status, code: problem.code });
    if (problem.status === 401) onChange("key");
  }
  answer.seconds = (performance.now() - began) / 1000;
  if (turn.mode === "ask") await lookUp(turn, answer);
  if (answer.state !== "failed") announce(t("finished", { name: nameOf(turn, answer), text: answer.text }));
  renderTurn(turn);
  changed(turn);
}

/** What a column's checkpoint is asked: a text to go on from, or the question after as many earlier ones as wanted. */
function asked(turn, answer) {
  const body = { model: answer.checkpoint, ...turn.settings };
  if (turn.mode === "continue") return { ...body, prompt: turn.text };
  return { ...body, messages: [...earlierMessages(turn, answer.checkpoint), { role: "user", content: turn.text }] };
}

function earlierMessages(turn, checkpoint) {
  const pairs = before(turn)
    .filter((other) => other.mode === "ask")
    .map((other) => [other, other.answers.find((one) => one.checkpoint === checkpoint && one.state === "done" && one.text)])
    .filter(([, answer]) => answer);
  return (state.settings.memory ? pairs.slice(-state.settings.memory) : []).flatMap(([other, answer]) => [
    { role: "user", content: other.text },
    { role: "assistant", content: answer.text },
  ]);
}

/** Names of the wrong book and the records' verdict are extras: an answer stands without them. */
async function lookUp(turn, answer) {
  if (!context.about?.workspace) return;
  try {
    const { book, parts, record } = await api.look(turn.text, answer.text);
    Object.assign(answer, { book, parts, right: record?.right ?? null });
    turn.record = record;
  } catch (problem) {
    if (!(problem instanceof api.Refused)) throw problem;
  }
}

/** What a reader finds in the books; it is there before the model has written its answer. */
async function readBook(turn) {
  try {
    turn.reading = await api.read(turn.text);
    if (turn.reading.answer) announce(t("book_says_aloud", { text: turn.reading.answer }));
    renderTurn(turn);
  } catch (problem) {
    if (!(problem instanceof api.Refused)) throw problem;
  }
}

async function findPassages(turn) {
  try {
    turn.passages = await api.search(turn.text);
    renderTurn(turn);
  } catch (problem) {
    if (!(problem instanceof api.Refused)) throw problem;
  }
}
