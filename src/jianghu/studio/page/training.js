// The room Training: the way in stages, what it costs, what runs, the curves, and studies. It starts and watches the
// same commands as the terminal; leaving the page stops nothing.

import { h } from "../chat/dom.js";
import { jobsPanel } from "./training/jobs.js";
import { ownRun, studiesPanel } from "./training/more.js";
import { costs, planPanel } from "./training/plan.js";
import { runsPanel } from "./training/runs.js";

export const keys = { s: "key_start", l: "key_plan" };

const HOLDS = { prepare: "data", synth: "data/records", reader: "data/reader", pretrain: "runs/base", sft: "runs/chat", eval: "evals" };
const RUNS = { pretrain: "base", sft: "chat" };
const QUIET_MS = 400; // of changes that come together, one is drawn
const STAGES_MS = 4000; // a command that does several stages is looked at again so often, while it says something

export async function open(view, studio) {
  const { tr } = studio;
  const language = studio.lang === "zh" ? "zh-CN" : "en";
  const number = (value, digits = 0) => value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  let now = null;
  let left = false;
  let timer = 0;

  const start = h("button", { type: "button", class: "solid", id: "start-all", onclick: () => startAll() }, tr("start_all"));
  const measure = h("button", { type: "button", class: "outline", id: "measure", onclick: () => plan.measure() }, tr("plan"));
  const problem = h("p", { class: "notice warn", hidden: true });
  const ready = h("p", { class: "notice good", hidden: true }, tr("ready"), " ", h("a", { class: "link", href: "#/talk" }, tr("to_talk")));
  const presets = h("div", { class: "tools-row presets" });
  const stages = h("ol", { class: "stages" });
  const plan = planPanel(studio, number);
  const jobs = jobsPanel(studio, refresh);
  const runs = runsPanel(studio, number);
  const studies = studiesPanel(studio, number, begin);
  const own = ownRun(studio, begin);
  view.append(
    h("header", { class: "head" }, h("div", {}, h("h1", {}, tr("training")), h("p", {}, tr("lead"))), h("div", { class: "actions" }, measure, start)),
    problem, ready,
    h("section", { class: "panel" }, h("header", {}, h("h2", {}, tr("way")), presets), stages),
    plan.panel, jobs.panel, runs.panel, own.panel, studies.panel);

  /** Start a command; whether it was. */
  async function begin(command, options = {}) {
    try {
      await studio.post("/jobs", { command, options });
      studio.toast(tr("begun"));
      await refresh();
      return true;
    } catch (refused) {
      studio.toast(refused.message, { bad: true });
      return false;
    }
  }

  /** What runs of training cost is said before they start. */
  async function agreed(options, only = null) {
    start.disabled = true;
    try {
      const made = await plan.measure(options);
      return made !== null && (await studio.confirm(costs(made, tr, number, only), tr("start")));
    } finally {
      start.disabled = false;
    }
  }

  async function startAll() {
    const trains = now?.stages.some((stage) => RUNS[stage.name] && !stage.fresh);
    if (!trains || (await agreed({}))) await begin("run");
  }

  async function startStage(stage) {
    const run = now.runs.find((one) => one.name === RUNS[stage.name]);
    const options = RUNS[stage.name] && run ? { [stage.resumes || (run.state === "left" && !stage.aside) ? "resume" : "restart"]: true } : {};
    if (stage.name === "eval") options.checkpoints = ["chat"];
    if (RUNS[stage.name] && !options.resume && !(await agreed({}, stage.name))) return;
    await begin(stage.name, options);
  }

  function drawStages() {
    const running = now.jobs.filter((job) => job.state === "running");
    const all = running.find((job) => job.words[0] === "run");
    start.textContent = tr(all ? "all_runs" : now.stages.length && now.stages.every((stage) => stage.fresh) ? "all_fresh" : "start_all");
    start.disabled = Boolean(all) || Boolean(now.problem) || !now.stages.length || now.stages.every((stage) => stage.fresh);
    measure.disabled = Boolean(now.problem);
    problem.hidden = !now.problem;
    ready.hidden = !now.runs.some((run) => run.name === "chat" && run.state === "done") || Boolean(all);
    problem.textContent = now.problem;
    const current = all && now.stages.find((stage) => !stage.fresh);
    stages.replaceChildren(...now.stages.map((stage) => {
      const own = now.jobs.filter((job) => job.holds === HOLDS[stage.name]);
      const job = own.find((one) => one.state === "running");
      const fallen = own[0] && ["killed", "stopped", "failed"].includes(own[0].state) && !own[0].resumed && !stage.fresh ? own[0] : null;
      const state = job || stage === current ? "running" : fallen ? fallen.state : stage.fresh ? "fresh" : "waiting";
      const tag = { running: "live", fresh: "good", killed: "bad", failed: "bad", stopped: "", waiting: "" }[state];
      const why = stage.fresh ? "" : [stage.why, stage.after.length ? tr("after", { stages: stage.after.map((name) => tr(`stage_${name}`)).join(", ") }) : "",
        stage.aside ? tr("kept_aside", { name: stage.aside }) : ""].filter(Boolean).join(" · ");
      const button = job || all ? null : fallen
        ? h("button", { type: "button", class: "outline small-button", onclick: () => resume(fallen) }, tr("go_on"))
        : stage.fresh || stage.after.length || now.problem ? null : h("button", { type: "button", class: "outline small-button", onclick: () => startStage(stage) },
          tr(stage.resumes ? "go_on" : "start"));
      return h("li", { class: `pipeline-stage ${state}`, "data-stage": stage.name }, h("div", {}, h("strong", { class: "serif" }, tr(`stage_${stage.name}`)),
        h("span", { class: "soft small" }, tr(`stage_${stage.name}_help`)), why && h("span", { class: "small why" }, why)),
      h("span", { class: `tag ${tag}` }, tr(`state_${state}`)), button);
    }));
    drawPresets();
  }

  async function resume(job) {
    try {
      await studio.post(`/jobs/${job.id}/resume`);
      await refresh();
    } catch (refused) {
      studio.toast(refused.message, { bad: true });
    }
  }

  function drawPresets() {
    if (now.preset.edited) {
      presets.replaceChildren(h("span", { class: "soft small" }, tr("by_recipe")));
      return;
    }
    presets.replaceChildren(h("div", { class: "segments", role: "group", "aria-label": tr("preset") }, ["demo", "evening", "modern"].map((name) =>
      h("button", { type: "button", "aria-pressed": String(name === now.preset.name), title: tr(`preset_${name}_help`), onclick: async () => {
        try {
          await studio.post("/training/preset", { preset: name });
          plan.forget();
          await refresh();
        } catch (refused) {
          studio.toast(refused.message, { bad: true });
        }
      } }, tr(`preset_${name}`)))));
  }

  async function refresh() {
    const told = await studio.get("/training");
    if (left) return;
    now = told;
    drawStages();
    jobs.update(now.jobs);
    own.update(now);
    studies.update(now);
    await runs.update(now.runs);
  }

  /** Soon, and once for many reasons that come together. */
  function soon(wait = QUIET_MS) {
    if (wait === STAGES_MS && timer) return; // it comes anyway
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      refresh().catch(() => {});
    }, wait);
  }

  function onKey(event) {
    if (event.target.closest?.("input, textarea, select, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey
      || document.querySelector("dialog[open]")) return;
    if (event.key === "s" && !start.disabled) startAll();
    else if (event.key === "l" && !measure.disabled) plan.measure();
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", onKey);
  const offs = [
    ...["job", "back", "shelf"].map((kind) => studio.on(kind, () => soon())),
    studio.on("log", (said) => {
      jobs.log(said);
      if (now?.jobs.some((job) => job.id === said.job && job.words[0] === "run")) soon(STAGES_MS);
    }),
    studio.on("samples", runs.write),
    studio.on("metrics", (rows) => {
      if (!now) return;
      if (!now.runs.some((run) => run.name === rows.run)) soon();
      else if (runs.grow(rows)) runs.refetch(rows.run); // after a validation: warnings, the best step
    }),
  ];
  await refresh();
  return () => {
    left = true;
    clearTimeout(timer);
    document.removeEventListener("keydown", onKey);
    for (const off of offs) off();
    runs.end();
    jobs.end();
  };
}
