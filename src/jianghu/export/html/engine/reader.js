// A question → what the book says: the span of a passage that answers it, with a probability, or that there is none; see
// jianghu/reader/, which finds the same.

import { readQuestion } from "./asking.js";
import { layOut, makeRules } from "./candidates.js";
import { Characters } from "./characters.js";
import { makeSheet } from "./features.js";
import { probabilities } from "./network.js";
import { fromBase64, readTensors } from "./tensors.js";

const WIDE = 40; // passages over which names are counted
const KEPT = 1024; // passages whose candidates are kept before all are forgotten

export class Reader {
  /**
   * shelf: the books. held: {weights: a safetensors file in base64, scorers, passages: how many are read, calibration:
   * {weights, least}, and the rules of `readQuestion`, `makeRules` and `makeSheet`}.
   */
  constructor(shelf, held) {
    Object.assign(this, { shelf, held, rules: makeRules(held), tensors: readTensors(fromBase64(held.weights)) });
    this.label = new RegExp(`^(?:${held.patterns.label})`, "u");
    this.kept = new Map(); // number of a passage → what is known of it
    this.names = new Map(shelf.books.map(({ book, names }) => [book, {
      kinds: new Map(names.map(([name, kind]) => [name, kind])),
      times: new Map(names.map(([name, , times]) => [name, times])),
    }]));
  }

  /** {answer, probability, place: {book, chapter, title, start, end}}; the answer is empty where none is found. */
  read(question) {
    const { passages, scorers, calibration, sorts } = this.held;
    const found = this.shelf.ranked(question, WIDE);
    if (!found.length) return { answer: "", probability: 1, place: null };
    const wide = found.map(([at, score]) => [score, new Set(this.shelf.mentionsIn(at).map(([, , name]) => name))]);
    const near = found.slice(0, passages), pages = near.map(([at]) => this.#page(at));
    const scores = near.map(([, score]) => score);
    const rarity = (term) => this.shelf.rarity(term);
    const sheet = makeSheet(
      readQuestion(question, this.held, this.shelf), pages, scores, wide, rarity, sorts, this.label);
    if (!sheet.answers.length) return { answer: "", probability: 1, place: null };
    return decide(sheet, probabilities(this.tensors, scorers, sheet), pages, calibration);
  }

  /** A passage with its layout. */
  #page(at) {
    const kept = this.kept.get(at);
    if (kept) return kept;
    if (this.kept.size > KEPT) this.kept.clear();
    const passage = this.shelf.passages[at], text = new Characters(passage.text);
    const rarity = (term) => this.shelf.rarity(term);
    const bonds = text.list.slice(1).map((two, n) => rarity(text.list[n]) + rarity(two) - rarity(text.list[n] + two));
    const page = { ...passage, at, text, mentions: this.shelf.mentionsIn(at) };
    const { kinds, times } = this.names.get(passage.book);
    page.layout = layOut(page, kinds, times, bonds, this.rules);
    this.kept.set(at, page);
    return page;
  }
}

/** The answer by the probabilities of the candidates; those that answer the same are added up. */
function decide({ answers, page, start, end }, chances, pages, { weights: [one, other, constant], least }) {
  const shares = new Map();
  answers.forEach((answer, n) => shares.set(answer, (shares.get(answer) ?? 0) + chances[n]));
  const [answer, share] = [...shares].reduce((best, next) => (next[1] > best[1] ? next : best));
  const none = chances.at(-1), p = Math.min(Math.max(share, 1e-6), 1 - 1e-6);
  const z = one * Math.log(p / (1 - p)) + other * Math.log(Math.max(none, 1e-6)) + constant;
  const likely = 1 / (1 + Math.exp(-Math.max(-30, Math.min(30, z))));
  if (likely < least) return { answer: "", probability: Math.max(none, 1 - likely), place: null };
  const own = [...answers.keys()].filter((n) => answers[n] === answer);
  const n = own.reduce((best, next) => (chances[next] > chances[best] ? next : best));
  const { book, chapter, title, start: from } = pages[page[n]];
  const place = { book, chapter, title, start: from + start[n], end: from + end[n] };
  return { answer, probability: likely, place };
}
