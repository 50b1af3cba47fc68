// Small SVG charts: marks that differ in shape as well as colour, axes with units, a text for those who do not see them.

const NS = (() => {
  const holder = document.createElement("template");
  holder.innerHTML = "<svg></svg>";
  return holder.content.firstChild.namespaceURI;
})();

function make(name, attributes = {}, ...children) {
  const found = document.createElement(name);
  return filled(found, attributes, children);
}

function draw(name, attributes = {}, ...children) {
  const found = document.createElementNS(NS, name);
  return filled(found, attributes, children);
}

function filled(found, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) found.setAttribute(key, value);
  }
  found.append(...children.filter((child) => child !== null));
  return found;
}

const WIDE = 7.2; // pixels of a letter, rather too many than too few
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 2"];
// Six colours, shapes and dashes; the seventh of a kind has the colour of the first with other shape and dash.
const round = (index) => Math.floor(index / 6);
const colour = (index) => `var(--c${(index % 6) + 1})`;
const dash = (index) => DASHES[(index + 2 * round(index)) % 6];

function mark(index, x, y, size, fill) {
  const common = { fill, stroke: "var(--ground)", "stroke-width": 1 };
  const s = size;
  const paths = [null,
    `M${x - s},${y - s}h${2 * s}v${2 * s}h${-2 * s}z`,
    `M${x},${y - 1.3 * s}l${1.25 * s},${2.2 * s}h${-2.5 * s}z`,
    `M${x},${y - 1.4 * s}l${1.4 * s},${1.4 * s}l${-1.4 * s},${1.4 * s}l${-1.4 * s},${-1.4 * s}z`,
    `M${x},${y + 1.3 * s}l${1.25 * s},${-2.2 * s}h${-2.5 * s}z`,
    `M${x - 0.45 * s},${y - 1.4 * s}h${0.9 * s}v${0.95 * s}h${0.95 * s}v${0.9 * s}h${-0.95 * s}v${0.95 * s}h${-0.9 * s}`
      + `v${-0.95 * s}h${-0.95 * s}v${-0.9 * s}h${0.95 * s}z`];
  const path = paths[(index + round(index)) % 6];
  return path ? draw("path", { d: path, ...common }) : draw("circle", { cx: x, cy: y, r: 1.1 * s, ...common });
}

function swatch(index, line = false) {
  const svg = draw("svg", { viewBox: "0 0 28 16", "aria-hidden": "true" });
  if (line) svg.append(draw("line", { x1: 0, x2: 28, y1: 8, y2: 8, stroke: colour(index), "stroke-width": 2,
    "stroke-dasharray": dash(index) }));
  svg.append(mark(index, 14, 8, 4.5, colour(index)));
  return svg;
}

// A scale from values to pixels, and where its ticks are.
function axis({ values, unit, log, exact }, low, high) {
  let from = Math.min(...values), to = Math.max(...values);
  if (!log) {
    const step = niceStep(to);
    const top = Math.max(Math.ceil(to / step - 1e-9) * step, step);
    const ticks = [];
    for (let i = 0; i * step <= top + 1e-9; i += 1) ticks.push(i * step);
    return { at: (v) => low + (high - low) * v / top, ticks, label: (v) => general(v, 3) };
  }
  if (exact) {
    const ticks = exact.filter((_, i) => high - low > 300 || i % 2 === 0);
    return { at: (v) => low + (high - low) * Math.log(v / from) / Math.log(to / from), ticks, label: (v) => fixed(v, 0), from, to };
  }
  from = Math.floor(Math.log10(from) + 1e-9);
  to = Math.ceil(Math.log10(to) - 1e-9);
  if (from === to) to += 1;
  const every = Math.ceil((to - from) / Math.max(Math.floor(Math.abs(high - low) / (high > low ? 62 : 34)), 1));
  const ticks = [];
  for (let power = from; power <= to; power += every) ticks.push(Number(`1e${power}`));
  return { at: (v) => low + (high - low) * (Math.log10(v) - from) / (to - from), ticks, label: (v) => tickLabel(v, unit),
    from: Number(`1e${from}`), to: Number(`1e${to}`) };
}

function niceStep(top) {
  const raw = top / 5, power = 10 ** Math.floor(Math.log10(raw || 1));
  return Math.max([1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) || 1, 1);
}

