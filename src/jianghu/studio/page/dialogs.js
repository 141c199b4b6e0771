// What lies over a room: short notes that go away, a question to be confirmed, the key that a server asks for.

import { key } from "../chat/api.js";
import { byId, h } from "../chat/dom.js";

const SECONDS = 7;

/** Say something for a few seconds. `action`: {label, run} of a button beside it; `bad`: it is a failure. */
export function toast(text, { action = null, bad = false } = {}) {
  const gone = () => note.remove();
  const button = action && h("button", { type: "button", class: "link", onclick: () => {
    gone();
    action.run();
  } }, action.label);
  const note = h("p", { class: bad ? "toast bad" : "toast" }, h("span", {}, text), button);
  byId("toasts").append(note);
  while (byId("toasts").children.length > 3) byId("toasts").firstChild.remove();
  let timer = setTimeout(gone, 1000 * SECONDS);
  note.addEventListener("pointerenter", () => clearTimeout(timer));
  note.addEventListener("focusin", () => clearTimeout(timer));
  for (const leaving of ["pointerleave", "focusout"]) note.addEventListener(leaving, () => (timer = setTimeout(gone, 1000 * SECONDS)));
}

/** Ask before something is done; whether the reader agrees. `yes` names what will be done. */
export function confirm(text, yes) {
  const dialog = byId("studio-confirm");
  byId("studio-confirm-text").textContent = text;
  byId("studio-confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  byId("studio-confirm-yes").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Ask for the server's key, then begin anew. */
export function askForKey() {
  const dialog = byId("studio-key");
  if (dialog.open) return;
  dialog.showModal();
  dialog.addEventListener("close", () => {
    key.set(byId("studio-key-value").value);
    location.reload();
  }, { once: true });
}
