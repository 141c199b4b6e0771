// Question and passages → a row of numbers for each candidate, and one for the answer that there is none; the same
// numbers, in the same order, as jianghu/reader/features.py.

import { GIVEN, KINDS, NUMBER } from "./candidates.js";
import { FAR, LEAST, below, distances, findTerms, held, offsetsOf } from "./match.js";

const REACHES = [5, 16, 50]; // scales of nearness, in characters
const MOST = 256; // candidates that are kept, the nearest to the question's words
const LANES = [0, 1, 2, 3]; // characters, pairs, triples, names

/** So that equal sums stay in order, whichever machine adds them up. */
const rounded = (x) => Math.round(x * 1e9) / 1e9;
const sumOf = (values) => values.reduce((a, b) => a + b, 0);
const mostOf = (values) => values.reduce((a, b) => Math.max(a, b), 0);

/**
 * The features of a question over some passages, best first.
 *
 * pages: each {at, book, chapter, title, start, end, text, mentions, layout}. scores: theirs in the search. wide: [score,
 * Set of names] of more passages. sorts: names of the sorts of questions. label: the pattern of a chapter's number.
 *
 * Returns {rows: arrays of numbers, whole, answers, page, start, end}, the last four for each candidate that was kept.
 */
export function makeSheet(question, pages, scores, wide, rarity, sorts, label) {
  const offsets = offsetsOf(pages);
  const asked = findTerms(question, pages, offsets, rarity);
  const sort = sorts[question.sort];
  const cover = coverOf(pages, offsets, asked);
  const doc = candidatesOf(question, pages, offsets, asked, cover, sort);
  const sections = [
    near(doc), order(question, doc), cover.columns(doc), rank(question, pages, scores, asked, doc, label), self(question, doc),
    type(question, doc, sort, sorts.length), count(wide, doc), speech(doc), focus(doc), bestSentence(cover, doc),
  ];
  const rows = doc.kept.map((_, k) => sections.flatMap((columns) => columns.map((column) => Number(column(k)))));
  doc.kept.forEach((n, k) => rows[k].push(...doc.fixed[n]));
  const whole = wholeOf(question, scores, asked, cover, sorts.length);
  const of = (values) => doc.kept.map((n) => values[n]);
  return { rows, whole, answers: of(doc.said), page: of(doc.page), start: of(doc.start), end: of(doc.end) };
}

/** Sum over the terms of weight × value, the value being a function of the term's number. */
function weighted({ terms }, value, lane = null) {
  let sum = 0;
  for (let t = 0; t < terms.length; t++) if (lane === null || terms[t].lane === lane) sum += terms[t].weight * value(t);
  return sum;
}

