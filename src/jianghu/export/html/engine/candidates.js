// A passage → the spans that may answer a question about it, and what is known of them whatever is asked; see
// jianghu/reader/candidates.py and fixed.py, whose patterns and characters the page holds.

import { Characters } from "./characters.js";

export const PERSON = 0;
export const GIVEN = 1;
export const NUMBER = 4;
export const KINDS = 8;
const PLACE = 2, NAME = 3, QUOTE = 5, CLAUSE = 6, WORD = 7;
const MAX_CLAUSE = 14, MAX_QUOTE = 24, MAX_STRETCH = 8;
const NO_BOND = -4;

const clip = (x, most) => Math.max(-most, Math.min(most, x));

/** The rules that the page holds, ready for use. */
export function makeRules({ patterns, grammar, speaks, before, after }) {
  const ready = Object.fromEntries(Object.entries(patterns).map(([name, one]) => [name, new RegExp(one, "gud")]));
  ready.digits = new RegExp(`^(?:${patterns.digits})`, "u");
  return { patterns: ready, grammar: new Set(grammar), speaks: new Set(speaks), before: [...before], after: [...after] };
}

/**
 * Find the candidates of a passage {text, mentions: [[start, end, name, short], …]}.
 *
 * kinds: name → "person", "place" or another. bonds: how firmly each pair of neighbours belongs together. times: how often
 * the book names each name.
 *
 * Returns arrays of candidates: start, end, kind, answer, fixed (features that no question changes, an array each); and of
 * characters: clause, sentence, speaker (the candidate who says the quoted words around it; -1: nobody), quoted.
 */
export function layOut(passage, kinds, times, bonds, rules) {
  const { text, mentions } = passage, { patterns } = rules;
  const size = text.length, width = size + 1;
  const found = new Map(); // start × width + end → kind
  const answers = new Map();
  const add = (start, end, kind) => found.has(start * width + end) || found.set(start * width + end, kind);
  const inName = new Uint8Array(width);
  for (const [start, end, name, short] of mentions) {
    const kind = kinds.get(name) ?? "person";
    found.set(start * width + end, kind === "person" ? (short ? GIVEN : PERSON) : kind === "place" ? PLACE : NAME);
    answers.set(start * width + end, name);
    inName.fill(1, start + 1, Math.max(start + 1, end)); // inside, not at the edges
  }
  const quoted = new Uint8Array(size), speaker = new Int32Array(size).fill(-1), said = [];
  for (const [whole, ...groups] of text.matches(patterns.quotes)) {
    const [start, end] = groups.find(Boolean);
    quoted.fill(1, start, end);
    if (groups[0]) said.push([start, end]);
    if (end - start <= MAX_QUOTE) add(start, end, QUOTE);
    for (const [, ...inner] of new Characters(text.slice(...whole)).matches(patterns.inner_quotes)) {
      const [from, to] = inner.find(Boolean);
      add(whole[0] + from, whole[0] + to, QUOTE);
    }
  }
  for (const [[start, end]] of text.matches(patterns.numbers)) {
    add(start, end, NUMBER);
    const bare = rules.patterns.digits.exec(text.slice(start, end));
    if (bare && bare[0].length > 1) add(start, start + bare[0].length, NUMBER);
  }
  const clause = new Int32Array(size), sentence = new Int32Array(size);
  let number = 0;
  for (const [[start, end]] of text.matches(patterns.sentences)) sentence.fill(number++, start, end);
  number = 0;
  for (const [[start, end]] of text.matches(patterns.clauses)) {
    clause.fill(++number, start, end);
    if (end - start >= 2 && end - start <= MAX_CLAUSE) add(start, end, CLAUSE);
    for (const [[, to]] of new Characters(text.slice(start, end)).matches(patterns.leads)) {
      const rest = end - start - to;
      if (rest >= 2 && rest <= MAX_CLAUSE) add(start + to, end, CLAUSE);
    }
    for (const [from, to] of words(text, start, end, inName, rules.grammar)) add(from, to, WORD);
  }
  const keys = [...found.keys()].sort((a, b) => a - b);
  const start = keys.map((key) => Math.floor(key / width)), end = keys.map((key) => key % width);
  const kind = keys.map((key) => found.get(key));
  const answer = keys.map((key, n) => answers.get(key) ?? text.slice(start[n], end[n]));
  for (const [from, to] of said) {
    const before = keys.findLastIndex((_, n) => kind[n] <= NAME && start[n] >= from - 20 && end[n] <= from);
    if (before >= 0) speaker.fill(before, from, to);
  }
  const page = { start, end, kind, answer, clause, sentence, speaker, quoted };
  return { ...page, fixed: fixedFeatures(text, page, times, bonds, rules) };
}

/** Spans of a clause that may be words: what stands between characters of grammar, and its first and last pair where that
 * cuts no name. */
function* words(text, start, end, inName, grammar) {
  const edges = new Set([start, end]);
  if (start < end) edges.add(start + 1);
  for (let at = start; at < end; at++) if (grammar.has(text.list[at])) edges.add(at).add(at + 1);
  const sorted = [...edges].sort((a, b) => a - b);
  for (let n = 0; n + 1 < sorted.length; n++) {
    const left = sorted[n], right = sorted[n + 1];
    if (right - left < 2 || grammar.has(text.list[left])) continue;
    if (right - left <= MAX_STRETCH) yield [left, right];
    for (const at of [left, right - 2]) if (!inName[at] && !inName[at + 2]) yield [at, at + 2];
  }
}

function least(values, from, to, start) {
  let found = start;
  for (let n = from; n < to; n++) if (values[n] < found) found = values[n];
  return found;
}

/** A row of numbers for each candidate: its shape, and the characters beside it. */
function fixedFeatures(text, page, times, bonds, { grammar, speaks, before, after }) {
  const edge = (n) => (n > 0 && n < text.length ? bonds[n - 1] : NO_BOND); // between characters n - 1 and n
  const clauseOf = (n) => page.clause[n] ?? 0; // of what lies outside: none
  return page.start.map((start, n) => {
    const end = page.end[n];
    const left = text.list[start - 1] ?? "", right = text.list[end] ?? "";
    return [
      (page.kind[n] <= NAME ? Math.log1p(times.get(page.answer[n]) ?? 0) : 0) / 5,
      (end - start) / 8,
      ...[edge(start), edge(end), least(bonds, start, end - 1, 6)].map((one) => clip(one, 6) / 4),
      Number(clauseOf(start - 1) !== clauseOf(start)),
      Number(clauseOf(end - 1) !== clauseOf(end)),
      Number(grammar.has(left)),
      Number(grammar.has(right)),
      Number(speaks.has(right)),
      ...before.map((one) => Number(one === left)),
      ...after.map((one) => Number(one === right)),
    ];
  });
}
