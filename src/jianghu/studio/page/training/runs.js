// Runs side by side: their curves as they grow, where each stands, its warnings in words, and what it writes.

import { h } from "../../chat/dom.js";
import { chart } from "./curve.js";
import { clock } from "./words.js";

const MEASURES = {
  loss: [["train_bpc", false], ["val_bpc", true]],
  score: [["score", true]],
  speed: [["tokens_per_second", false]],
};
const MOST = 4; // curves that can be told apart

export function runsPanel(studio, number) {
  const { tr } = studio;
  const known = new Map(); // name → what the server told of it, its rows growing
  let list = [];
  let shown = []; // names, the first one described below the curve
  const colours = new Map(); // name → which of the colours is its own while it is shown
  let measure = "loss";
  let sample = null; // step of the sample that is shown; null: the newest

  const choice = h("div", { class: "tools-row run-choice", role: "group", "aria-label": tr("runs") });
  const measures = h("div", { class: "segments", role: "group", "aria-label": tr("measure") });
  const about = h("div", { class: "run-about" });
  const short = (value) => number(value, value >= 100 ? 0 : value >= 10 ? 1 : 3);
  const drawing = chart({
    number,
    nothing: tr("no_rows"),
    label: (series) => `${tr(`measure_${measure}`)}: ${series.map((one) => `${one.name} ${short(one.points.at(-1)[1])}`).join(", ")}`,
    says: (step, series) => `${tr("at_step", { step: number(step, 0) })}   ${series.map((one) => `${one.name} ${short(one.value)}`).join("   ")}`,
  });
  const body = h("div", { class: "run-body" }, h("div", { class: "tools-row" }, choice, measures), drawing.node, about);
  const none = h("p", { class: "soft" }, tr("no_runs"));
  const panel = h("section", { class: "panel runs" }, h("header", {}, h("h2", {}, tr("runs"))), none, body);

  async function update(runs) {
    list = runs;
    none.hidden = list.length > 0;
    body.hidden = list.length === 0;
    const names = list.map((run) => run.name);
    shown = shown.filter((name) => names.includes(name));
    const running = list.filter((run) => run.state === "running").map((run) => run.name);
    if (!shown.length && names.length) shown = running.length ? running.slice(0, MOST) : [names[0]];
    await Promise.all(shown.map(fetchRun));
    draw();
  }

  async function fetchRun(name) {
    try {
      const told = await studio.get(`/training/run/${encodeURIComponent(name)}`);
      const rows = new Map([...told.rows, ...(known.get(name)?.later ?? [])].map((row) => [row.step, row]));
      known.set(name, { ...told, rows: [...rows.values()].sort((one, other) => one.step - other.step), later: [] });
    } catch (problem) {
      if (problem.status === 0) studio.toast(problem.message, { bad: true });
    }
  }

  /** Rows that were written just now. */
  function grow({ run, rows }) {
    const one = known.get(run);
    if (!one) return false;
    for (const row of rows) {
      one.rows = one.rows.filter((old) => old.step < row.step);
      one.rows.push(row);
    }
    one.later = [...(one.later ?? []), ...rows].slice(-200);
    const last = rows.at(-1);
    one.step = last.step;
    one.train_bpc = last.train_bpc ?? one.train_bpc;
    one.speed = last.tokens_per_second ?? one.speed;
    one.left = one.left === null || !one.speed ? null : ((one.steps - one.step) * (last.tokens / last.step)) / one.speed;
    const scored = rows.filter((row) => "val_bpc" in row).at(-1);
    if (scored) one.val_bpc = scored.val_bpc;
    draw();
    return Boolean(scored);
  }

  function write({ run, rows }) {
    const one = known.get(run);
    if (!one) return;
    one.samples = [...one.samples, ...rows].slice(-60);
    describe();
  }

  /** Each run that is shown keeps its colour. */
  function colour() {
    for (const name of colours.keys()) if (!shown.includes(name)) colours.delete(name);
    for (const name of shown) {
      if (!colours.has(name)) colours.set(name, [0, 1, 2, 3].find((one) => ![...colours.values()].includes(one)));
    }
  }

  function draw() {
    const names = list.map((run) => run.name);
    colour();
    choice.replaceChildren(...names.map((name) => {
      const is = shown.includes(name);
      return h("button", { type: "button", class: `chip ${is ? `colour${colours.get(name)}` : ""}`, "aria-pressed": String(is), onclick: () => toggle(name) },
        h("i", { "aria-hidden": "true" }), name);
    }));
    const has = shown.some((name) => known.get(name)?.rows.some((row) => "score" in row));
    if (measure === "score" && !has) measure = "loss";
    measures.replaceChildren(...Object.keys(MEASURES).filter((one) => one !== "score" || has).map((one) =>
      h("button", { type: "button", "aria-pressed": String(one === measure), onclick: () => {
        measure = one;
        draw();
      } }, tr(`measure_${one}`))));
    drawing.draw(shown.flatMap((name) => MEASURES[measure].map(([key, dots]) => ({
      name: MEASURES[measure].length > 1 ? `${name} ${tr(key)}` : name,
      className: `line colour${colours.get(name)} ${dots ? "marked" : "often"}`,
      dots,
      points: (known.get(name)?.rows ?? []).filter((row) => key in row).map((row) => [row.step, row[key]]),
    }))));
    describe();
  }

  async function toggle(name) {
    shown = shown.includes(name) ? shown.filter((one) => one !== name) : [name, ...shown].slice(0, MOST);
    sample = null;
    if (shown.includes(name)) await fetchRun(name);
    draw();
  }

  function describe() {
    const run = known.get(shown[0]);
    if (!run) {
      about.replaceChildren();
      return;
    }
    const rows = {
      step: `${number(run.step, 0)} / ${number(run.steps, 0)}`,
      ...(run.state === "running" && run.left !== null ? { left: clock(run.left) } : {}),
      speed: run.speed ? tr("per_second", { tokens: number(run.speed, 0) }) : "–",
      train: run.train_bpc === null ? "–" : number(run.train_bpc, 3),
      val: run.val_bpc === null ? "–" : number(run.val_bpc, 3),
      best: run.best_step === null ? "–" : tr("best_at", { step: number(run.best_step, 0) }),
      ...(run.best_score === null ? {} : { right: `${number(run.best_score * 100, 1)} %` }),
      took: clock(run.seconds),
    };
    about.replaceChildren(
      h("h3", { class: "serif" }, run.name, " ", h("span", { class: `tag ${run.state === "running" ? "live" : run.state === "done" ? "good" : "bad"}` }, tr(`run_${run.state}`))),
      h("span", { class: "bar-of" }, h("i", { style: { width: `${Math.min(100, (100 * run.step) / run.steps)}%` } })),
      h("dl", { class: "facts-list" }, Object.entries(rows).map(([name, value]) => h("div", {}, h("dt", {}, tr(`run_fact_${name}`)), h("dd", {}, value)))),
      ...run.warnings.map((line) => h("p", { class: "notice warn" }, line)),
      samplesOf(run));
  }

  function samplesOf(run) {
    if (!run.samples.length) return h("p", { class: "soft small" }, tr("no_samples"));
    const steps = [...new Set(run.samples.map((one) => one.step))];
    const step = steps.includes(sample) ? sample : steps.at(-1);
    const slide = h("input", { type: "range", min: 0, max: steps.length - 1, value: steps.indexOf(step), "aria-label": tr("sample_step"),
      "aria-valuetext": String(step), oninput: (event) => {
        sample = Number(event.target.value) === steps.length - 1 ? null : steps[event.target.value];
        describe();
        about.querySelector("input[type=range]")?.focus();
      } });
    return h("div", { class: "samples" }, h("div", { class: "tools-row" }, h("h4", {}, tr("writes", { step: number(step, 0) })), steps.length > 1 && slide),
      run.samples.filter((one) => one.step === step).map((one) => h("p", { class: "sample serif" }, h("b", {}, one.prompt), one.text)));
  }

  return { panel, update, grow, write, end: drawing.end, refetch: async (name) => {
    if (known.has(name)) await fetchRun(name);
    draw();
  } };
}