/** How much of the question each clause, sentence and passage holds. */
function coverOf(pages, offsets, asked) {
  const firsts = (what) => {
    const first = [0];
    for (const { layout } of pages) first.push(first.at(-1) + mostOf(layout[what]) + 1);
    return first;
  };
  const first = { sentence: firsts("sentence"), clause: firsts("clause") };
  const unit = (what) => (n, at) => first[what][n] + pages[n].layout[what][at];
  const holds = (unitOf, size) => held(asked.terms, offsets, unitOf, size);
  const inSentence = holds(unit("sentence"), first.sentence.at(-1)), inClause = holds(unit("clause"), first.clause.at(-1));
  const inPage = holds((n) => n, pages.length);
  const pageOf = pages.flatMap((_, n) => new Array(first.sentence[n + 1] - first.sentence[n]).fill(n));
  const around = inSentence.map((row) => row.map((one, s) =>
    one || (row[s - 1] && pageOf[s - 1] === pageOf[s]) || (row[s + 1] && pageOf[s + 1] === pageOf[s]) ? 1 : 0));
  /** The share of the question, or of one kind of its terms, that each unit holds. */
  const share = (units, size, lane = null) => Array.from({ length: size }, (_, u) =>
    weighted(asked, (t) => units[t][u], lane) / (lane === null ? asked.all : Math.max(asked.total[lane], LEAST)));
  const sentences = pageOf.length;
  const sentence = share(inSentence, sentences), clause = share(inClause, first.clause.at(-1));
  const aroundIt = share(around, sentences), page = share(inPage, pages.length);
  const byLane = LANES.map((lane) => share(inSentence, sentences, lane));
  const pageByLane = LANES.map((lane) => share(inPage, pages.length, lane));
  const best = mostOf(sentence), bestClause = mostOf(clause);
  const columns = (doc) => {
    const at = (shares, units) => (k) => shares[units[doc.kept[k]]];
    return [
      at(clause, doc.clause), at(sentence, doc.sentence), at(aroundIt, doc.sentence), at(page, doc.page),
      at(byLane[3], doc.sentence), at(pageByLane[3], doc.page),
      ...[1, 0, 2].map((lane) => at(byLane[lane], doc.sentence)),
      (k) => best - sentence[doc.sentence[doc.kept[k]]],
      () => best,
      (k) => bestClause - clause[doc.clause[doc.kept[k]]],
    ];
  };
  const lanes = [3, 1].flatMap((lane) => [byLane[lane], pageByLane[lane]]);
  return { first, sentence, best, columns, bests: [sentence, clause, aroundIt, page, ...lanes].map(mostOf) };
}

/** All candidates of the passages, as arrays; `kept` are the numbers of those nearest to the question's words. */
function candidatesOf(question, pages, offsets, asked, cover, sort) {
  const join = (value) => pages.flatMap((page, n) => page.layout.start.map((_, i) => value(page.layout, i, n)));
  const doc = {
    asked, pages, offsets,
    page: join((_, i, n) => n),
    start: join((layout, i) => layout.start[i]),
    end: join((layout, i) => layout.end[i]),
    kind: join((layout, i) => layout.kind[i]),
    said: join((layout, i) => layout.answer[i]),
    fixed: join((layout, i) => layout.fixed[i]),
    quoted: join((layout, i) => layout.quoted[layout.start[i]]),
    sentence: join((layout, i, n) => cover.first.sentence[n] + layout.sentence[layout.start[i]]),
    clause: join((layout, i, n) => cover.first.clause[n] + layout.clause[layout.start[i]]),
  };
  doc.left = doc.start.map((at, n) => at + offsets[doc.page[n]]);
  doc.right = doc.end.map((at, n) => at + offsets[doc.page[n]]);
  doc.sides = asked.terms.map((term) => distances(term, doc.left, doc.right));
  // What a candidate holds itself tells nothing of its company.
  doc.gap = (t, n) => (doc.sides[t].inside[n] ? FAR : Math.min(doc.sides[t].left[n], doc.sides[t].right[n]));
  const nearness = doc.start.map((_, n) =>
    weighted(asked, (t) => Math.exp(-doc.gap(t, n) / REACHES[1])) / asked.all + cover.sentence[doc.sentence[n]] +
    0.3 * (sort === "who" && doc.kind[n] <= GIVEN) + 0.1 * (doc.kind[n] <= NUMBER)).map(rounded);
  doc.kept = [...nearness.keys()].sort((a, b) => nearness[b] - nearness[a] || a - b).slice(0, MOST).sort((a, b) => a - b);
  doc.person = doc.kind.map((kind) => Number(kind <= GIVEN));
  const numbers = new Map(); // answer → its number
  doc.answer = doc.said.map((form) => numbers.get(form) ?? numbers.set(form, numbers.size).get(form));
  doc.forms = [...numbers.keys()];
  const names = new Set(question.names.map(({ name }) => name));
  doc.askedName = doc.said.map((form) => Number(names.has(form)));
  return doc;
}

