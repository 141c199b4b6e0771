// The checkpoints that answer: one, or up to three side by side.

import { byId, h } from "./dom.js";
import { save, state } from "./store.js";
import { context } from "./talk.js";
import { t } from "./words.js";

const MOST = 3;

export function renderColumns() {
  const { checkpoints } = context.about;
  const add = () => {
    const next = checkpoints.find(({ name }) => !state.columns.includes(name)) ?? checkpoints[0];
    state.columns.push(next.name);
    changed(state.columns.length - 1);
  };
  byId("columns").replaceChildren(
    ...state.columns.map((name, n) => columnNode(checkpoints, name, n)),
    state.columns.length < MOST && checkpoints.length > 1
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
    state.columns[n] = event.target.value;
    changed(n);
  };
  const remove = () => {
    state.columns.splice(n, 1);
    changed(Math.max(0, n - 1));
  };
  return h(
    "span",
    { class: "column" },
    h("select", { "aria-label": t("column", { n: n + 1 }), onchange: choose }, groups),
    state.columns.length > 1 &&
      h("button", { type: "button", class: "quiet icon", "aria-label": t("remove_column", { name }), onclick: remove }, "×"),
  );
}

function changed(focused) {
  save();
  renderColumns();
  byId("columns").querySelectorAll("select")[focused]?.focus();
}
