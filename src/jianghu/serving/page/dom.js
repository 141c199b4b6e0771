// Elements from names and texts. Whatever a model or a book says becomes a text node, never markup.

/**
 * An element. Props: `class`, `style` as {property: value} (the page's policy refuses styles in attributes), `onclick`
 * and other listeners, else attributes; null, undefined and false leave out.
 */
export const h = (tag, props, ...children) => filled(document.createElement(tag), props, children);

/** An element of a drawing, as `h` makes one of the page. */
export const svg = (tag, props, ...children) => filled(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);

function filled(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [property, one] of Object.entries(value)) node.style.setProperty(property, one);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Tell people who listen instead of looking. */
export function announce(text) {
  byId("announce").textContent = text; // every page has one
}
