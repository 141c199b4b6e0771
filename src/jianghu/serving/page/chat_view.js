// The chat as elements: the list of talks, the welcome, the talk, the box where one writes, and its dialogs.

import { h, svg } from "./dom.js";

const icon = (...paths) => svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, paths.map((d) => svg("path", { d })));
const CROSS = "m6 6 12 12M18 6 6 18";

/** Buttons of the page's head: the list of talks where there is no room beside the talk, a new talk, settings. */
export function toolNodes() {
  const sliders = icon("M4 7h9m5 0h2M4 17h2m5 0h9");
  sliders.append(svg("circle", { cx: 15.5, cy: 7, r: 2.4 }), svg("circle", { cx: 8.5, cy: 17, r: 2.4 }));
  return [
    h("button", { type: "button", class: "quiet icon", id: "open-talks", "data-label": "talks", "aria-expanded": "false" }, icon("M4 6h16M4 12h16M4 18h10")),
    h("button", { type: "button", class: "quiet", id: "new", "data-word": "new" }),
    h("button", { type: "button", class: "quiet icon", id: "download", "data-label": "download", "aria-haspopup": "dialog", hidden: true },
      icon("M12 4v11m-5-5 5 5 5-5M5 20h14")),
    h("button", { type: "button", class: "quiet icon", id: "open-settings", "data-label": "settings", "aria-haspopup": "dialog" }, sliders),
  ];
}

/** The chat without its buttons in the head. `withKeys`: with a list of its keys. */
export function chatNode(withKeys) {
  return h(
    "div",
    { class: "chat" },
    h("aside", { class: "talks", id: "talks", "data-label": "talks" },
      h("h2", { "data-word": "talks" }), h("ol", { id: "talks-list" }), h("p", { class: "none", id: "talks-none", "data-word": "no_talks" })),
    h("div", { class: "conversation" }, welcomeNode(), h("ol", { id: "talk", class: "talk", "data-label": "talk" }), composerNode(withKeys)),
    ...dialogNodes(withKeys),
    h("div", { class: "notes", id: "notes", role: "status" }),
  );
}

function welcomeNode() {
  return h(
    "section",
    { id: "welcome", class: "welcome" },
    h("div", { class: "scene", "aria-hidden": "true" }, h("div", { class: "sun" }), h("div", { class: "hills" })),
    h("h2", { "data-word": "welcome" }),
    h("p", { class: "lead", "data-word": "lead" }),
    h("p", { class: "shelf", id: "shelf" }),
    h("div", { class: "examples" },
      h("h3", { id: "examples-title" }),
      h("button", { type: "button", class: "quiet", id: "more", "data-word": "others" }),
      h("ul", { id: "examples" })),
  );
}

function composerNode(withKeys) {
  const mode = (name) => h("label", {}, h("input", { type: "radio", name: "mode", value: name }), h("span", { "data-word": name }));
  const square = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("rect", { x: 7, y: 7, width: 10, height: 10, rx: 1.5 }));
  return h(
    "form",
    { id: "composer", class: "composer", autocomplete: "off" },
    h("div", { class: "bar" },
      h("div", { class: "modes", role: "radiogroup", "data-label": "mode" }, mode("ask"), mode("continue")),
      h("div", { class: "columns", id: "columns", role: "group", "data-label": "checkpoints" }),
      h("label", { class: "switch", id: "open-book-switch", "data-title": "open_book_help" },
        h("input", { type: "checkbox", role: "switch", id: "open-book" }), h("span", { class: "knob", "aria-hidden": "true" }),
        h("span", { "data-word": "open_book" }))),
    h("div", { class: "box" },
      h("textarea", { id: "text", rows: 1, maxlength: 4000, enterkeyhint: "send" }),
      h("button", { type: "submit", class: "send", id: "send", "data-label": "send" }, icon("M12 20V5m-6 6 6-6 6 6")),
      h("button", { type: "button", class: "send stop", id: "stop", "data-label": "stop", hidden: true }, square)),
    h("p", { class: "hint" }, h("span", { "data-word": "hint" }),
      withKeys && [" ", h("button", { type: "button", class: "link", id: "open-keys", "data-word": "keys" })]),
  );
}

function dialogNodes(withKeys) {
  return [
    h("dialog", { id: "settings", class: "drawer", "aria-labelledby": "settings-title" },
      h("form", { method: "dialog" }, h("h2", { id: "settings-title", "data-word": "settings" }), h("div", { id: "fields" }),
        h("footer", {}, h("button", { type: "button", class: "quiet", id: "reset", "data-word": "reset" }),
          h("button", { class: "solid", value: "done", "data-word": "done" })))),
    h("dialog", { id: "book", class: "book", "aria-labelledby": "book-title" },
      h("header", {}, h("div", {}, h("h2", { id: "book-title" }), h("p", { id: "book-place" })),
        h("form", { method: "dialog" }, h("button", { class: "quiet icon", "data-label": "close" }, icon(CROSS)))),
      h("div", { id: "book-text", class: "pages", tabindex: "0" })),
    h("dialog", { id: "save-as", class: "note", "aria-labelledby": "save-as-title" },
      h("form", { method: "dialog" }, h("h2", { id: "save-as-title", "data-word": "download" }), h("p", { "data-word": "download_help" }),
        h("footer", {}, h("button", { class: "quiet", "data-word": "cancel" }),
          h("button", { class: "solid", value: "json" }, "JSON"), h("button", { class: "solid", value: "md" }, "Markdown")))),
    withKeys && h("dialog", { id: "keys", class: "note", "aria-labelledby": "keys-title" },
      h("form", { method: "dialog" }, h("h2", { id: "keys-title", "data-word": "keys" }), h("dl", { id: "keys-list" }),
        h("footer", {}, h("button", { class: "solid", "data-word": "close" })))),
  ].filter(Boolean);
}