function tickLabel(value, unit) {
  if (!unit && value < 1) return value < 1e-4 ? value.toExponential(0) : general(value, 3);
  const known = [[1e15, "P"], [1e12, "T"], ...PREFIXES];
  const [scale, prefix] = known.find(([s]) => value >= s * 0.9995) || known.at(-1);
  const number = value / scale;
  const text = number >= 1e4 || number < 0.01 ? number.toExponential(0).replace("+", "") : general(number, 3);
  return `${text} ${prefix}${unit.length > 2 ? "" : unit}`.trim();
}

// spec: {title, text, x: {label, unit, log, values}, y: {…}, points, lines, series, areas, upright: [{x, label}]}
function plot(spec, width) {
  const right = spec.series && spec.series.length ? Math.min(118, width * 0.29) : 22;
  const left = 62, top = 30, bottom = 48, height = Math.round(Math.min(Math.max(width * 0.62, 270), 400));
  const id = `c${plot.count = (plot.count || 0) + 1}`;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": `${id}t ${id}d` },
    draw("title", { id: `${id}t` }, spec.title), draw("desc", { id: `${id}d` }, spec.text));
  const x = axis(spec.x, left, width - right);
  const y = axis(spec.y, height - bottom, top);
  const frame = { left, right: width - right, top, bottom: height - bottom, x, y, boxes: [] };
  for (const v of y.ticks) {
    svg.append(draw("line", { class: "grid", x1: left, x2: frame.right, y1: y.at(v), y2: y.at(v) }),
      draw("text", { x: left - 8, y: y.at(v) + 4, "text-anchor": "end", class: "dim" }, y.label(v)));
  }
  for (const v of x.ticks) {
    svg.append(draw("line", { class: "axis", x1: x.at(v), x2: x.at(v), y1: frame.bottom, y2: frame.bottom + 5 }),
      draw("text", { x: x.at(v), y: frame.bottom + 19, "text-anchor": "middle", class: "dim" }, x.label(v)));
  }
  svg.append(draw("line", { class: "axis", x1: left, x2: frame.right, y1: frame.bottom, y2: frame.bottom }),
    draw("text", { x: 0, y: 12, class: "dim" }, spec.y.label),
    draw("text", { x: frame.right, y: height - 6, "text-anchor": "end", class: "dim" }, spec.x.label));
  for (const line of spec.upright || []) upright(svg, frame, line);
  for (const line of spec.lines || []) roof(svg, frame, line);
  for (const area of spec.areas || []) {
    const up = area.points.map((p) => `${x.at(p.x)},${y.at(p.low)}`), down = area.points.map((p) => `${x.at(p.x)},${y.at(p.high)}`);
    svg.append(draw("polygon", { points: [...up, ...down.reverse()].join(" "), fill: colour(area.index), opacity: 0.14 }));
  }
  const labels = [];
  for (const curve of spec.series || []) {
    const path = curve.points.map((p) => `${x.at(p.x)},${y.at(p.y)}`).join(" ");
    svg.append(draw("polyline", { points: path, fill: "none", stroke: colour(curve.index), "stroke-width": curve.strong ? 3 : 1.75,
      "stroke-dasharray": dash(curve.index) }));
    for (const p of curve.points) svg.append(mark(curve.index, x.at(p.x), y.at(p.y), curve.strong ? 3.4 : 2.6, colour(curve.index)));
    labels.push({ text: curve.name, y: y.at(curve.points.at(-1).y), strong: curve.strong, index: curve.index });
  }
  beside(svg, frame, labels, right);
  scatter(svg, frame, spec.points || [], spec.named || 4);
  return svg;
}

function upright(svg, frame, line) {
  const at = frame.x.at(line.x);
  if (!(at >= frame.left && at <= frame.right + 1)) return;
  svg.append(draw("line", { class: "axis", x1: at, x2: at, y1: frame.top, y2: frame.bottom, "stroke-dasharray": "4 3" }));
  if (!line.label) return;
  const end = at > (frame.left + frame.right) / 2;
  const w = WIDE * line.label.length;
  frame.boxes.push({ x: end ? at - 6 - w : at, y: frame.top - 2, w, h: 15 });
  svg.append(draw("text", { x: at + (end ? -6 : 6), y: frame.top + 10, "text-anchor": end ? "end" : "start", class: "halo" }, line.label));
}

