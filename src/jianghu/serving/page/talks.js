// Several talks, each a tree of turns: a question that was edited stands beside the first one, and one path is shown.

import { save, state } from "./store.js";

/** The open talk; null: a new one. */
export const current = () => state.talks.find(({ id }) => id === state.talk) ?? null;

/** The turns that are shown, from the first question on. */
export function path(talk = current()) {
  return talk ? upTo(talk, talk.leaf) : [];
}

/** The turns that come before one on its path. */
export function before(turn) {
  const talk = talkOf(turn);
  return talk ? upTo(talk, turn.parent) : [];
}

function upTo(talk, id) {
  const turns = new Map(talk.turns.map((turn) => [turn.id, turn]));
  const found = [];
  for (let turn = turns.get(id); turn; turn = turns.get(turn.parent)) found.unshift(turn);
  return found;
}

const talkOf = (turn) => state.talks.find(({ turns }) => turns.includes(turn));

/** Put a turn at the end of the open talk, or beside another one: with the same turns before it. */
export function addTurn(turn, beside = null) {
  let talk = current();
  if (!talk) {
    talk = { id: turn.id, at: 0, turns: [], leaf: null };
    state.talks.push(talk);
    state.talk = talk.id;
  }
  turn.parent = beside ? beside.parent : talk.leaf;
  talk.turns.push(turn);
  talk.leaf = turn.id;
  touch(talk);
}

/** Note that something was written in a talk: it is the newest now. */
function touch(talk) {
  talk.at = Date.now();
  state.talks = [...state.talks.filter((other) => other !== talk), talk];
}

/** Note that a turn has changed. */
export function changed(turn) {
  const talk = talkOf(turn);
  if (talk) talk.at = Date.now();
  save();
}

/** The forms of a question: turns with the same ones before them, in the order in which they were asked. */
export const siblings = (turn) => talkOf(turn)?.turns.filter(({ parent }) => parent === turn.parent) ?? [turn];

/** Show another form of a question, with what was asked after it last. */
export function choose(turn) {
  const talk = talkOf(turn);
  let leaf = turn;
  for (let next = turn; next; next = talk.turns.findLast(({ parent }) => parent === leaf.id)) leaf = next;
  talk.leaf = leaf.id;
  changed(turn);
}

/** What a talk is called: its first question. */
export const titleOf = (talk) => path(talk)[0]?.text.trim().split("\n")[0].slice(0, 60) ?? "";

/** Open a talk, or, with null, begin a new one. Returns how to go back to where the reader was. */
export function openTalk(id) {
  const last = state.talk;
  state.talk = id;
  save();
  return () => {
    state.talk = last;
    save();
  };
}

/** Throw a talk away. Returns how to get it back. */
export function removeTalk(id) {
  const talk = state.talks.find((one) => one.id === id);
  const wasOpen = state.talk === id;
  state.talks = state.talks.filter((one) => one !== talk);
  state.removed.push(id);
  if (wasOpen) state.talk = null;
  save();
  return () => {
    // Under another id: other tabs have heard that the old one is gone.
    state.talks.push({ ...talk, id: `${talk.id}.` });
    if (wasOpen) state.talk = `${talk.id}.`;
    save();
  };
}
