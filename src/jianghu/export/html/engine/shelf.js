// The passages of the books that match a question; see jianghu/retrieval/, which finds the same ones.

import { half } from "./tensors.js";

const HAN = "\\u3400-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const RUN = new RegExp(`[${HAN}]+|(?:(?![${HAN}])[\\p{L}\\p{N}])+`, "gu");
const IS_HAN = new RegExp(`^[${HAN}]`, "u");
const [SATURATION, LENGTH, LEAST_IDF] = [1.2, 0.75, 1e-3]; // BM25

/** Chinese characters and pairs of neighbours; other words whole, in lower case. */
function terms(text) {
  const found = [];
  for (const [run] of text.matchAll(RUN)) {
    if (IS_HAN.test(run)) {
      const characters = [...run];
      characters.forEach((one, at) => found.push(one, ...(at + 1 < characters.length ? [one + characters[at + 1]] : [])));
    } else {
      found.push(run.toLowerCase());
    }
  }
  return found;
}

export class Shelf {
  /**
   * held: {silent: words of questions that say nothing about where the answer stands, weights: {character, named, pair,
   * name}, books: [{book, forms: {form: the name it stands for, or null}, names: [[name, kind, times], …], chapters:
   * [{chapter, title, passages}]}]}, a passage being {start, end, text, mentions}: for each name in it where it stands in
   * the text, its length, and twice its number in `names`, plus one for a given name alone.
   */
  constructor({ silent, weights, books }) {
    Object.assign(this, { silent: new RegExp(silent, "gu"), weights, books, passages: [] });
    this.names = new Map(books.map(({ book, names }) => [book, names]));
    const held = new Map(); // term → [[passage, times], …]
    for (const { book, chapters } of books) {
      for (const { chapter, title, passages } of chapters) {
        passages.forEach((passage, n) => this.#count(held, { book, chapter, title, ...passage }, n === 0));
      }
    }
    const mean = this.passages.reduce((sum, { size }) => sum + size, 0) / this.passages.length;
    this.postings = new Map();
    for (const [term, found] of held) {
      const idf = Math.max(Math.log((this.passages.length - found.length + 0.5) / (found.length + 0.5)), LEAST_IDF);
      this.postings.set(term, found.map(([at, times]) => {
        const norm = SATURATION * (1 - LENGTH + LENGTH * (this.passages[at].size / mean));
        return [at, half((idf * times * (SATURATION + 1)) / (times + norm))];
      }));
    }
  }

  #count(held, passage, first) {
    const at = this.passages.push({ ...passage, size: [...passage.text].length }) - 1;
    const counts = new Map();
    const count = (term) => counts.set(term, (counts.get(term) ?? 0) + 1);
    for (const term of terms(passage.text)) count(term);
    if (first) for (const term of terms(passage.title)) count(term); // a title counts to its first passage
    for (const [, , name] of this.mentionsIn(at)) count(`《${passage.book}》${name}`);
    for (const [term, times] of counts) {
      if (!held.has(term)) held.set(term, []);
      held.get(term).push([at, times]);
    }
  }

  /** The passages that match best, best first, each {book, chapter, title, start, end, pieces: [{text, marked}]}. */
  search(question, limit = 3) {
    const wanted = this.#wanted(question, this.askedBooks(question));
    return this.ranked(question, limit).map(([at]) => {
      const { book, chapter, title, start, end, text } = this.passages[at];
      return { book, chapter, title, start, end, pieces: pieces(text, wanted) };
    });
  }

  /** The numbers of the passages that match best, with their scores. */
  ranked(question, limit) {
    const books = this.askedBooks(question), wanted = this.#wanted(question, books);
    const allowed = new Set(books.map(({ book }) => book));
    const sums = new Float32Array(this.passages.length);
    for (const term of [...wanted.keys()].sort()) { // sums of floats depend on their order
      for (const [at, weight] of this.postings.get(term) ?? []) sums[at] += Math.fround(Math.fround(wanted.get(term)) * weight);
    }
    const kept = [...sums.keys()].filter((at) => sums[at] > 0 && allowed.has(this.passages[at].book));
    kept.sort((a, b) => sums[b] - sums[a] || a - b);
    return kept.slice(0, limit).map((at) => [at, sums[at]]);
  }

