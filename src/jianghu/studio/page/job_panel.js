// A command that runs, in any room: how it stands, what it prints, and how to stop it.

import { h } from "../chat/dom.js";

const LINES = 8;

/**
 * A panel that shows the newest job of a command while it runs, and says how it ended.
 *
 * @param command its first word, `eval`
 * @param onEnd called when one has ended
 * @returns {node, started, leave}: the panel, what to tell of a job that was started, what forgets it
 */
export function jobPanel(studio, command, onEnd) {
  const { tr, get, on, post, toast } = studio;
  const node = h("section", { class: "panel job-panel", hidden: true, "aria-live": "polite" });
  let job = null;
  let lines = [];

  const log = h("pre", { class: "log", tabindex: "0" });
  function draw() {
    node.hidden = !job;
    if (!job) return;
    const running = job.state === "running";
    log.textContent = lines.slice(-LINES).join("\n");
    log.hidden = !lines.length;
    node.replaceChildren(
      h("header", {}, h("h2", {}, h("span", { class: `tag ${running ? "busy" : job.state === "done" ? "good" : "bad"}` }, tr(`job_${job.state}`)), " ", job.words.join(" ")),
        h("div", { class: "actions" },
          running && h("button", { type: "button", class: "outline", onclick: act("stop") }, tr("job_stop")),
          !running && job.state !== "done" && !job.resumed && h("button", { type: "button", class: "outline", onclick: act("resume") }, tr("job_resume")),
          !running && h("button", { type: "button", class: "quiet", onclick: () => {
            job = null;
            draw();
          } }, tr("close")))),
      log);
  }

  const act = (what) => async () => {
    try {
      const answer = await post(`/jobs/${job.id}/${what}`);
      if (what === "resume") started(answer);
    } catch (problem) {
      toast(problem.message, { bad: true });
    }
  };

  function started(fresh) {
    job = fresh;
    lines = [];
    draw();
  }

  const offs = [
    on("job", (changed) => {
      if (changed.words[0] !== command) return;
      if (!job || changed.id === job.id || changed.state === "running") {
        if (changed.id !== job?.id) lines = [];
        job = changed;
        if (job.state === "done") job = null;
        draw();
        if (changed.state !== "running") onEnd(changed);
      }
    }),
    on("log", ({ job: id, lines: more }) => {
      if (id !== job?.id) return;
      lines.push(...more);
      draw();
    }),
    on("back", () => look()),
  ];

  /** What is running when the room is opened, or when the server is back. */
  async function look() {
    const { jobs } = await get("/jobs");
    const newest = jobs.find(({ words }) => words[0] === command);
    if (newest?.state === "running") {
      job = newest;
      lines = (await get(`/jobs/${job.id}/log`)).lines;
    } else if (job && newest?.id === job.id) {
      job = newest.state === "done" ? null : newest;
      onEnd(newest);
    }
    draw();
  }
  look().catch(() => {}); // the connection says so itself

  return { node, started, leave: () => offs.forEach((off) => off()) };
}
