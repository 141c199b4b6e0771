// The room Exam: results by group with intervals, two of them compared, every answer readable, wrong ones first.

import { byId, h } from "../chat/dom.js";
import { answersPanel } from "./exam_answers.js";
import { groupsPanel } from "./exam_groups.js";
import { jobPanel } from "./job_panel.js";
import { percent } from "./words.js";

export const keys = { "j k": "key_next", w: "key_wrong", "/": "key_search", n: "key_take" };

export async function open(view, studio) {
  const { tr, get, on, note, params } = studio;
  let shelf = await get("/exams");
  let shown = null; // the panel of answers that hears keys
  const list = h("div", { class: "results" });
  const detail = h("div", { class: "result" });
  const jobs = jobPanel(studio, "eval", async () => {
    shelf = await get("/exams");
    draw();
  });
  const take = h("button", { type: "button", class: "solid", onclick: () => ask(studio, shelf, jobs) }, tr("take"));
  view.append(
    h("header", { class: "head" }, h("div", {}, h("h1", {}, tr("exam")), h("p", {}, tr("lead"))), h("div", { class: "actions" }, take)),
    jobs.node, h("div", { class: "split exams" }, list, detail));

  function draw() {
    take.disabled = !shelf.checkpoints.length || !(shelf.records || shelf.exams.length);
    view.querySelector(".exams").hidden = !shelf.results.length;
    view.querySelector(".empty")?.remove();
    if (!shelf.results.length) {
      view.append(h("section", { class: "empty" }, h("h2", {}, tr("none_yet")),
        h("p", {}, tr(shelf.checkpoints.length ? "none_yet_help" : "no_checkpoint")),
        shelf.checkpoints.length ? null : h("a", { class: "solid", href: "#/training" }, tr("to_training"))));
      return;
    }
    const known = shelf.results.some(({ file }) => file === params.get("file"));
    if (!known) note({ file: shelf.results[0].file, with: null });
    drawList();
    drawResult();
  }

  function drawList() {
    list.replaceChildren(...shelf.results.map((result) => card(result, result.file === params.get("file"), () => {
      note({ file: result.file, with: params.get("with") === result.file ? null : params.get("with"), group: null });
      drawList();
      drawResult();
    }, studio)), ...shelf.damaged.map((line) => h("p", { class: "notice bad" }, line)));
  }

  async function drawResult() {
    const file = params.get("file");
    const against = params.get("with");
    try {
      const [result, versus] = await Promise.all([
        get(`/exams/${encodeURIComponent(file)}`),
        against ? get(`/exams/compare?${new URLSearchParams({ first: against, second: file })}`) : null,
      ]);
      if (file !== params.get("file") || against !== params.get("with")) return; // another was chosen meanwhile
      shown = answersPanel(studio, result, versus);
      detail.replaceChildren(
        heading(result),
        groupsPanel(studio, result, versus),
        shown.node,
      );
    } catch (problem) {
      detail.replaceChildren(h("p", { class: "notice bad", role: "alert" }, problem.message));
    }
  }

  function heading(result) {
    const others = shelf.results.filter((other) => other.file !== result.file && other.exam === result.exam);
    const choose = h("select", { id: "against", onchange: (event) => {
      note({ with: event.target.value });
      drawResult();
    } }, h("option", { value: "" }, tr("alone")),
      others.map((other) => h("option", { value: other.file, selected: other.file === params.get("with") }, nameOf(other, tr))));
    return h("header", { class: "result-head" },
      h("div", {}, h("h2", {}, result.checkpoint), h("p", { class: "soft small" }, aboutOf(result, tr, studio.lang))),
      others.length ? h("label", { class: "labelled" }, tr("beside"), choose) : null);
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select")) return;
    if (event.key === "n" && !take.disabled) take.click();
    else if (!shown?.onKey(event.key)) return;
    event.preventDefault();
  }
  document.addEventListener("keydown", onKey);
  draw();
  return () => {
    document.removeEventListener("keydown", onKey);
    jobs.leave();
  };
}

const nameOf = (result, tr) => `${result.checkpoint}${result.partial ? ` · ${tr("partial", { asked: result.asked })}` : ""}`;

function aboutOf(result, tr, lang) {
  const when = new Intl.DateTimeFormat(lang === "zh" ? "zh-Hans" : "en", { dateStyle: "medium", timeStyle: "short" }).format(1000 * result.taken);
  const asked = tr(result.partial ? "some_asked" : "all_asked", { asked: result.asked, questions: result.questions });
  return [result.own ? tr("own_exam") : result.exam.split("/").at(-1), result.step && tr("step", { step: result.step.toLocaleString("en") }), asked, when].filter(Boolean).join(" · ");
}

/** A result in the list: what it scored over all, and by group. */
function card(result, chosen, choose, { tr, lang }) {
  const whole = result.bars.at(-1);
  return h("button", { type: "button", class: "card result-card", "aria-pressed": String(chosen), onclick: choose },
    h("h3", {}, result.checkpoint),
    h("p", { class: "score" }, h("strong", {}, percent(whole.right, lang)), h("span", { class: "soft tiny" }, tr("sure", { low: percent(whole.low, lang), high: percent(whole.high, lang) }))),
    h("p", { class: "soft tiny" }, [result.own ? tr("own_exam") : result.exam.split("/").at(-1),
      result.partial ? tr("partial", { asked: result.asked }) : tr("count", { count: result.asked })].join(" · ")));
}

/** Ask which checkpoints take which exam, and start it. */
function ask(studio, shelf, jobs) {
  const { tr, post, toast } = studio;
  const boxes = shelf.checkpoints.map((name) => {
    const box = h("input", { type: "checkbox", value: name, name: "checkpoint" });
    return [box, h("label", { class: "choose" }, box, h("span", {}, name))];
  });
  const wanted = boxes.find(([box]) => box.value === shelf.meant[0]) ?? boxes[0];
  wanted[0].checked = true;
  const exams = [...(shelf.records ? [["", tr("own_exam")]] : []), ...shelf.exams.map((path) => [path, path])];
  const exam = h("select", { id: "exam-file" }, exams.map(([value, name]) => h("option", { value }, name)));
  const limit = h("input", { type: "number", id: "exam-limit", min: 1, placeholder: tr("all_of_them"), inputmode: "numeric" });
  const start = h("button", { class: "solid", value: "start" }, tr("start"));
  const check = () => (start.disabled = !boxes.some(([box]) => box.checked));
  for (const [box] of boxes) box.addEventListener("change", check);
  const dialog = h("dialog", { class: "note", "aria-labelledby": "take-title" }, h("form", { method: "dialog" },
    h("h2", { id: "take-title" }, tr("take")),
    h("p", { class: "soft small" }, tr("take_help")),
    h("fieldset", { class: "choices" }, h("legend", {}, tr("who")), boxes.map(([, label]) => label)),
    h("div", { class: "tools-row" }, h("label", { class: "labelled" }, tr("which"), exam), h("label", { class: "labelled" }, tr("how_many"), limit)),
    h("footer", {}, h("button", { class: "quiet", value: "" }, tr("cancel")), start)));
  dialog.addEventListener("close", async () => {
    dialog.remove();
    if (dialog.returnValue !== "start") return;
    const checkpoints = boxes.filter(([box]) => box.checked).map(([box]) => box.value);
    try {
      jobs.started(await post("/jobs", { command: "eval", options: {
        checkpoints, exam: exam.value || null, limit: limit.value ? Number(limit.value) : null,
      } }));
    } catch (problem) {
      toast(problem.message, { bad: true });
    }
  });
  byId("room").append(dialog);
  dialog.showModal();
}