// A bound: y = factor · x^power, drawn as far as it is inside the frame.
function roof(svg, frame, bound) {
  const { x, y } = frame, inside = [];
  const steps = 200, from = x.from, to = x.to;
  for (let i = 0; i <= steps; i += 1) {
    const at = from * (to / from) ** (i / steps), value = bound.factor * at ** bound.power;
    if (value >= y.from * 0.999 && value <= y.to * 1.001 && !(bound.until && at > bound.until) && !(bound.since && at < bound.since)) {
      inside.push([x.at(at), y.at(value)]);
    }
  }
  if (inside.length < 2) return;
  svg.append(draw("polyline", { points: inside.map((p) => p.join(",")).join(" "), fill: "none", stroke: "var(--ink)",
    "stroke-width": 1.5, "stroke-dasharray": bound.dash || null }));
  const [px, py] = bound.power ? inside[Math.floor(inside.length * (bound.place || 0.08))] : inside[inside.length - 1];
  const width = WIDE * bound.label.length, flip = bound.power && px + width > frame.right;
  const anchor = !bound.power || flip ? "end" : "start";
  const at = { x: px + (bound.power ? (flip ? -8 : 10) : 0), y: py + (bound.power ? 14 : -6) };
  frame.boxes.push({ x: anchor === "end" ? at.x - width : at.x, y: at.y - 11, w: width, h: 14 });
  svg.append(draw("text", { ...at, "text-anchor": anchor, class: "halo" }, bound.label));
}

// Names at the ends of the lines, moved apart.
function beside(svg, frame, labels, room) {
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, i) => { label.at = i ? Math.max(label.y, labels[i - 1].at + 14) : label.y; });
  const over = labels.length ? labels.at(-1).at - frame.bottom : 0;
  if (over > 0) {
    for (let i = labels.length - 1, limit = frame.bottom; i >= 0; i -= 1, limit -= 14) {
      labels[i].at = Math.min(labels[i].at, limit);
    }
  }
  for (const label of labels) {
    const fits = Math.floor((room - 14) / (label.strong ? 1.2 * WIDE : WIDE));
    const text = label.text.length > fits ? `${label.text.slice(0, Math.max(fits - 1, 3))}…` : label.text;
    svg.append(draw("line", { x1: frame.right + 2, x2: frame.right + 9, y1: label.y, y2: label.at, stroke: colour(label.index) }),
      draw("text", { x: frame.right + 12, y: label.at + 4, "font-weight": label.strong ? 700 : 400 }, text));
  }
}

function scatter(svg, frame, points, most) {
  const ranked = [...points].sort((a, b) => a.weight - b.weight);
  const size = points.length > 150 ? 3 : 4;
  for (const point of ranked.filter(({ band }) => band)) {
    const [left, right, low, high] = point.band, px = frame.x.at(point.x), py = frame.y.at(point.y);
    const bar = { stroke: colour(point.index), "stroke-width": point.strong ? 2.5 : 1.25 };
    svg.append(draw("line", { x1: frame.x.at(left), x2: frame.x.at(right), y1: py, y2: py, ...bar }),
      draw("line", { x1: px, x2: px, y1: frame.y.at(low), y2: frame.y.at(high), ...bar }));
  }
  for (const point of ranked) {
    const dot = mark(point.index, frame.x.at(point.x), frame.y.at(point.y), size, colour(point.index));
    dot.append(draw("title", {}, point.text));
    svg.append(dot);
  }
  const boxes = [...frame.boxes, ...points.map((point) => ({ x: frame.x.at(point.x) - 4, y: frame.y.at(point.y) - 4, w: 8, h: 8 }))];
  let named = 0;
  for (const point of ranked.reverse().slice(0, 12)) {
    const text = point.name.length > 22 ? `${point.name.slice(0, 21)}…` : point.name, w = WIDE * text.length;
    const px = frame.x.at(point.x), py = frame.y.at(point.y);
    const around = point.band
      ? [[px + 7, py - 6], [px - 7 - w, py - 6], [px + 7, py + 15], [px - 7 - w, py + 15]]
      : [[px + 9, py + 4], [px - 9 - w, py + 4], [px - w / 2, py - 9], [px - w / 2, py + 19]];
    const free = around.find(([bx, by]) =>
      bx >= frame.left && bx + w <= frame.right && by - 11 >= frame.top && by <= frame.bottom
      && !boxes.some((b) => bx < b.x + b.w && b.x < bx + w && by - 11 < b.y + b.h && b.y < by + 3));
    if (!free || named === most) continue;
    named += 1;
    boxes.push({ x: free[0], y: free[1] - 11, w, h: 14 });
    svg.append(draw("text", { x: free[0], y: free[1], class: "halo", "font-weight": point.strong ? 700 : 400 }, text));
  }
}
