// Where in the passages that were found the words of a question stand; see jianghu/reader/match.py.

export const FAR = 1e4;
export const LEAST = 1e-6;
const SHARES = [0.35, 0.5, 0.4]; // of characters, pairs and triples
const NAMED = 2.5;
const GAP = 400; // characters counted between passages that do not follow each other
const SIZE_OF_NAME = 2;

/** Where each passage begins when they are laid end to end in the order of the books. */
export function offsetsOf(pages) {
  const offsets = new Array(pages.length);
  let at = 0, last = null;
  for (const n of [...pages.keys()].sort((a, b) => pages[a].at - pages[b].at)) {
    const page = pages[n];
    if (last) {
      const gap = page.start - last.end;
      const follows = last.book === page.book && last.chapter === page.chapter && gap >= 0 && gap < 3;
      at += last.text.length + (follows ? gap : GAP);
    }
    offsets[n] = at;
    last = page;
  }
  return offsets;
}

/**
 * Look the question's terms up in the passages.
 *
 * Returns {terms: [{places, size, weight, lane, asked}], total: weight of all terms of each lane (characters, pairs,
 * triples, names), all: of the whole question, missing: of what stands in no passage}.
 */
export function findTerms(question, pages, offsets, rarity) {
  const found = { terms: [], total: [0, 0, 0, 0], missing: 0 };
  const add = (places, size, weight, lane, asked) => {
    found.total[lane] += weight;
    if (places.length) found.terms.push({ places: places.sort((a, b) => a - b), size, weight, lane, asked });
    else found.missing += weight;
  };
  for (const [term, asked] of question.terms) {
    const letters = [...term], lane = letters.length - 1;
    const rare = lane < 2 ? rarity(term) : Math.min(rarity(letters[0] + letters[1]), rarity(letters[1] + letters[2]));
    const places = pages.flatMap((page, n) => page.text.places(term).map((at) => offsets[n] + at));
    if (lane < 2 || places.length) add(places, letters.length, Math.max(rare, 0) * SHARES[lane], lane, asked);
  }
  for (const { book, name, at } of question.names) {
    const places = pages.flatMap((page, n) =>
      page.book === book ? page.mentions.filter((one) => one[2] === name).map(([start]) => offsets[n] + start) : []);
    add(places, SIZE_OF_NAME, NAMED, 3, at);
  }
  found.all = Math.max(found.total.reduce((a, b) => a + b, 0), LEAST);
  return found;
}

/** How many of some ascending numbers are below x, or at most x where `through`. */
export function below(numbers, x, through = false) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (through ? numbers[middle] <= x : numbers[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** From each span to the nearest place of a term: {left, right} in characters, and whether the span holds it. */
export function distances({ places, size }, start, end) {
  const left = new Float64Array(start.length), right = new Float64Array(start.length);
  const inside = new Uint8Array(start.length);
  for (let n = 0; n < start.length; n++) {
    const before = below(places, start[n] - size, true), behind = below(places, end[n]);
    left[n] = before ? Math.min(start[n] - places[before - 1] - size, FAR) : FAR;
    right[n] = behind < places.length ? Math.min(places[behind] - end[n], FAR) : FAR;
    inside[n] = Number(behind > below(places, start[n]));
  }
  return { left, right, inside };
}

/** For each term, which units hold it; `unitOf(n, at)` is the unit of a character of passage n. */
export function held(terms, offsets, unitOf, count) {
  const order = [...offsets.keys()].sort((a, b) => offsets[a] - offsets[b]);
  const sorted = order.map((n) => offsets[n]);
  return terms.map(({ places }) => {
    const holds = new Uint8Array(count);
    for (const place of places) {
      const n = order[below(sorted, place, true) - 1];
      holds[unitOf(n, place - offsets[n])] = 1;
    }
    return holds;
  });
}
