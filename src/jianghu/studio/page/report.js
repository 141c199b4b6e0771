// The room Report: one page of everything that was done, made here and shown here.

import { key } from "../chat/api.js";
import { byId, h } from "../chat/dom.js";
import { jobPanel } from "./job_panel.js";

export const keys = { n: "key_make", o: "key_open" };

export async function open(view, studio) {
  const { tr, get, lang, toast } = studio;
  let about = await get("/report");
  const jobs = jobPanel(studio, "report", async () => {
    about = await get("/report");
    draw();
  });
  const head = h("div", { class: "actions" });
  const place = h("div", { class: "report-place" });
  view.append(h("header", { class: "head" }, h("div", {}, h("h1", {}, tr("report")), h("p", { id: "report-made" }, tr("lead"))), head), jobs.node, place);

  const address = () => `/studio/report/page?${about.made}#${new URLSearchParams({ lang, theme: colours() })}`;

  function draw() {
    const make = h("button", { type: "button", class: about.made ? "outline" : "solid", disabled: about.missing.length > 0, onclick: () => ask(studio, about, jobs) },
      tr(about.made ? "make_again" : "make"));
    const shown = about.made && !key.get(); // a frame and a tab of their own cannot carry a key
    head.replaceChildren(...[
      make,
      about.made && h("button", { type: "button", class: "outline", onclick: save }, tr("save")),
      shown && h("a", { class: "outline", id: "report-tab", href: address(), target: "_blank", rel: "noopener" }, tr("own_tab")),
    ].filter(Boolean));
    byId("report-made").textContent = about.made ? tr("made", { when: when(about.made, lang), size: (about.bytes / 1e6).toFixed(1) }) : tr("lead");
    if (shown) {
      place.replaceChildren(h("iframe", { class: "report", title: tr("report"), sandbox: "allow-scripts allow-downloads", src: address() }));
    } else if (about.made) {
      place.replaceChildren(h("p", { class: "notice" }, tr("with_key")));
    } else {
      place.replaceChildren(h("section", { class: "empty" }, h("h2", {}, tr("none_yet")), h("p", {}, tr("none_yet_help")),
        about.missing.length ? h("p", { class: "notice warn" }, tr("missing", { names: about.missing.join(", ") })) : null));
    }
  }

  /** Hand the report to the browser as a file: it is whole and needs no server. */
  async function save() {
    const reply = await fetch("/studio/report/page", { headers: key.get() ? { Authorization: `Bearer ${key.get()}` } : {}, credentials: "omit" });
    if (!reply.ok) return toast(tr("unreachable"), { bad: true });
    const made = URL.createObjectURL(await reply.blob());
    h("a", { href: made, download: "jianghu-report.html" }).click();
    setTimeout(() => URL.revokeObjectURL(made), 60_000);
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select") || document.querySelector("dialog[open]")) return;
    if (event.key === "n") head.querySelector("button:not(:disabled)")?.click();
    else if (event.key === "o") byId("report-tab")?.click();
    else return;
    event.preventDefault();
  }
  const recolour = new MutationObserver(draw); // the frame takes the page's colours
  recolour.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  document.addEventListener("keydown", onKey);
  draw();
  return () => {
    recolour.disconnect();
    document.removeEventListener("keydown", onKey);
    jobs.leave();
  };
}

function colours() {
  const theme = document.documentElement.dataset.theme;
  return theme === "auto" ? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light") : theme;
}

const when = (seconds, lang) =>
  new Intl.DateTimeFormat(lang === "zh" ? "zh-Hans" : "en", { dateStyle: "medium", timeStyle: "short" }).format(1000 * seconds);

/** Ask whether a checkpoint shall answer in the report, and start making it. */
function ask(studio, about, jobs) {
  const { tr, post, toast } = studio;
  const model = h("select", { id: "report-model" }, h("option", { value: "" }, tr("no_model")), about.checkpoints.map((name) => h("option", { value: name }, name)));
  const dialog = h("dialog", { class: "note", "aria-labelledby": "make-title" }, h("form", { method: "dialog" },
    h("h2", { id: "make-title" }, tr("make")), h("p", { class: "soft small" }, tr("make_help")),
    h("div", { class: "tools-row" }, h("label", { class: "labelled" }, tr("with_model"), model)),
    h("footer", {}, h("button", { class: "quiet", value: "" }, tr("cancel")), h("button", { class: "solid", value: "make" }, tr("make")))));
  dialog.addEventListener("close", async () => {
    dialog.remove();
    if (dialog.returnValue !== "make") return;
    try {
      jobs.started(await post("/jobs", { command: "report", options: { with_model: model.value || null } }));
    } catch (problem) {
      toast(problem.message, { bad: true });
    }
  });
  byId("room").append(dialog);
  dialog.showModal();
  dialog.querySelector(".solid").focus();
}
