// The list of talks, beside the talk or over it, and notes with a way back.

import { isWriting, stop } from "./ask.js";
import { byId, h } from "./dom.js";
import { state } from "./store.js";
import { openTalk, removeTalk, titleOf } from "./talks.js";
import { t } from "./words.js";

const SECONDS = 10;

/** Draw the list, the newest first. `show` draws the talk that was chosen. */
export function renderTalks(show) {
  if (!byId("talks-list")) return;
  byId("talks-none").hidden = state.talks.length > 0;
  byId("talks-list").replaceChildren(...state.talks.toReversed().map((talk) => {
    const open = () => {
      if (isWriting() && talk.id !== state.talk) stop();
      openTalk(talk.id);
      byId("notes").replaceChildren();
      toggleTalks(false);
      show();
    };
    const away = () => {
      if (talk.id === state.talk) stop();
      const back = removeTalk(talk.id);
      show();
      byId("talks-list").querySelector("button")?.focus();
      note(t("thrown_away", { title: titleOf(talk) }), () => {
        back();
        show();
      });
    };
    return h("li", {},
      h("button", { type: "button", class: "to-talk", "aria-current": talk.id === state.talk ? "true" : null, onclick: open },
        h("span", { lang: "zh-Hans" }, titleOf(talk)),
        h("small", {}, [talk.at && when(talk.at), t("questions", { count: talk.turns.length })].filter(Boolean).join(" · "))),
      h("button", { type: "button", class: "quiet icon", "aria-label": t("throw_away", { title: titleOf(talk) }), title: t("throw_away_short"), onclick: away }, "×"));
  }));
}

function when(at) {
  const today = new Date().toDateString() === new Date(at).toDateString();
  const form = today ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(document.documentElement.lang, form).format(at);
}

/** Show or hide the list where it lies over the talk. */
export function toggleTalks(open = !byId("talks").classList.contains("open")) {
  const had = byId("talks").classList.contains("open");
  byId("talks").classList.toggle("open", open);
  byId("open-talks").setAttribute("aria-expanded", String(open));
  if (open) byId("talks").querySelector("button")?.focus();
  else if (had && byId("talks").contains(document.activeElement)) byId("open-talks").focus();
}

/** Say what was done, for a while, with a button that takes it back. */
export function note(text, back) {
  const line = h("p", { class: "done" }, h("span", {}, text), h("button", { type: "button", class: "link", onclick: () => {
    line.remove();
    back();
  } }, t("undo")));
  byId("notes").replaceChildren(line);
  setTimeout(() => line.remove(), 1000 * SECONDS);
}
