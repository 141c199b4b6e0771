// What the page remembers on this machine: language, settings, and the talks. Nothing is kept anywhere else.

const PLACE = document.documentElement.dataset.store ?? "jianghu"; // a file with a model has a place of its own
const MOST_TALKS = 100;

const fresh = () => ({
  language: null,
  theme: "auto",
  mode: null,
  openBook: false,
  columns: { ask: [], continue: [] },
  settings: {},
  talks: [], // the one that was written in last comes last
  talk: null, // the id of the open one; null: a new one, which is kept from its first question on
  removed: [], // ids of talks that were thrown away, so that another tab does not bring them back
});

/** The state of the page; change it and call `save`. */
export const state = { ...fresh(), ...read() };

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    if (!kept || typeof kept !== "object") return {};
    if (Array.isArray(kept.turns)) takeOver(kept);
    if (!Array.isArray(kept.talks ?? [])) return {};
    for (const answer of (kept.talks ?? []).flatMap(({ turns }) => turns).flatMap(({ answers }) => answers)) {
      if (answer.state === "writing") answer.state = "stopped";
    }
    return kept;
  } catch {
    return {}; // storage is off, or holds something that is not ours
  }
}

/** The page once kept one talk, in a row, and one list of columns. */
function takeOver(kept) {
  const turns = kept.turns.map((turn, n) => ({ ...turn, parent: kept.turns[n - 1]?.id ?? null }));
  if (turns.length) {
    kept.talks = [{ id: turns[0].id, at: 0, turns, leaf: turns.at(-1).id }];
    kept.talk = turns[0].id;
  }
  delete kept.turns;
  if (Array.isArray(kept.columns)) kept.columns = { ...fresh().columns, [kept.mode ?? "ask"]: kept.columns };
}

/**
 * Write the state down. Talks that another tab has written since are kept. A full storage costs the oldest half of
 * the talks, a storage that is off costs nothing.
 */
export function save() {
  takeFromOthers();
  state.talks = state.talks.slice(-MOST_TALKS);
  state.removed = state.removed.slice(-MOST_TALKS);
  for (let keep = state.talks.length; ; keep = Math.floor(keep / 2)) {
    try {
      localStorage.setItem(PLACE, JSON.stringify({ ...state, talks: keep ? state.talks.slice(-keep) : [] }));
      return;
    } catch {
      if (keep === 0) return;
    }
  }
}

/** Take over what other tabs have written: talks and turns that are new or newer, and what they threw away. */
export function takeFromOthers() {
  const others = read();
  state.removed = [...new Set([...state.removed, ...(others.removed ?? [])])];
  for (const theirs of others.talks ?? []) {
    const ours = state.talks.find(({ id }) => id === theirs.id);
    if (ours) merge(ours, theirs);
    else state.talks.push(theirs);
  }
  state.talks = state.talks.filter(({ id }) => !state.removed.includes(id)).sort((one, other) => one.at - other.at);
}

/** Turns stay the same objects, since what is on the page holds them; one that is being written here is ours alone. */
function merge(ours, theirs) {
  for (const turn of theirs.turns) {
    const known = ours.turns.find(({ id }) => id === turn.id);
    if (!known) ours.turns.push(turn);
    else if (theirs.at > ours.at && !known.answers.some((answer) => answer.state === "writing")) Object.assign(known, turn);
  }
  ours.at = Math.max(ours.at, theirs.at);
}

/** Hear when another tab has written something down. */
export const onOthers = (handler) => {
  const heard = (event) => event.key === PLACE && handler();
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
};
