// What the page remembers on this machine: language, settings, and the talk. Nothing is kept anywhere else.

const PLACE = document.documentElement.dataset.store ?? "jianghu"; // a file with a model has a place of its own
const MOST_TURNS = 100;

const fresh = () => ({
  language: null,
  theme: "auto",
  mode: null,
  openBook: false,
  columns: [],
  settings: {},
  turns: [],
});

/** The state of the page; change it and call `save`. */
export const state = { ...fresh(), ...read() };

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    if (!kept || typeof kept !== "object" || !Array.isArray(kept.turns ?? [])) return {};
    for (const turn of kept.turns ?? []) {
      for (const answer of turn.answers) if (answer.state === "writing") answer.state = "stopped";
    }
    return kept;
  } catch {
    return {}; // storage is off, or holds something that is not ours
  }
}

/** Write the state down. A full storage costs the oldest half of the talk, a storage that is off costs nothing. */
export function save() {
  state.turns = state.turns.slice(-MOST_TURNS);
  for (const keep of [MOST_TURNS, MOST_TURNS / 2, 0]) {
    try {
      localStorage.setItem(PLACE, JSON.stringify({ ...state, turns: keep ? state.turns.slice(-keep) : [] }));
      return;
    } catch {
      continue;
    }
  }
}
