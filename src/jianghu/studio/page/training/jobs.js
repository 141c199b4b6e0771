// What runs now and what ended lately: a job's words, its log as it grows; stop it, or go on with it.

import { h } from "../../chat/dom.js";
import { clock } from "./words.js";

const LINES = 200;
const LATELY = 6; // ended jobs that are shown

export function jobsPanel(studio, again) {
  const { tr } = studio;
  const list = h("ul", { class: "jobs" });
  const panel = h("section", { class: "panel", hidden: true }, h("header", {}, h("h2", {}, tr("jobs"))), list);
  const rows = new Map(); // id → {node, log, draw}
  const asked = new Set(); // jobs that were asked to stop

  async function act(path, body) {
    try {
      await studio.post(path, body);
      await again();
    } catch (problem) {
      studio.toast(problem.message, { bad: true });
    }
  }

  function rowOf(job) {
    const log = h("pre", { class: "log", tabindex: 0, "aria-label": tr("log") });
    const head = h("div", { class: "job-head" });
    let now = job;
    let begun = false;
    const details = h("details", { ontoggle: async () => {
      if (!details.open || begun) return;
      begun = true;
      try {
        log.textContent = (await studio.get(`/jobs/${job.id}/log`)).lines.join("\n") || tr("says_nothing");
        log.scrollTop = log.scrollHeight;
      } catch (problem) {
        log.textContent = problem.message;
      }
    } }, h("summary", { class: "small" }, tr("log")), log);
    const node = h("li", { class: "job", "data-job": job.id }, head, details);
    const row = {
      is: () => now.state,
      node,
      tick() {},
      draw(next) {
        now = next;
        const ran = h("span", { class: "soft number small" });
        row.tick = () => (ran.textContent = clock((Date.parse(now.ended ?? new Date().toISOString()) - Date.parse(now.started)) / 1000));
        if (now.state === "running" || now.ended) row.tick();
        const tag = { running: "live", done: "good", failed: "bad", killed: "bad", stopped: "" }[now.state];
        head.replaceChildren(
          h("code", {}, `jianghu ${now.words.join(" ")}`), h("span", { class: `tag ${tag}` }, tr(`job_${now.state}`)),
          ran, buttons(now),
          now.state === "failed" || now.state === "killed" ? h("p", { class: "notice bad small" }, now.state === "killed" ? tr("killed_help") : now.last) : "");
      },
      add(lines) {
        if (!begun) return;
        const low = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
        const all = [...(log.textContent === tr("says_nothing") ? [] : log.textContent.split("\n")), ...lines];
        log.textContent = all.slice(-LINES).join("\n");
        if (low) log.scrollTop = log.scrollHeight;
      },
    };
    return row;
  }

  function buttons(job) {
    if (job.state === "running") {
      const insists = asked.has(job.id);
      return h("button", { type: "button", class: "outline stop-job", onclick: () => {
        asked.add(job.id);
        studio.toast(tr(insists ? "stops_at_once" : "stops"));
        act(`/jobs/${job.id}/stop`, { force: insists });
      } }, tr(insists ? "stop_at_once" : "stop"));
    }
    if (job.state === "done" || job.resumed) return "";
    return h("button", { type: "button", class: "outline", onclick: () => act(`/jobs/${job.id}/resume`) }, tr(job.state === "failed" ? "try_again" : "go_on"));
  }

  function update(jobs) {
    const running = jobs.filter((job) => job.state === "running");
    const ended = jobs.filter((job) => job.state !== "running" && !(job.resumed && job.state !== "done")).slice(0, LATELY);
    const shown = [...running, ...ended];
    panel.hidden = !shown.length;
    for (const job of shown) {
      if (!rows.has(job.id)) rows.set(job.id, rowOf(job));
      rows.get(job.id).draw(job);
    }
    const nodes = shown.map((job) => rows.get(job.id).node);
    if (nodes.length !== list.children.length || nodes.some((node, at) => node !== list.children[at])) list.replaceChildren(...nodes);
  }

  const timer = setInterval(() => {
    for (const row of rows.values()) if (row.is() === "running") row.tick();
  }, 1000);
  return { panel, update, end: () => clearInterval(timer), log: ({ job, lines }) => rows.get(job)?.add(lines) };
}
