// The list of records: a page at a time as one goes down, one of them chosen.

import { h } from "../../chat/dom.js";

const PAGE = 60;
const MARKS = { accepted: "✓", rejected: "✗", edited: "✎", written: "✎" };
const AGAIN_MS = 1500; // while records are read in

/** The list. `chosen` is called with the record that is read; `problem` with an error. */
export function list(desk, { chosen, problem }) {
  const { tr, get } = desk.studio;
  let rows = [];
  let at = -1;
  let after = "";
  let loading = 0; // counts loads, so that a slow one does not overwrite the next
  let busy = false;
  let again = 0;

  const items = h("ol", { class: "records-list" });
  const end = h("p", { class: "soft small end" });
  const node = h("div", { class: "records-scroll", tabindex: "-1" }, items, end);
  const watch = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && more(), { root: null, rootMargin: "300px" });
  watch.observe(end);

  const path = (limit, from = "") => {
    const query = desk.filters.query();
    query.set("limit", limit);
    if (from) query.set("after", from);
    return `/records?${query}`;
  };

  /** Begin anew with the filters as they are. */
  async function load() {
    const mine = ++loading;
    clearTimeout(again);
    node.setAttribute("aria-busy", "true");
    try {
      const page = await get(path(PAGE));
      if (mine !== loading) return;
      const id = rows[at]?.id;
      rows = page.records;
      after = page.after;
      at = rows.findIndex((row) => row.id === id);
      items.replaceChildren(...rows.map(item));
      took(page);
      if (at < 0 && rows.length && matchMedia("(min-width: 40.01rem)").matches) pick(0);
      else mark();
      if (!rows.length) desk.one.clear();
    } catch (error) {
      if (mine === loading) problem(error);
    } finally {
      if (mine === loading) node.removeAttribute("aria-busy");
    }
  }

  function took(page) {
    desk.standing(page);
    end.textContent = rows.length ? "" : tr(page.reading ? "reading" : "none_found");
    clearTimeout(again);
    if (page.reading) again = setTimeout(rows.length ? refresh : load, AGAIN_MS);
  }

  async function more() {
    if (!after || busy) return;
    busy = true;
    const mine = loading;
    try {
      const page = await get(path(PAGE, after));
      if (mine !== loading) return;
      const known = new Set(rows.map((row) => row.id));
      const fresh = page.records.filter((row) => !known.has(row.id));
      after = page.after;
      rows.push(...fresh);
      items.append(...fresh.map(item));
    } catch (error) {
      problem(error);
    } finally {
      busy = false;
    }
  }

  /** What has changed meanwhile in the records that are shown; the list stays where it is. */
  async function refresh() {
    if (!rows.length) return load();
    const mine = loading;
    try {
      const page = await get(path(Math.min(200, Math.max(PAGE, rows.length))));
      if (mine !== loading) return undefined;
      const known = new Set(rows.map((row) => row.id));
      update(page.records.filter((row) => known.has(row.id)));
      if (rows.length < PAGE) {
        const fresh = page.records.filter((row) => !known.has(row.id));
        rows.push(...fresh);
        items.append(...fresh.map(item));
        after = page.after;
      }
      desk.one.update(page.records);
      took(page);
    } catch (error) {
      problem(error);
    }
    return undefined;
  }

  function item(row) {
    const button = h("button", { type: "button", class: "record-item", onclick: () => choose(row.id) });
    fill(button, row);
    return h("li", {}, button);
  }

  function fill(button, row) {
    button.dataset.id = row.id;
    button.dataset.mine = row.mine;
    button.replaceChildren(
      h("span", { class: "row-question" }, row.question),
      h("span", { class: "told" },
        row.mine && h("span", { class: `mark ${row.mine}`, role: "img", "aria-label": tr(`mine_${row.mine}`) }, MARKS[row.mine]),
        h("span", { class: "short" }, row.short_answer),
        row.group !== "in" && h("span", { class: row.group === "refused" ? "tag bad" : "tag" }, row.state_label)));
  }

  /** Show these records as they are now, where they are in the list. */
  function update(changed) {
    const buttons = items.children;
    const place = new Map(rows.map((row, n) => [row.id, n]));
    for (const row of changed) {
      const n = place.get(row.id);
      if (n === undefined) continue;
      rows[n] = row;
      fill(buttons[n].firstChild, row);
    }
    mark();
  }

  function mark() {
    items.querySelector("[aria-current]")?.removeAttribute("aria-current");
    items.children[at]?.firstChild.setAttribute("aria-current", "true");
  }

  function pick(n, focus = false) {
    at = n;
    mark();
    const button = items.children[n]?.firstChild;
    button?.scrollIntoView({ block: "nearest" });
    if (focus) button?.focus({ preventScroll: true });
    chosen(rows[n]);
  }

  /** Choose a record by id; false if it is not in the list. */
  function choose(id) {
    const n = rows.findIndex((row) => row.id === id);
    if (n < 0) return false;
    pick(n, true);
    return true;
  }

  async function move(step) {
    if (at + step >= rows.length - 5) await more();
    const next = Math.min(rows.length - 1, Math.max(0, at + step));
    if (rows.length && next !== at) pick(next, true);
  }

  return {
    node, load, refresh, update, choose, move,
    current: () => rows[at] ?? null,
    focus: () => (items.children[Math.max(0, at)]?.firstChild ?? node).focus({ preventScroll: true }),
    leave: () => {
      watch.disconnect();
      clearTimeout(again);
    },
  };
}
