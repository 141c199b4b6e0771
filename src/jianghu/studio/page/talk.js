// The room Talk: the chat page, with the shell's language and its list of keys.

import { chatKeys, openChat } from "../chat/chat.js";
import { h } from "../chat/dom.js";
import { state } from "../chat/store.js";
import { context } from "../chat/talk.js";

export let keys = chatKeys();

export async function open(view, studio) {
  state.language = studio.lang;
  const tools = h("nav", { class: "talk-tools", "aria-label": studio.tr("tools") });
  view.append(tools);
  const close = await openChat(view, tools, { withKeys: false });
  keys = chatKeys();
  if (context.about && !context.about.checkpoints.length) showNothingYet(view, studio);
  return close;
}

/** Without a model there is nobody to ask. */
function showNothingYet(view, studio) {
  for (const part of view.querySelectorAll(".talk-tools, .chat")) part.hidden = true;
  view.append(h("section", { class: "empty" },
    h("h2", {}, studio.tr("nobody")),
    h("p", {}, studio.tr("nobody_help")),
    h("a", { class: "solid", href: "#/training" }, studio.tr("to_training"))));
}
