// Elements from names and texts. Whatever a model or a book says becomes a text node, never markup.

/** An element. Props: `class`, `onclick` and other listeners, else attributes; null, undefined and false leave out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Tell people who listen instead of looking. */
export function announce(text) {
  byId("announce").textContent = text;
}