function near({ asked, sides, gap, kept }) {
  const side = (which) => (k) => weighted(asked, (t) => Math.exp(-sides[t][which][kept[k]] / 14)) / asked.all;
  const nearest = (which) => (k) => Math.exp(-sides.reduce((least, one) => Math.min(least, one[which][kept[k]]), FAR) / 10);
  return [
    ...REACHES.flatMap((reach) => LANES.map((lane) =>
      (k) => weighted(asked, (t) => Math.exp(-gap(t, kept[k]) / reach), lane) / asked.all)),
    side("left"), side("right"), nearest("left"), nearest("right"),
  ];
}

/** Do the words on either side of the word that asks stand on the same side of the candidate? */
function order({ asks: [from, to] }, { asked, sides, kept }) {
  const scale = Math.max(mostOf(asked.terms.map(({ weight }) => weight)), LEAST) * 3;
  const column = (wanted, which, reach, all) => (k) =>
    weighted(asked, (t) => (wanted(asked.terms[t].asked) ? Math.exp(-sides[t][which][kept[k]] / reach) : 0)) / all;
  const both = (wanted, reach, all) => ["left", "right"].map((which) => column(wanted, which, reach, all));
  return [
    ...both((at) => at < from, 14, asked.all),
    ...both((at) => at >= to, 14, asked.all),
    ...both((at) => at < from && at >= from - 4, 4, scale),
    ...both((at) => at >= to && at < to + 5, 4, scale),
  ];
}

function rank({ text }, pages, scores, asked, { page, kept }, label) {
  const top = Math.max(mostOf(scores), LEAST);
  const named = pages.map(({ title }) => {
    const found = label.exec(title);
    return found ? text.text.includes(found[0]) : false;
  });
  const of = (k) => page[kept[k]];
  return [
    (k) => 1 / (1 + of(k)), (k) => scores[of(k)] / top, (k) => of(k) === 0, (k) => scores[of(k)] / (4 * asked.all),
    (k) => named[of(k)],
  ];
}

function self({ text }, { asked, askedName, sides, said, kept }) {
  const letters = new Set(text.list);
  const share = (form) => {
    const own = [...form];
    return own.filter((one) => letters.has(one)).length / own.length;
  };
  return [
    (k) => askedName[kept[k]], (k) => share(said[kept[k]]), (k) => text.text.includes(said[kept[k]]),
    (k) => weighted(asked, (t) => sides[t].inside[kept[k]]) / asked.all,
  ];
}

function type({ sort: wanted, head }, { kind, person, said, page, end, pages, kept }, sort, sorts) {
  const of = new Set(head);
  const follows = (k) => {
    const next = pages[page[kept[k]]].text.list[end[kept[k]]] ?? "";
    return of.size ? of.has(next) : next === "" || next === "-";
  };
  const who = Number(sort === "who"), many = Number(sort === "number" || sort === "when");
  return [
    ...Array.from({ length: KINDS }, (_, number) => (k) => kind[kept[k]] === number),
    ...Array.from({ length: sorts }, (_, number) => () => number === wanted),
    (k) => of.has([...said[kept[k]]].at(-1)),
    (k) => [...said[kept[k]]].filter((one) => of.has(one)).length / (of.size || 1),
    follows,
    (k) => person[kept[k]] * who, (k) => Number(kind[kept[k]] === NUMBER) * many, (k) => person[kept[k]] * (1 - who),
  ];
}

