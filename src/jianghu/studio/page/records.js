// The room Records: what was asked about the books, read and decided on; what covers what; the teacher at work.

import { announce, h } from "../chat/dom.js";
import { coverage } from "./records/coverage.js";
import { editor, writer } from "./records/edit.js";
import { filters } from "./records/filters.js";
import { list } from "./records/list.js";
import { one } from "./records/one.js";
import { teacher } from "./records/teacher.js";

const VIEWS = { read: null, coverage, teacher };
const SOON_MS = 400; // several changes in a row are shown once

export const keys = {
  "j k": "key_next", a: "key_accept", x: "key_reject", e: "key_edit", u: "key_undo", n: "key_new", w: "key_wording",
  f: "key_whole", "/": "key_search", "1 2 3": "key_views", "Ctrl+Enter": "key_save",
};

export async function open(view, studio) {
  const desk = { studio, whole: false, about: null, own: new Set() };
  const { tr } = studio;
  let changing = Promise.resolve(); // changes go to the server one after the other
  let leaveView = () => {};
  let soon = 0;

  // The head
  const count = h("p", { class: "soft", role: "status" });
  const undoButton = h("button", { type: "button", class: "quiet", onclick: undo }, tr("undo_last"));
  const writeButton = h("button", { type: "button", class: "outline", onclick: () => write() }, tr("write"));
  const applyButton = h("button", { type: "button", class: "solid", title: tr("apply_help"), onclick: apply, hidden: true }, tr("apply"));
  const segments = Object.keys(VIEWS).map((name) =>
    h("button", { type: "button", onclick: () => show(name) }, tr(name)));
  const body = h("div", { class: "records-body" });
  const trouble = h("p", { class: "notice warn", role: "status", hidden: true });
  view.append(
    h("header", { class: "head" }, h("div", {}, h("h1", {}, tr("records")), count),
      h("div", { class: "actions" },
        h("div", { class: "segments", role: "group", "aria-label": tr("view") }, segments), undoButton, writeButton, applyButton)),
    trouble, body,
  );

  desk.standing = ({ total, more, can_undo, unapplied, reading, decided, problem: said }) => {
    if (said !== undefined) {
      trouble.textContent = said;
      trouble.hidden = !said;
    }
    if (total !== undefined) desk.total = { total, more };
    if (reading !== undefined) desk.reading = reading;
    if (can_undo !== undefined) undoButton.disabled = !can_undo;
    if (unapplied !== undefined) applyButton.hidden = !unapplied;
    const found = desk.total && tr(desk.total.more ? "count_more" : "count", { n: desk.total.total.toLocaleString() });
    if (decided !== undefined) desk.decided = decided;
    count.textContent = [found, desk.decided && tr("decided", { n: desk.decided.toLocaleString() }), desk.reading && tr("reading")]
      .filter(Boolean).join(" · ") || tr("lead");
  };

  try {
    desk.about = await studio.get("/records/about");
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    body.replaceChildren(nothing("not_prepared", problem.message, "to_shelf", "#/shelf"));
    for (const node of [undoButton, writeButton, segments[0].parentElement]) node.hidden = true;
    return undefined;
  }

  desk.list = list(desk, { chosen: (row) => desk.one.show(row), problem });
  desk.one = one(desk, { decide, edit, another: (record) => write(record), undo, back: () => (view.dataset.showing = "list"),
    shown: () => (view.dataset.showing = "one") });
  desk.filters = filters(desk, () => {
    view.dataset.showing = "list";
    desk.list.load();
  });
  const side = h("section", { class: "side", "aria-label": tr("list") }, desk.list.node);
  const reading = h("div", { class: "records-desk" }, desk.filters.node, h("div", { class: "split" }, side, desk.one.node));

  function nothing(title, text, label, hash) {
    return h("section", { class: "empty" }, h("h2", {}, tr(title)), h("p", {}, text), h("a", { class: "solid", href: hash }, tr(label)));
  }

  function problem(error) {
    studio.toast(error.message, { bad: true });
  }

  function show(name, filter = null) {
    leaveView();
    leaveView = () => {};
    segments.forEach((button, n) => button.setAttribute("aria-pressed", String(Object.keys(VIEWS)[n] === name)));
    desk.view = name;
    studio.note({ view: name === "read" ? "" : name });
    if (filter) desk.filters.set(filter);
    if (VIEWS[name]) {
      const made = VIEWS[name](desk, (chosen) => show("read", chosen));
      body.replaceChildren(made.node);
      leaveView = made.leave;
    } else if (desk.about.records === 0 && !desk.about.reading) {
      body.replaceChildren(nothing("none_yet", tr("none_yet_help"), "to_training", "#/training"));
    } else {
      body.replaceChildren(reading);
      desk.list.load();
    }
  }

  /** Do one change after the other, and show what came of each. */
  function change(path, data, done = () => {}) {
    changing = changing.then(async () => {
      try {
        const reply = await studio.post(path, data);
        for (const row of reply.records) desk.own.add(row.id);
        desk.list.update(reply.records);
        desk.one.update(reply.records);
        desk.standing(reply);
        aboutSoon();
        await done(reply);
      } catch (error) {
        problem(error);
        desk.list.refresh();
      }
    });
    return changing;
  }

  function decide(action, record) {
    const wordings = desk.whole;
    desk.list.update([{ ...record, mine: action === "accept" ? "accepted" : "rejected" }]);
    announce(tr(action === "accept" ? "accepted_said" : "rejected_said", { question: record.question }));
    if (desk.list.current()?.id === record.id) desk.list.move(1);
    change("/records/decide", { id: record.id, action, wordings });
  }

  function undo() {
    change("/records/undo", {}, async ({ undone, ids }) => {
      if (!undone) return studio.toast(tr("nothing_to_undo"));
      studio.toast(tr("undid", { what: tr(`did_${undone}`) }));
      if (!desk.list.choose(ids[0])) desk.list.refresh();
    });
  }

  function edit(record) {
    desk.one.put(editor(desk, record, {
      save: (fields, wordings) => change("/records/edit", { id: record.id, fields, wordings }, () => {
        studio.toast(tr("saved"), { action: { label: tr("undo_last"), run: undo } });
        desk.one.reload();
        desk.list.focus();
      }),
      cancel: () => desk.one.reload(),
    }));
  }

  function write(like = null) {
    if (desk.view !== "read") show("read");
    view.dataset.showing = "one";
    const at = like ?? desk.list.current();
    desk.one.put(writer(desk, like, at, {
      save: (data) => change("/records/write", data, ({ records }) => {
        studio.toast(tr("saved"), { action: { label: tr("undo_last"), run: undo } });
        desk.one.show(records[0]);
        desk.list.refresh();
      }),
      cancel: () => (at ? desk.one.show(at) : desk.one.clear()),
    }));
  }

  async function apply() {
    applyButton.disabled = true;
    try {
      desk.job = (await studio.post("/jobs", { command: "apply" })).id;
      studio.toast(tr("applying"));
    } catch (error) {
      applyButton.disabled = false;
      problem(error);
    }
  }

  function aboutSoon() {
    clearTimeout(soon);
    soon = setTimeout(async () => {
      try {
        desk.about = await studio.get("/records/about");
        desk.filters.draw();
        desk.standing({});
        if (desk.view === "read" && !body.contains(reading) && desk.about.records) show("read");
      } catch {
        // the connection says so itself
      }
    }, SOON_MS);
  }

  const off = [
    studio.on("records", ({ ids }) => {
      const others = ids?.filter((id) => !desk.own.delete(id)) ?? null;
      if (ids && !others.length) return; // this page's own
      if (desk.view === "read") desk.list.refresh();
      aboutSoon();
    }),
    studio.on("back", () => desk.list.refresh()),
    studio.on("job", (job) => {
      if (job.id !== desk.job || job.state === "running") return;
      desk.job = null;
      applyButton.disabled = false;
      if (job.state === "done") studio.toast(tr("applied"));
      else studio.toast(tr("apply_failed", { why: job.last || job.state }), { bad: true });
      desk.list.refresh();
    }),
  ];

  function onKey(event) {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog[open]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = desk.one.target();
    const does = {
      1: () => show("read"), 2: () => show("coverage"), 3: () => show("teacher"),
      u: undo, n: () => write(),
      ...(desk.view === "read" && {
        j: () => desk.list.move(1), k: () => desk.list.move(-1),
        "/": () => desk.filters.search.focus(),
        ...(target && {
          a: () => decide("accept", target), x: () => decide("reject", target),
          e: () => desk.one.whenReady(edit), w: () => desk.one.whenReady(write), f: () => desk.one.whenReady(desk.one.toggleWhole),
        }),
      }),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }
  document.addEventListener("keydown", onKey);

  desk.standing({});
  show(studio.params.get("view") in VIEWS ? studio.params.get("view") : "read");
  return () => {
    leaveView();
    desk.list.leave();
    clearTimeout(soon);
    document.removeEventListener("keydown", onKey);
    off.forEach((stop) => stop());
  };
}
