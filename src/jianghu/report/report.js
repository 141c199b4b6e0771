// The report's own script: charts drawn from the data, axis and runs switched, texts side by side.
const data = JSON.parse(document.getElementById("data").textContent);
const figures = {};
const labels = {};
const spoken = (pair) => pair[root.dataset.lang === "zh" ? 1 : 0];
const word = (name) => (data.words[name] ? spoken(data.words[name]) : name);
const groupName = (group) => (data.groups[group] ? spoken(data.groups[group]) : group || "-");

dressers.push(() => {
  // Canvas does not follow style sheets: labels and colours are set on every figure.
  const ink = getComputedStyle(document.body).color;
  for (const [name, figure] of Object.entries(figures)) {
    const axes = [[figure.below[0], labels[name][0]], [figure.left[0], labels[name][1]]];
    for (const [axis, label] of axes) {
      axis.axis_label = word(label);
      axis.axis_label_text_color = axis.major_label_text_color = axis.axis_line_color = ink;
      axis.major_tick_line_color = axis.minor_tick_line_color = ink;
      axis.axis_label_text_font_style = "normal";
    }
    for (const grid of figure.center) { grid.grid_line_color = ink; grid.grid_line_alpha = 0.12; }
  }
});

function choose(name, axis) {
  for (const renderer of figures[name].renderers) {
    const columns = Object.fromEntries(Object.entries(renderer.data_source.data));
    renderer.data_source.data = { ...columns, x: [...columns[axis]] };
  }
  labels[name][0] = axis;
  dress();
}

function press(button, on) { button.setAttribute("aria-pressed", String(on)); }

function texts(box, rows) {
  box.replaceChildren();
  for (const [head, text] of rows) {
    const title = document.createElement("h3"), body = document.createElement("div");
    title.textContent = head; body.textContent = text;
    box.append(title, body);
  }
}

function options(select, values, chosen, name = String) {
  select.replaceChildren(...values.map((value) => new Option(name(value), value)));
  select.value = values[Math.max(0, Math.min(values.length - 1, chosen))] ?? "";
}

function samples() {
  const run = document.getElementById("sample-run"), sides = ["left", "right"];
  if (!run) return;
  const show = (side) => {
    const step = Number(document.getElementById(`sample-${side}`).value);
    const rows = data.samples[run.value].filter((row) => row.step === step);
    texts(document.getElementById(`sample-${side}-text`), rows.map((row) => [row.prompt, row.prompt + row.text]));
  };
  const steps = () => [...new Set(data.samples[run.value].map((row) => row.step))];
  const name = (step) => word("step {step}").replace("{step}", Number(step).toLocaleString("en"));
  const refill = () => sides.forEach((side, n) => {
    options(document.getElementById(`sample-${side}`), steps(), n ? steps().length : 0, name); show(side);
  });
  options(run, Object.keys(data.samples), 0);
  run.addEventListener("change", refill);
  sides.forEach((side) => document.getElementById(`sample-${side}`).addEventListener("change", () => show(side)));
  refill();
  dressers.push(() => sides.forEach((side) => {
    for (const option of document.getElementById(`sample-${side}`).options) option.text = name(option.value);
  }));
}

function cell(name, parts) {
  const box = document.createElement("td");
  box.className = name;
  box.append(...parts);
  return box;
}

function said(row) {
  // An answer with its marks: loops, and names of another book.
  if (!row) return cell("", ["—"]);
  const parts = row.pieces.map(([text, mark]) => {
    const part = document.createElement("span");
    part.textContent = text;
    part.className = mark;
    return part;
  });
  return cell(row.outcome ?? "", [...parts, parts.length ? row.finished ? "" : "…" : "—"]);
}

function answers() {
  const selects = [...document.querySelectorAll(".answer-of")], group = document.getElementById("answer-group");
  if (!selects.length) return;
  const names = Object.keys(data.answers), body = document.getElementById("answers");
  selects.forEach((select, n) => options(select, names, n));
  const groups = [...new Set(Object.values(data.answers).flat().map((row) => row.group))];
  const name = (one) => (one === "*" ? word("all groups") : groupName(one));
  options(group, ["*", ...groups], 0, name);
  const show = () => {
    const key = (row) => `${row.group}\n${row.question}`;
    const columns = selects.map((select) => new Map(data.answers[select.value].map((row) => [key(row), row])));
    const all = new Map(columns.flatMap((column) => [...column]));
    const rows = [...all.values()].filter((row) => group.value === "*" || row.group === group.value);
    body.replaceChildren(...rows.map((row) => {
      const line = document.createElement("tr");
      line.append(cell("whole", [row.question]));
      for (const column of columns) line.append(said(column.get(key(row))));
      line.append(cell("whole", [row.reference || "—"]));
      return line;
    }));
  };
  [...selects, group].forEach((select) => select.addEventListener("change", show));
  dressers.push(() => { for (const option of group.options) option.text = name(option.value); });
  show();
}

for (const button of document.querySelectorAll("[data-axis]")) {
  button.addEventListener("click", () => {
    choose(button.dataset.chart, button.dataset.axis);
    document.querySelectorAll(`[data-axis][data-chart=${button.dataset.chart}]`).forEach((other) => press(other, other === button));
  });
}
for (const button of document.querySelectorAll("[data-run]")) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    press(button, on);
    for (const line of figures[button.dataset.chart].renderers) if (line.name === button.dataset.run) line.visible = on;
  });
}
samples();
answers();
(async () => {
  for (const [name, item] of Object.entries(data.charts)) {
    const views = await Bokeh.embed.embed_item(item, name);
    figures[name] = [...views.roots ?? views][0].model;
    labels[name] = [figures[name].below[0].axis_label ?? "", figures[name].left[0].axis_label ?? ""];
  }
  dress();
  root.dataset.ready = "yes";
})();