/** How often an answer is named; and in how many of many passages a name stands, each counted by how well it matches. */
function count(wide, { answer, forms, page, pages, person, said, kept }) {
  const times = new Float64Array(forms.length), byPage = forms.map(() => new Float64Array(pages.length));
  answer.forEach((one, n) => {
    times[one] += 1;
    byPage[one][page[n]] += 1;
  });
  const persons = Math.max(sumOf(person), 1);
  const top = wide.length ? Math.max(...wide.map(([score]) => score)) : 1;
  const named = new Map();
  let all = 0;
  for (const [score, names] of wide) {
    const weight = (score / top) ** 4;
    all += weight;
    for (const name of names) named.set(name, (named.get(name) ?? 0) + weight);
  }
  const most = named.size ? Math.max(...named.values()) : 1;
  const share = (k) => (named.get(said[kept[k]]) ?? 0) * person[kept[k]];
  const of = (k) => answer[kept[k]];
  return [
    (k) => Math.log1p(times[of(k)]), (k) => Math.log1p(byPage[of(k)][page[kept[k]]]),
    (k) => byPage[of(k)].filter((one) => one > 0).length / pages.length,
    (k) => (times[of(k)] * person[kept[k]]) / persons,
    (k) => share(k) / Math.max(all, LEAST), (k) => share(k) / most,
  ];
}

/** In quoted words; who speaks somewhere; how much of the question stands in what that person says. */
function speech({ asked, answer, forms, offsets, page, pages, quoted, kept }) {
  const first = pages.map((_, n) => page.indexOf(n)); // the first candidate of each passage
  const speaks = new Uint8Array(answer.length);
  const covered = asked.terms.map(() => new Uint8Array(forms.length));
  pages.forEach(({ layout: { speaker } }, n) => {
    for (const one of speaker) if (one >= 0) speaks[first[n] + one] = 1;
    asked.terms.forEach(({ places }, t) => {
      for (const place of places) {
        const by = speaker[place - offsets[n]] ?? -1;
        if (by >= 0) covered[t][answer[first[n] + by]] = 1;
      }
    });
  });
  return [
    (k) => quoted[kept[k]], (k) => speaks[kept[k]],
    (k) => weighted(asked, (t) => covered[t][answer[kept[k]]]) / asked.all,
  ];
}

/** How far from the point where most of the question stands together; who of those not asked about is named last before
 * it, and first behind it. */
function focus({ asked, answer, askedName, person, left, right, kept }) {
  const { terms } = asked;
  if (!terms.length) return new Array(5).fill(() => 0);
  const spots = terms.flatMap(({ places }) => places);
  const density = spots.map((spot) => weighted(asked, (t) => { // the nearest place of each term counts
    const { places } = terms[t], n = Math.min(below(places, spot), places.length - 1);
    return Math.exp(-Math.min(Math.abs(spot - places[n]), Math.abs(spot - places[Math.max(n - 1, 0)])) / 12);
  })).map(rounded);
  const point = spots[density.indexOf(mostOf(density))];
  const others = kept.filter((n) => person[n] && !askedName[n]);
  const earlier = others.filter((n) => right[n] <= point && point - right[n] < 200).sort((a, b) => right[b] - right[a]);
  const later = others.filter((n) => left[n] >= point && left[n] - point < 120).sort((a, b) => left[a] - left[b]);
  const [last, second] = new Set(earlier.map((n) => answer[n]));
  const next = later.length ? answer[later[0]] : undefined;
  return [
    (k) => (right[kept[k]] <= point ? Math.exp(-Math.max(point - right[kept[k]], 0) / 25) : 0),
    (k) => (left[kept[k]] > point ? Math.exp(-Math.max(left[kept[k]] - point, 0) / 25) : 0),
    ...[last, second, next].map((wanted) => (k) => answer[kept[k]] === wanted),
  ];
}

const bestSentence = (cover, doc) => [(k) => cover.sentence[doc.sentence[doc.kept[k]]] >= cover.best - 1e-9];

function wholeOf(question, scores, asked, cover, sorts) {
  const top = Math.max(mostOf(scores), LEAST);
  return [
    ...cover.bests,
    asked.missing / asked.all, top / (4 * asked.all), scores.length > 1 ? scores[1] / top : 0,
    sumOf(scores) / scores.length / top, question.names.length / 3, question.text.length / 40,
    ...Array.from({ length: sorts }, (_, number) => Number(number === question.sort)),
  ];
}
