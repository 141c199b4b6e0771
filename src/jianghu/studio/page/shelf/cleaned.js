// What cleaning takes from a book: a rule after another, each with its places as a diff that one can read.

import { h } from "../../chat/dom.js";

export function cleaned(about, studio, number) {
  const { tr } = studio;
  if (!about.removals.length) return h("p", { class: "soft" }, tr("nothing_cut"));
  return h("div", { class: "cuts" }, h("p", { class: "soft small" }, tr("cuts_help")), about.removals.map((rule) => {
    const places = h("div", { class: "places" });
    const head = h("summary", {}, h("strong", {}, rule.label), " ", h("span", { class: "soft small number" },
      tr("times", { count: number.format(rule.count), characters: number.format(rule.characters) })));
    if (!rule.shown) {
      return h("details", { class: "rule" }, head, h("p", { class: "soft small" }, rule.examples.length ? rule.examples.join(" ⏐ ") : tr("no_places")));
    }
    let begun = false;
    const more = h("button", { type: "button", class: "quiet small", onclick: () => load() }, tr("more"));
    const load = async () => {
      more.disabled = true;
      try {
        const query = new URLSearchParams({ name: about.name, rule: rule.rule, start: places.children.length });
        const { cuts, all } = await studio.get(`/shelf/cuts?${query}`);
        places.append(...cuts.map(place));
        more.hidden = places.children.length >= all || !cuts.length;
      } catch (problem) {
        studio.toast(problem.message, { bad: true });
      }
      more.disabled = false;
    };
    return h("details", { class: "rule", ontoggle: (event) => {
      if (event.target.open && !begun) {
        begun = true;
        load();
      }
    } }, head, places, more);
  }));
}

function place({ left, text, right }) {
  const short = (words) => words.replace(/\s+/g, " ");
  return h("p", { class: "cut serif" }, h("span", { class: "soft" }, short(left)), h("del", {}, text.replaceAll("\n", "⏎")),
    h("span", { class: "soft" }, short(right)));
}
