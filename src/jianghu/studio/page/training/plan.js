// What training will cost here: measured for some seconds by the server, shown before anything starts.

import { h } from "../../chat/dom.js";
import { about, gigabytes } from "./words.js";

export function planPanel(studio, number) {
  const { tr } = studio;
  const body = h("div", { "aria-live": "polite" });
  const panel = h("section", { class: "panel plan", hidden: true }, h("header", {}, h("h2", {}, tr("plan_title"))), body);
  let made = null;
  let asked = "";

  /** Measure; null where that failed, which is shown. Asked the same again, it answers at once. */
  async function measure(options = {}) {
    panel.hidden = false;
    const asking = JSON.stringify(options);
    if (made && asking === asked) return made;
    body.replaceChildren(h("p", { class: "soft measuring" }, tr("measuring")));
    try {
      made = await studio.post("/training/plan", { options });
      asked = asking;
    } catch (problem) {
      made = null;
      body.replaceChildren(h("p", { class: "notice bad" }, problem.message));
      return null;
    }
    body.replaceChildren(...show(made));
    return made;
  }

  function show({ plan, money }) {
    const runs = ["pretrain", "sft"].filter((name) => plan[name]);
    const rows = {
      parameters: (run) => number(run.parameters),
      device: (run) => `${run.device}, ${run.dtype}`,
      memory: (run) => tr("of_free", { need: gigabytes(run.memory.total), free: gigabytes(run.available) }),
      tokens: (run) => number(run.tokens),
      speed: (run) => tr("per_second", { tokens: number(run.tokens_per_second) }),
      time: (run) => about(run.seconds, tr),
    };
    return [
      h("div", { class: "scroll-x" }, h("table", { class: "figures" }, h("thead", {}, h("tr", {}, h("th", {}), runs.map((name) => h("th", { scope: "col" }, tr(`stage_${name}`))))),
        h("tbody", {}, Object.entries(rows).map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, tr(`plan_${name}`)), runs.map((run) => h("td", {}, value(plan[run])))))))),
      ...runs.flatMap((name) => plan[name].warnings).map((line) => h("p", { class: "notice warn" }, line)),
      h("p", { class: "serif total" }, tr("together", { time: about(plan.seconds, tr) }), " ", moneyWords(money, tr, number)),
    ];
  }

  return { panel, measure, forget: () => {
    made = null;
    panel.hidden = true;
  } };
}

/** The same in a sentence, for the question whether to start. `only`: the one stage that is started. */
export function costs({ plan, money }, tr, number, only = null) {
  const run = plan[only ?? "pretrain"];
  const most = only ? run.memory.total : Math.max(...["pretrain", "sft"].map((name) => plan[name]?.memory.total ?? 0));
  return `${tr("costs", { time: about(only ? run.seconds : plan.seconds, tr), memory: gigabytes(most), free: gigabytes(run.available) })} ${only ? "" : moneyWords(money, tr, number)}`;
}

function moneyWords(money, tr, number) {
  if (!money) return tr("no_money");
  if (money.error) return money.error;
  return tr("money", { requests: number(money.total.to_ask), cost: number(money.total.cost, 2) });
}
