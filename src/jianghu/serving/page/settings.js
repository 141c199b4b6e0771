// The settings dialog: how the checkpoints write, and how they are compared.

import { byId, h } from "./dom.js";
import { save, state } from "./store.js";
import { t } from "./words.js";

const RANGES = {
  temperature: { min: 0, max: 2, step: 0.05 },
  top_k: { min: 0, max: 200, step: 1 },
  top_p: { min: 0.05, max: 1, step: 0.05 },
  min_p: { min: 0, max: 0.5, step: 0.01 },
  repetition_penalty: { min: 1, max: 2, step: 0.05 },
  max_tokens: { min: 16, max: 1024, step: 16 },
  seed: { min: 0, max: 999, step: 1 },
  memory: { min: 0, max: 6, step: 1 },
};

let defaults = {};
let offered = []; // the settings of `RANGES` that go with a request

/** Take over the recipe's settings where the reader has chosen none; `most` is the server's limit of tokens. */
export function prepareSettings(recipe, most) {
  defaults = { ...recipe, memory: 0, blind: false };
  offered = Object.keys(recipe);
  RANGES.max_tokens.max = Math.min(most, Math.max(1024, recipe.max_tokens));
  state.settings = { ...defaults, ...state.settings };
}

/** The settings that go to the server with every request: those that it told of. */
export function sampling() {
  return Object.fromEntries(offered.map((name) => [name, state.settings[name]]));
}

export function renderSettings() {
  byId("fields").replaceChildren(...Object.keys(RANGES).filter((name) => name in defaults).map(rangeNode), blindNode());
}

function rangeNode(name) {
  const shown = h("output", { for: `set-${name}` }, number(name, state.settings[name]));
  const range = h("input", {
    type: "range", id: `set-${name}`, ...RANGES[name], "aria-describedby": `help-${name}`,
    oninput: (event) => {
      state.settings[name] = Number(event.target.value);
      shown.textContent = number(name, state.settings[name]);
      save();
    },
  });
  range.value = state.settings[name];
  return h(
    "div",
    { class: "field" },
    h("label", { for: `set-${name}` }, t(name)),
    shown,
    range,
    h("p", { id: `help-${name}` }, t(`${name}_help`)),
  );
}

function blindNode() {
  const box = h("input", {
    type: "checkbox", role: "switch", id: "set-blind", "aria-describedby": "help-blind",
    onchange: (event) => {
      state.settings.blind = event.target.checked;
      save();
    },
  });
  box.checked = state.settings.blind;
  return h(
    "div",
    { class: "field" },
    h("label", { class: "switch" }, h("span", {}, t("blind")), box, h("span", { class: "knob", "aria-hidden": "true" })),
    h("p", { id: "help-blind" }, t("blind_help")),
  );
}

const number = (name, value) => (RANGES[name].step < 1 ? value.toFixed(2) : String(value));

export function resetSettings() {
  state.settings = { ...defaults };
  save();
  renderSettings();
}