  /** The books that a question names in 《》, else all. */
  askedBooks(question) {
    const named = this.books.filter(({ book }) => question.includes(`《${book}》`));
    return named.length ? named : this.books;
  }

  /** How rare a term is: log(passages / passages that hold it), half a passage for what none holds. */
  rarity(term) {
    return Math.log(this.passages.length / ((this.postings.get(term)?.length ?? 0) + 0.5));
  }

  /** The names in a passage: [start, end, name, whether by a given name alone], counted in characters. */
  mentionsIn(at) {
    const { book, mentions } = this.passages[at], names = this.names.get(book), found = [];
    for (let n = 0; n < mentions.length; n += 3) {
      const [start, size, number] = mentions.slice(n, n + 3);
      found.push([start, start + size, names[number >> 1][0], number % 2 === 1]);
    }
    return found;
  }

  /** The question with blanks for the words that say nothing about where the answer stands. */
  telling(question) {
    return question.replace(this.silent, (found) => " ".repeat([...found].length));
  }

  /** Where names of some books stand: [book, start, end, name], counted in units of the string. */
  *namesIn(text, books) {
    for (const { book, forms } of books) for (const one of mentions(text, forms)) yield [book, ...one];
  }

  /** What to look for: term → weight. */
  #wanted(question, books) {
    const words = this.telling(question);
    const { character, named, pair, name } = this.weights;
    const wanted = new Map(), inside = new Set();
    for (const [book, start, end, owner] of this.namesIn(words, books)) {
      wanted.set(`《${book}》${owner}`, name);
      for (let at = start; at < end; at++) inside.add(at);
    }
    for (const found of words.matchAll(RUN)) {
      if (!IS_HAN.test(found[0])) {
        wanted.set(found[0].toLowerCase(), character);
        continue;
      }
      const characters = [...found[0]];
      let at = found.index;
      characters.forEach((one, n) => {
        wanted.set(one, Math.max(wanted.get(one) ?? 0, inside.has(at) ? named : character));
        if (n + 1 < characters.length) wanted.set(one + characters[n + 1], pair);
        at += one.length;
      });
    }
    return wanted;
  }
}

/** Where names stand: [start, end, name], the longest form at each place; a form of several names is nobody's. */
function mentions(text, forms) {
  const longest = Math.max(0, ...Object.keys(forms).map((form) => form.length));
  const found = [];
  for (let at = 0; at < text.length; ) {
    let size = Math.min(longest, text.length - at);
    while (size > 1 && !Object.hasOwn(forms, text.slice(at, at + size))) size -= 1;
    if (size < 2) {
      at += 1;
      continue;
    }
    const owner = forms[text.slice(at, at + size)];
    if (owner !== null) found.push([at, at + size, owner]);
    at += size;
  }
  return found;
}

/** A passage in pieces, the wanted pairs and words marked; single characters stand everywhere. */
function pieces(text, wanted) {
  const spans = [];
  for (const found of text.matchAll(RUN)) {
    const characters = IS_HAN.test(found[0]) ? [...found[0]] : [found[0]];
    let start = found.index;
    characters.forEach((one, n) => {
      const term = IS_HAN.test(one) ? one + (characters[n + 1] ?? "") : one;
      const end = start + term.length;
      if ((n + 1 < characters.length || !IS_HAN.test(one)) && wanted.has(term.toLowerCase())) {
        if (spans.length && spans.at(-1)[1] >= start) spans.at(-1)[1] = end;
        else spans.push([start, end]);
      }
      start += one.length;
    });
  }
  const found = [];
  let at = 0;
  for (const [start, end] of spans) {
    found.push({ text: text.slice(at, start), marked: false }, { text: text.slice(start, end), marked: true });
    at = end;
  }
  return [...found, { text: text.slice(at), marked: false }].filter((piece) => piece.text);
}
