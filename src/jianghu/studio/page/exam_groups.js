// A result by groups: shares with their intervals as a picture, two results in one, all figures as a table.

import { h } from "../chat/dom.js";
import { percent as shown } from "./words.js";

const at = (share) => `${(100 * share).toFixed(2)}%`;
const points = (share) => {
  const size = Math.abs(100 * share).toFixed(1);
  return `${size === "0.0" ? "" : share > 0 ? "+" : "−"}${size}`;
};

export function groupsPanel(studio, result, versus) {
  const { tr } = studio;
  const rows = result.bars.map((bar) => rowNode(bar, versus, studio));
  return h("section", { class: "panel" },
    h("header", {}, h("h2", {}, versus ? tr("compared", { first: versus.first, second: versus.second }) : tr("by_group")),
      h("p", { class: "legend soft tiny" }, h("span", { class: "dot" }), versus?.second ?? tr("right_with_interval"),
        versus && [h("span", { class: "dot before" }), versus.first],
        result.bars.some(({ nearest }) => nearest !== null) && [h("span", { class: "tick" }), tr("nearest")])),
    versus && h("p", { class: "soft small" }, tr("changed", versus.changed)),
    h("div", { class: "ranges", role: "list" }, rows),
    h("details", { class: "figures-of" }, h("summary", {}, tr("all_figures")), tableNode(result),
      h("ul", { class: "notes-of soft small" }, result.notes.map((line) => h("li", {}, line)))));
}

function rowNode(bar, versus, { tr, lang }) {
  const percent = (share) => shown(share, lang);
  const beside = versus?.rows.find(({ group }) => group === bar.group || (versus.rows.length === 1 && group === "all"));
  const spoken = tr("spoken", { name: bar.name, right: percent(bar.right), low: percent(bar.low), high: percent(bar.high) });
  return h("div", { class: "range-row", role: "listitem" },
    h("div", { class: "range-name" }, h("strong", {}, bar.name), h("span", { class: "soft tiny" }, tr("count", { count: bar.questions }))),
    h("div", { class: "range", role: "img", "aria-label": spoken, title: spoken },
      h("i", { class: "interval", style: { left: at(bar.low), right: at(1 - bar.high) } }),
      bar.nearest !== null && h("i", { class: "tick", style: { left: at(bar.nearest) }, title: `${tr("nearest")}: ${percent(bar.nearest)}` }),
      beside && h("i", { class: "dot before", style: { left: at(beside.first) } }),
      h("i", { class: "dot", style: { left: at(beside ? beside.second : bar.right) } })),
    h("div", { class: "range-said" }, h("strong", { class: "number" }, percent(bar.right)),
      beside && h("span", { class: `tag ${{ better: "good", worse: "bad" }[beside.verdict] ?? ""}`, title: tr("difference", {
        difference: points(beside.difference), low: points(beside.low), high: points(beside.high), p: beside.p }) }, beside.words),
      beside && h("span", { class: "soft tiny number" }, `${points(beside.difference)} (${points(beside.low)} … ${points(beside.high)})`)));
}

function tableNode(result) {
  return h("div", { class: "scroll-x", tabindex: "0" }, h("table", { class: "figures" },
    h("thead", {}, h("tr", {}, h("th", {}), result.columns.map(({ heading, meaning }) => h("th", { title: meaning, scope: "col" }, heading)))),
    h("tbody", {}, result.rows.map(({ name, cells }) => h("tr", {}, h("th", { scope: "row" }, name), cells.map((cell) => h("td", {}, cell)))))));
}
