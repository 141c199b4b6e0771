// What a question asks for; see jianghu/reader/asking.py, whose patterns the page holds.

import { Characters } from "./characters.js";

const HAN = /^[\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
const LETTER = /^[\p{L}\p{N}]/u;
const NO_HAN = /[^\u3400-\u9fff]/gu;

/**
 * Look at a question. rules: {sorts: names of the sorts of questions, signs: [[sort, pattern], …], asking: pattern}; shelf: where names and silent words are known.
 *
 * Returns {text, sort, asks: [start, end], head, terms: Map of term → where it first stands, names: [{book, name,
 * at}]}, places counted in characters.
 */
export function readQuestion(question, rules, shelf) {
  const text = new Characters(question);
  const [sort] = rules.signs.find(([, pattern]) => new RegExp(pattern, "u").test(question)) ?? ["none"];
  const asking = text.matches(new RegExp(rules.asking, "gud")).next().value;
  const asks = asking ? asking[0] : [text.length, text.length];
  const words = new Characters(shelf.telling(question));
  const names = [], inside = new Set();
  for (const [book, start, end, name] of shelf.namesIn(words.text, shelf.askedBooks(question))) {
    const at = words.at(start);
    if (!names.some((one) => one.book === book && one.name === name)) names.push({ book, name, at });
    for (let n = at; n < words.at(end); n++) inside.add(n);
  }
  const terms = new Map();
  const add = (term, at) => terms.has(term) || terms.set(term, at);
  words.list.forEach((one, at) => {
    if (!HAN.test(one) && !LETTER.test(one)) return;
    if (!inside.has(at)) add(one, at);
    const [second, third] = words.list.slice(at + 1, at + 3);
    if (second === undefined || !HAN.test(second)) return;
    if (!(inside.has(at) && inside.has(at + 1))) add(one + second, at);
    if (third !== undefined && HAN.test(one) && HAN.test(third)) add(one + second + third, at);
  });
  const head = text.slice(asks[1], asks[1] + 4).replace(NO_HAN, "").slice(0, 3);
  return { text, sort: rules.sorts.indexOf(sort), asks, head, terms, names };
}
