// The checkpoints that answer: one, or up to three side by side.

import { byId, h } from "./dom.js";
import { save, state } from "./store.js";
import { context, kindOf } from "./talk.js";
import { t } from "./words.js";

const MOST = 3;
const FIT = { ask: "chat", continue: "base" };

/** The checkpoints that are chosen for what is done now: kept apart for asking and for continuing a text. */
export const columns = () => state.columns[state.mode];

/** Begin with a checkpoint that fits: a fine-tuned one answers, a base model continues. */
export function chooseColumns() {
  for (const mode of ["ask", "continue"]) {
    const known = state.columns[mode].filter((name) => kindOf(name));
    const { checkpoints } = context.about;
    const fit = checkpoints.find(({ kind }) => kind === FIT[mode]) ?? checkpoints[0];
    state.columns[mode] = known.length || !fit ? known : [fit.name];
  }
}

export function renderColumns() {
  const { checkpoints } = context.about;
  const add = () => {
    const next = checkpoints.find(({ name }) => !columns().includes(name)) ?? checkpoints[0];
    columns().push(next.name);
    changed(columns().length - 1);
  };
  byId("columns").replaceChildren(
    ...columns().map((name, n) => columnNode(checkpoints, name, n)),
    columns().length < MOST && checkpoints.length > 1
      ? h("button", { type: "button", class: "quiet add", onclick: add }, h("span", { "aria-hidden": "true" }, "＋"), t("add_column"))
      : "",
  );
}

function columnNode(checkpoints, name, n) {
  const options = ["chat", "base"].map((kind) => [kind, checkpoints.filter((one) => one.kind === kind)]);
  const groups = options.filter(([, ones]) => ones.length).map(([kind, ones]) =>
    h("optgroup", { label: t(`kind_${kind}`) },
      ones.map((one) => h("option", { value: one.name, selected: one.name === name }, one.name))));
  const choose = (event) => {
    columns()[n] = event.target.value;
    changed(n);
  };
  const remove = () => {
    columns().splice(n, 1);
    changed(Math.max(0, n - 1));
  };
  return h(
    "span",
    { class: "column" },
    h("select", { "aria-label": t("column", { n: n + 1 }), onchange: choose }, groups),
    columns().length > 1 &&
      h("button", { type: "button", class: "quiet icon", "aria-label": t("remove_column", { name }), onclick: remove }, "×"),
  );
}

function changed(focused) {
  save();
  renderColumns();
  byId("columns").querySelectorAll("select")[focused]?.focus();
}
