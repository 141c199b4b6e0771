// What goes beyond the usual way: a run of one's own beside the others, and studies, which vary a setting.

import { h } from "../../chat/dom.js";

/** A run under a name of its own, with other settings. */
export function ownRun(studio, begin) {
  const { tr } = studio;
  const field = (name, props) => h("label", { class: "labelled" }, tr(`own_${name}`), h("input", { name, ...props }));
  const select = (name, values) => h("label", { class: "labelled" }, tr(`own_${name}`), h("select", { name }, values.map(([value, words]) => h("option", { value }, words))));
  const from = h("select", { name: "from" });
  const start = h("label", { class: "labelled" }, tr("own_from"), from);
  const size = select("size", [["", tr("as_recipe")], ...["tiny", "mini", "seed", "base"].map((name) => [name, name])]);
  const stage = select("stage", [["pretrain", tr("stage_pretrain")], ["sft", tr("stage_sft")], ["dpo", tr("stage_dpo")]]);
  const steps = field("max_iters", { type: "number", min: 1, max: 10000000, inputmode: "numeric" });
  const form = h("form", { class: "tools-row", onsubmit: async (event) => {
    event.preventDefault();
    const given = new FormData(form);
    const later = given.get("stage") !== "pretrain"; // it starts from a checkpoint
    const options = { name: given.get("name").trim() };
    if (given.get("max_iters")) options.max_iters = Number(given.get("max_iters"));
    if (given.get("learning_rate")) options.learning_rate = Number(given.get("learning_rate"));
    if (given.get("from")) options.from = given.get("from");
    if (!later && given.get("size")) options.size = given.get("size");
    if (await begin(given.get("stage"), options)) form.elements.name.value = "";
  } }, stage, field("name", { type: "text", required: true, maxlength: 60, pattern: "[^\\/\\s]+", autocomplete: "off" }), steps, size, start,
  field("learning_rate", { type: "number", min: 0, max: 1, step: "any", placeholder: "auto" }), h("button", { class: "outline" }, tr("start")));
  stage.querySelector("select").addEventListener("change", (event) => {
    size.hidden = event.target.value !== "pretrain";
  });
  const panel = h("details", { class: "panel own" }, h("summary", {}, h("h2", {}, tr("own"))), h("p", { class: "soft small" }, tr("own_help")), form);
  return { panel, update: (now) => {
    steps.querySelector("input").placeholder = String(now.steps.pretrain);
    const chosen = from.value;
    from.replaceChildren(h("option", { value: "" }, tr("from_usual")), ...now.checkpoints.map((name) => h("option", { value: name }, name)));
    if (now.checkpoints.includes(chosen)) from.value = chosen;
  } };
}

/** The studies that come with the program. */
export function studiesPanel(studio, number, begin) {
  const { tr } = studio;
  const at = studio.lang === "zh" ? 1 : 0;
  const list = h("div", { class: "cards" });
  const panel = h("details", { class: "panel studies" }, h("summary", {}, h("h2", {}, tr("studies"))), h("p", { class: "soft small" }, tr("studies_help")), list);
  return { panel, update: (now) => list.replaceChildren(...now.studies.map((study) => {
    const running = now.jobs.find((job) => job.state === "running" && job.holds === `studies/${study.name}`);
    const cheap = study.scales.includes("cpu");
    const trials = study.trials.filter((trial) => trial.state === "done");
    return h("article", { class: "card" }, h("h3", {}, study.title[at]), h("p", { class: "soft small" }, study.question[at]),
      trials.length > 0 && h("table", { class: "figures" }, h("tbody", {}, trials.slice(0, 8).map((trial) => h("tr", {}, h("td", {}, trial.name),
        h("td", {}, trial.goal === "accuracy" ? `${number(trial.value * 100, 1)} %` : number(trial.value, 3)))))),
      h("div", { class: "actions" }, running ? h("span", { class: "tag live" }, tr("state_running")) : h("button", { type: "button", class: "outline",
        onclick: () => begin("sweep", { study: study.name, ...(cheap ? { scale: "cpu" } : {}) }) }, tr(cheap ? "start_small" : "start"))));
  })) };
}
