// The room Training: for now its name and what it will hold.

import { h } from "../chat/dom.js";

export async function open(view, studio) {
  view.append(h("header", { class: "head" }, h("div", {}, h("h1", {}, studio.tr("training")), h("p", {}, studio.tr("lead")))));
}
