// The passages of the books that match a question; see jianghu/retrieval/, which finds the same ones.

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

/** The nearest float16 of a positive number, halves to even: the weights of the index are so rounded. */
function half(x) {
  let exponent = Math.floor(Math.log2(x));
  if (2 ** exponent > x) exponent -= 1;
  if (2 ** (exponent + 1) <= x) exponent += 1;
  const step = 2 ** (Math.max(exponent, -14) - 10);
  const whole = Math.floor(x / step), rest = x / step - whole;
  return (rest > 0.5 || (rest === 0.5 && whole % 2) ? whole + 1 : whole) * step;
}

export class Shelf {
  /**
   * held: {silent: words of questions that say nothing about where the answer stands, weights: {character, named, pair,
   * name}, books: [{book, forms: {form: the name it stands for, or null}, chapters: [{chapter, title, passages}]}]},
   * a passage being {start, end, text, names: [[name, times], …]}.
   */
  constructor({ silent, weights, books }) {
    Object.assign(this, { silent: new RegExp(silent, "gu"), weights, books, passages: [] });
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
    const count = (term, times = 1) => counts.set(term, (counts.get(term) ?? 0) + times);
    for (const term of terms(passage.text)) count(term);
    if (first) for (const term of terms(passage.title)) count(term); // a title counts to its first passage
    for (const [name, times] of passage.names) count(`《${passage.book}》${name}`, times);
    for (const [term, times] of counts) {
      if (!held.has(term)) held.set(term, []);
      held.get(term).push([at, times]);
    }
  }

  /** The passages that match best, best first, each {book, chapter, title, start, end, pieces: [{text, marked}]}. */
  search(question, limit = 3) {
    const named = this.books.filter(({ book }) => question.includes(`《${book}》`));
    const books = named.length ? named : this.books;
    const allowed = new Set(books.map(({ book }) => book));
    const wanted = this.#wanted(question, books);
    const sums = new Float32Array(this.passages.length);
    for (const term of [...wanted.keys()].sort()) { // sums of floats depend on their order
      for (const [at, weight] of this.postings.get(term) ?? []) sums[at] += Math.fround(Math.fround(wanted.get(term)) * weight);
    }
    const kept = [...sums.keys()].filter((at) => sums[at] > 0 && allowed.has(this.passages[at].book));
    kept.sort((a, b) => sums[b] - sums[a] || a - b);
    return kept.slice(0, limit).map((at) => {
      const { book, chapter, title, start, end, text } = this.passages[at];
      return { book, chapter, title, start, end, pieces: pieces(text, wanted) };
    });
  }

  /** What to look for: term → weight. */
  #wanted(question, books) {
    const words = question.replace(this.silent, (found) => " ".repeat(found.length));
    const { character, named, pair, name } = this.weights;
    const wanted = new Map(), inside = new Set();
    for (const { book, forms } of books) {
      for (const [start, end, owner] of mentions(words, forms)) {
        wanted.set(`《${book}》${owner}`, name);
        for (let at = start; at < end; at++) inside.add(at);
      }
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
