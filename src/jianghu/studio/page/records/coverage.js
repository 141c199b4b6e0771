// Coverage as a picture: for each chapter of each book a bar of its records by kind, and what you have decided on.

import { h } from "../../chat/dom.js";

const COLOURS = 7; // kinds with a colour of their own; the others share one

/** The picture. `open` is called with a filter when a chapter or a kind is chosen. */
export function coverage(desk, open) {
  const { tr, get, on, toast } = desk.studio;
  const node = h("div", { class: "coverage" }, h("p", { class: "soft" }, tr("loading")));

  async function draw() {
    try {
      const found = await get("/records/coverage");
      const main = found.kinds.slice(0, COLOURS);
      const rest = found.kinds.slice(COLOURS);
      node.replaceChildren(
        h("p", { class: "soft" }, tr("coverage_help")),
        h("ul", { class: "kinds-legend" }, main.map((kind, n) => h("li", {}, h("button", { type: "button", class: "quiet small", onclick: () => open({ kind }) },
          h("i", { class: `swatch c${n}` }), found.labels[kind]))), rest.length > 0 && h("li", { class: "soft small" }, h("i", { class: "swatch rest" }), tr("other_kinds"))),
        ...found.books.map((book) => picture(book, main, found.labels)));
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  function picture({ name, chapters, nowhere }, main, labels) {
    const sums = chapters.map(({ kinds }) => Object.values(kinds).reduce((sum, count) => sum + count, 0));
    const most = Math.max(1, ...sums);
    const said = h("p", { class: "bar-said small", role: "status" }, tr("open_chapter"));
    const bars = chapters.map((chapter, n) => {
      const title = chapter.title || tr("chapter_n", chapter);
      const told = Object.entries(chapter.kinds).sort((one, other) => other[1] - one[1]).map(([kind, count]) => `${labels[kind]} ${count}`);
      const more = tr("bar_more", { kinds: told.join("、") || "0", rejected: chapter.rejected, decided: chapter.decided });
      const head = tr("bar", { title, n: sums[n].toLocaleString() });
      const say = () => (said.textContent = `${head} · ${more}`);
      const button = h("button", { type: "button", class: sums[n] ? "chapter-bar" : "chapter-bar none", tabindex: n ? "-1" : "0", "aria-label": `${head}. ${more}`,
        title: `${head}\n${more}`, onfocus: say, onpointerenter: say, onclick: () => open({ book: name, chapter: String(chapter.chapter), kind: "" }) },
      h("span", { class: "stack" }, pieces(chapter.kinds, main, most)), h("span", { class: "share" }, share(chapter, sums[n])));
      return button;
    });
    const row = h("div", { class: "bars", role: "group", "aria-label": name, onkeydown: (event) => {
      const at = bars.indexOf(document.activeElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: bars.length - 1 }[event.key];
      if (to === undefined || at < 0 || !bars[to]) return;
      event.preventDefault();
      bars[at].tabIndex = -1;
      bars[to].tabIndex = 0;
      bars[to].focus();
    } }, bars);
    const none = sums.filter((sum) => !sum).length;
    return h("section", { class: "panel" },
      h("header", {}, h("h2", {}, `《${name}》`), h("span", { class: "soft small" }, tr("count", { n: sums.reduce((sum, one) => sum + one, 0).toLocaleString() }),
        none > 0 && ` · ${tr("empty_chapters", { n: none, all: chapters.length })}`)),
      h("span", { class: "most number", "aria-hidden": "true" }, most.toLocaleString()), h("div", { class: "scroll-x" }, row), said, nowhere > 0 && h("p", { class: "soft small" }, tr("nowhere", { n: nowhere.toLocaleString() })));
  }

  function pieces(kinds, main, most) {
    const counts = main.map((kind) => kinds[kind] ?? 0);
    const rest = Object.values(kinds).reduce((sum, count) => sum + count, 0) - counts.reduce((sum, count) => sum + count, 0);
    return [...counts.map((count, n) => [count, `c${n}`]), [rest, "rest"]].filter(([count]) => count > 0).map(([count, colour]) => {
      const piece = h("i", { class: colour });
      piece.style.setProperty("--share", `${(100 * count) / most}%`);
      return piece;
    });
  }

  function share({ decided, rejected }, sum) {
    const line = h("i");
    line.style.setProperty("--share", `${(100 * decided) / Math.max(1, sum + rejected)}%`);
    return line;
  }

  draw();
  return { node, leave: on("records", draw) };
}
