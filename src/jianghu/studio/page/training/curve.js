// Curves over training steps, drawn as SVG: what is measured seldom has dots, what is measured often is a thin line.

import { h, svg } from "../../chat/dom.js";

const HEIGHT = 300;
const EDGE = { top: 14, right: 14, bottom: 34, left: 52 };

/**
 * A chart that fills its place and can be drawn anew with `draw(series)`.
 *
 * A series: {name, className, dots, points: [[step, value], …]}, steps rising.
 */
export function chart({ label, number, nothing, says }) {
  const readout = h("p", { class: "readout small number soft" });
  const frame = h("div", { class: "chart" });
  const box = h("div", { class: "chart-box" }, frame, readout);
  let series = [];
  let width = 0;
  let at = null; // the step under the pointer

  function paint() {
    const drawn = series.filter((one) => one.points.length);
    if (!drawn.length || width < 60) {
      frame.replaceChildren(h("p", { class: "soft nothing" }, nothing));
      readout.textContent = "";
      return;
    }
    const scale = scales(drawn, width);
    frame.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": label(drawn),
      onpointermove: (event) => hover(event, scale), onpointerleave: () => hover(null, scale) },
    ...grid(scale, number), ...drawn.flatMap((one) => line(one, scale)), pointer(scale)));
    readout.textContent = says(at ?? scale.x1, drawn.map((one) => ({ ...one, value: valueAt(one.points, at ?? scale.x1) })));
  }

  function hover(event, scale) {
    const next = event && Math.round(scale.step(event.offsetX));
    if (next === at) return;
    at = next === null ? null : Math.min(Math.max(next, scale.x0), scale.x1);
    paint();
  }

  function pointer(scale) {
    if (at === null) return svg("g");
    const x = scale.x(at);
    return svg("line", { class: "pointer", x1: x, x2: x, y1: EDGE.top, y2: HEIGHT - EDGE.bottom });
  }

  const observer = new ResizeObserver(([entry]) => {
    width = Math.floor(entry.contentRect.width);
    paint();
  });
  observer.observe(frame);
  return {
    node: box,
    draw(next) {
      series = next;
      paint();
    },
    end: () => observer.disconnect(),
  };
}

/** The value of the last point up to a step. */
function valueAt(points, step) {
  let found = points[0][1];
  for (const [x, y] of points) {
    if (x > step) break;
    found = y;
  }
  return found;
}

function scales(series, width) {
  const points = series.flatMap((one) => one.points);
  const x0 = Math.min(...points.map(([x]) => x));
  const x1 = Math.max(...points.map(([x]) => x), x0 + 1);
  const values = points.map(([, y]) => y).filter(Number.isFinite);
  let [y0, y1] = [Math.min(...values), Math.max(...values)];
  const room = (y1 - y0 || Math.abs(y1) || 1) * 0.06;
  [y0, y1] = [y0 - room, y1 + room];
  const wide = width - EDGE.left - EDGE.right;
  const high = HEIGHT - EDGE.top - EDGE.bottom;
  return {
    x0, x1, y0, y1, width,
    x: (step) => EDGE.left + (wide * (step - x0)) / (x1 - x0),
    y: (value) => EDGE.top + high * (1 - (value - y0) / (y1 - y0)),
    step: (x) => x0 + ((x - EDGE.left) / wide) * (x1 - x0),
  };
}

/** Round numbers between two values, at most so many. */
export function ticks(from, to, most) {
  const raw = (to - from) / most;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * size).find((one) => (to - from) / one <= most);
  const found = [];
  for (let at = Math.ceil(from / step); at * step <= to; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

function grid(scale, number) {
  const low = HEIGHT - EDGE.bottom;
  const values = ticks(scale.y0, scale.y1, 5);
  const digits = Math.max(0, ...values.map((value) => (String(value).split(".")[1] ?? "").length));
  return [
    ...values.flatMap((value) => [
      svg("line", { class: "grid", x1: EDGE.left, x2: scale.width - EDGE.right, y1: scale.y(value), y2: scale.y(value) }),
      svg("text", { x: EDGE.left - 8, y: scale.y(value) + 4, "text-anchor": "end" }, number(value, digits)),
    ]),
    ...ticks(scale.x0, scale.x1, Math.max(2, Math.floor(scale.width / 130))).filter(Number.isInteger).map((step) =>
      svg("text", { x: scale.x(step), y: low + 20, "text-anchor": "middle" }, number(step, 0))),
    svg("line", { class: "axis", x1: EDGE.left, x2: scale.width - EDGE.right, y1: low, y2: low }),
  ];
}

function line({ className, dots, points }, scale) {
  const finite = points.filter(([, y]) => Number.isFinite(y));
  const path = finite.map(([x, y], at) => `${at ? "L" : "M"}${scale.x(x).toFixed(1)} ${scale.y(y).toFixed(1)}`).join("");
  const marks = dots || finite.length === 1
    ? finite.map(([x, y]) => svg("circle", { class: className, cx: scale.x(x), cy: scale.y(y), r: 3 })) : [];
  return [svg("path", { class: className, d: path }), ...marks];
}
