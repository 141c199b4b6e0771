// The teacher at work: how far it is, what it costs, what the checks refuse; told as it happens.

import { h } from "../../chat/dom.js";

const AGAIN_MS = 4000; // beside the events: speed and time left change without one
const DONE = ["answered", "read", "aside"]; // states of requests that have come back

/** The teacher's sheet. `open` is called with a filter when a reason is chosen. */
export function teacher(desk, open) {
  const { tr, get, on, toast } = desk.studio;
  const node = h("div", { class: "teacher" }, h("p", { class: "soft" }, tr("loading")));
  let timer = 0;

  async function draw() {
    clearTimeout(timer);
    try {
      const found = await get("/records/teacher");
      const focused = document.activeElement?.dataset.reason;
      node.replaceChildren(...(found.asked ? sheet(found) : [nobody(found)]));
      if (focused) [...node.querySelectorAll("[data-reason]")].find((one) => one.dataset.reason === focused)?.focus();
      if (found.running) timer = setTimeout(draw, AGAIN_MS);
    } catch (error) {
      if (error.status) toast(error.message, { bad: true });
    }
  }

  function nobody({ problem }) {
    return h("section", { class: "empty" }, h("h2", {}, tr("no_teacher")), h("p", {}, problem || tr("no_teacher_help")),
      h("a", { class: "outline", href: "#/training" }, tr("to_training")));
  }

  function sheet(found) {
    const done = found.stages.flatMap(({ states }) => states).filter(({ value }) => DONE.includes(value)).reduce((sum, { count }) => sum + count, 0);
    const money = (sum, digits) => `${sum.toFixed(digits)} ${found.currency}`.trim();
    const number = (value) => value.toLocaleString();
    const facts = [
      ["model", found.model], ["records_accepted", number(found.records)], ["facts_found", number(found.facts)],
      ["cost", money(found.cost, 2)], ["per_record", found.cost_per_record === null ? null : money(found.cost_per_record, 4)], ["tokens", number(found.tokens)],
      ["speed", found.running ? number(Math.round(found.replies_per_minute)) : null],
      ["minutes_left", found.minutes_left === null ? null : number(Math.ceil(found.minutes_left))],
      ["from_cache", found.cached ? `${Math.round(100 * found.cached)} %` : null],
    ].filter(([, value]) => value);
    const state = found.running ? ["tag busy", tr("at_work")] : ["tag", found.ended ? tr("ended_with", { why: found.ended }) : tr("resting")];
    return [
      h("section", { class: "panel" },
        h("header", {}, h("h2", {}, tr("requests")), h("span", { class: state[0] }, state[1])),
        bar(done / Math.max(1, found.total)), h("p", { class: "small soft" }, tr("answered_of", { done: number(done), all: number(found.total) })),
        h("dl", { class: "facts-list" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, tr(name)), h("dd", {}, value)))),
        found.keys.length > 0 && h("ul", { class: "keys-list small" }, found.keys.map((key) => h("li", {}, h("strong", {}, key.name), ` ${tr("in_flight", { n: key.in_flight, most: key.at_once })}`,
          key.rests > 0 && ` · ${tr("rests", { seconds: Math.round(key.rests) })}`, key.dead && h("span", { class: "tag bad" }, key.dead))))),
      h("div", { class: "two" },
        counts("rejections", found.rejected, (value) => open({ state: value })), counts("sendings", found.sendings)),
      h("section", { class: "panel scroll-x" }, h("h2", {}, tr("stages")), h("table", { class: "figures" }, h("tbody", {}, found.stages.map(({ name, states }) =>
        h("tr", {}, h("th", { scope: "row" }, name), states.map(({ label, count }) => h("td", {}, `${label} ${number(count)}`))))))),
    ];
  }

  function counts(title, rows, choose = null) {
    const most = Math.max(1, ...rows.map(({ count }) => count));
    const name = ({ value, label }) => (choose ? h("button", { type: "button", class: "link", "data-reason": value, onclick: () => choose(value) }, label) : label);
    return h("section", { class: "panel" }, h("h2", {}, tr(title)),
      rows.length ? h("ul", { class: "counts" }, [...rows].sort((one, other) => other.count - one.count).map((row) =>
        h("li", {}, h("span", {}, name(row)), h("span", { class: "number" }, row.count.toLocaleString()), bar(row.count / most)))) : h("p", { class: "soft" }, tr("none_refused")));
  }

  function bar(share) {
    const inner = h("i");
    inner.style.setProperty("--share", `${100 * share}%`);
    return h("span", { class: "bar-of" }, inner);
  }

  draw();
  const off = on("teacher", draw);
  return {
    node,
    leave: () => {
      off();
      clearTimeout(timer);
    },
  };
}
