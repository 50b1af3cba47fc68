// The figures: where each layer stands under the bounds of its platform, what the energy goes into, and the batch.

const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

// What each kind draws: title, reading, axes, bounds in a fixed order of marks, and the columns of its table.
const VIEWS = {
  von_neumann: {
    title: "Roofline", reading: "Each mark is a layer. Bytes are counted at the slower level, memory or cache; the distance "
      + "below the roof is what partial waves of tiles, padding and launches cost.",
    x: ["FLOP per byte", "FLOP/B"], y: ["FLOP/s attained", "FLOP/s"], bounds: ["compute", "memory", "cache", "launch"],
    lines: (l) => [{ factor: l.memory, power: 1, label: "memory", until: l.peak / l.memory },
      { factor: l.cache, power: 1, label: "cache", dash: "6 3", until: l.peak / l.cache, place: 0.3 },
      { factor: l.peak, power: 0, label: "arithmetic", since: l.peak / l.cache }],
    must: (l) => [[], [l.peak]],
  },
  floorline: {
    title: "Floorline", reading: "Each mark is a layer, on its busiest core. No neuron update is faster than the floor, "
      + "nor faster than its synaptic events: memory-bound layers lie on the slope, compute-bound ones on the floor, "
      + "traffic-bound ones above both.",
    x: ["synaptic events per update", ""], y: ["time per update", "s"], bounds: ["memory", "compute", "traffic"],
    lines: (l) => [{ factor: l.update, power: 0, label: "update" },
      { factor: l.synapse, power: 1, label: "synaptic events", dash: "6 3", place: 0.15 }],
    must: (l) => [[], [l.update]],
  },
  neuromorphic: {
    title: "Cores", reading: "Each mark is a layer; the resource it needs most decides how many cores it takes. "
      + "There are no times per layer to compare.",
    x: ["compartments", ""], y: ["cores", ""], bounds: ["compartments", "synapse memory", "axons in", "axons out"],
    lines: (l) => [{ factor: 1 / l.room, power: 1, label: "compartments full", place: 0.4 }],
    must: () => [[], []],
  },
  brain: {
    title: "Synapses and ticks", reading: "Each mark is a layer: the tick of its first answer, and its synapses when every "
      + "one is laid down. Right of the dashed line the latency budget is exceeded.",
    x: ["tick of the first answer", ""], y: ["physical synapses", ""],
    bounds: ["within the budget", "beyond the budget", "gated"], lines: () => [], must: () => [[], []], linear: true,
    upright: (l) => (l.deadline === null ? [] : [{ x: l.deadline, label: "budget" }]),
  },
  event_driven: {
    title: "Gathering", reading: "Each mark is a layer. Synapses are gathered from memory one by one, and every tick "
      + "launches the layer anew.",
    x: ["synaptic events", ""], y: ["time per inference", "s"], bounds: ["memory", "launch"],
    lines: (l) => [{ factor: l.slope, power: 1, label: "memory", place: 0.4 },
      { factor: l.floor, power: 0, label: "launches", dash: "6 3" }],
    must: () => [[], []],
  },
  operation_count: {
    title: "Events and MACs", reading: "Each mark is a layer. Below the lower line it has fewer events than the dense "
      + "network has multiply-accumulates; below the upper one they still cost less.",
    x: ["dense MACs", ""], y: ["synaptic events", ""], bounds: ["fewer events", "more events"],
    lines: (l) => [{ factor: 1, power: 1, label: "equal count", place: 0.5 },
      ...(l.even ? [{ factor: l.even, power: 1, label: "equal energy", dash: "6 3", place: 0.2 }] : [])],
    must: () => [[], []],
  },
};

function figure(title, reading, ...content) {
  return make("figure", {}, make("h3", {}, title), make("p", {}, reading), ...content);
}

// The same content as a table, closed unless its caption is among those opened.
function equivalent(caption, heads, rows, opened) {
  const table = make("table", {}, make("caption", {}, make("span", {}, caption)),
    make("thead", {}, make("tr", {}, ...heads.map((head, i) => make("th", { scope: "col", class: i ? "n" : null }, head)))),
    make("tbody", {}, ...rows.map(([name, ...cells]) => make("tr", {}, make("th", { scope: "row" }, name),
      ...cells.map((text) => make("td", { class: "n" }, text))))));
  const box = make("div", { class: "scroll tall", role: "region", "aria-label": caption, tabindex: 0 }, table);
  return make("details", { open: opened.has(caption) ? "" : null, "data-figure": caption }, make("summary", {}, "As a table"), box);
}

function layersFigure(r, width, opened) {
  const name = r.platform.kind === "neuromorphic" && r.floorline ? "floorline" : r.platform.kind;
  const view = VIEWS[name];
  if (!r.points.length) return figure(view.title, "Nothing to draw: no layer has any events.");
  const lines = view.lines(r.lines), [mustX, mustY] = view.must(r.lines);
  const upright = view.upright ? view.upright(r.lines) : [];
  const say = (value, unit) => (unit ? si(value, unit) : general(value, 3));
  const points = r.points.map((point) => ({ ...point, index: Math.max(view.bounds.indexOf(point.bound), 0),
    text: `${point.name}: ${say(point.x, view.x[1])} ${view.x[1] ? "" : view.x[0]}, `
      + `${say(point.y, view.y[1])} ${view.y[1] ? "" : view.y[0]}; ${point.bound}` }));
  const counts = view.bounds.map((bound) => points.filter((point) => point.bound === bound).length);
  const shares = view.bounds.map((bound, i) => (counts[i] ? `${counts[i]} ${bound}` : "")).filter(Boolean).join(", ");
  const svg = plot({
    title: `${view.title} of ${r.platform.name}`,
    text: `${view.y[0]} against ${view.x[0]}, one mark for each of ${points.length} layers: ${shares}. The table below has the values.`,
    x: { label: axisLabel(view.x), unit: view.x[1], log: !view.linear,
      values: [...points.map((point) => point.x), ...upright.map((line) => line.x), ...mustX] },
    y: { label: axisLabel(view.y), unit: view.y[1], log: true, values: [...points.map((point) => point.y), ...mustY] },
    points, lines: lines.filter((line) => line.factor > 0 && Number.isFinite(line.factor)), upright,
  }, width);
  const legend = make("ul", { class: "legend" }, ...view.bounds.map((bound, i) => (counts[i]
    ? make("li", {}, swatch(i), `${bound} (${counts[i]})`) : null)));
  const timed = points.some((point) => point.seconds !== undefined) || r.platform.kind === "von_neumann";
  const rows = points.map((point) => [point.name, say(point.x, view.x[1]), say(point.y, view.y[1]),
    ...(timed ? [si(point.seconds === undefined ? point.weight : point.seconds, "s")] : []), point.bound]);
  const heads = ["Layer", axisLabel(view.x), axisLabel(view.y), ...(timed ? ["Total time"] : []), "Bound by"];
  return figure(view.title, view.reading, svg, legend, equivalent(`${view.title}, layer by layer`, heads, rows, opened));
}

const axisLabel = ([name, unit]) => (unit ? `${name} (${unit})` : name);

// What the energy goes into: one bar for the figure that is reported, one for each other way to count it.
function energyFigure(r, width, opened) {
  const bars = [["Reported", causes(r.entries)], ...[...r.others].map(([name, entries]) => [`Or ${name}`, causes(entries)])];
  const names = [...new Set(bars.flatMap(([, parts]) => [...parts.keys()]))];
  const most = Math.max(...bars.map(([, parts]) => total([...parts.values()].map((q) => q.value))));
  const gaps = r.unpriced.filter((item) => item.group !== "time");
  const missing = [...new Set(gaps.map((item) => words(item.action)))].join(", ");
  const reading = "Energy of one inference by cause, at nominal values, with the band beside each."
    + (missing ? ` Unpriced, and so not in the bar: ${missing}.` : "");
  const content = [];
  if (most > 0) content.push(stacked(r, bars, names, most, width));
  const rows = [];
  bars.forEach(([bar, parts], b) => {
    const whole = total([...parts.values()].map((q) => q.value));
    if (bars.length > 1) content.push(make("p", {}, `${bar}: ${si(whole, "J")}${b === 0 && r.energy.total.atLeast ? " or more" : ""}`));
    content.push(make("ul", { class: "legend column" }, ...[...parts].sort((a, z) => z[1].value - a[1].value)
      .map(([name, q]) => make("li", {}, swatch(names.indexOf(name)), make("span", {}, name),
        make("span", { class: "value" }, full(q) + (q.value > 0 && whole > 0 ? `, ${percent(q.value / whole)}` : ""))))));
    for (const [name, q] of parts) rows.push([`${bar}: ${name}`, nominal(q), ends(q) || "–"]);
  });
  content.push(equivalent("Energy by cause", ["Cause", "Energy", "Band"], rows, opened));
  return figure("Energy by cause", reading, ...content);
}

function causes(entries) {
  const found = new Map();
  for (const entry of entries) {
    const action = words(entry.action);
    const name = entry.group === "dynamic" || entry.group === action ? action : `${entry.group}: ${action}`;
    found.set(name, plus(found.get(name) || zero("J"), entry.energy));
  }
  return new Map([...found].filter(([, q]) => q.atLeast || q.high > 0));
}

function stacked(r, bars, names, most, width) {
  const thick = 30, step = 62, height = bars.length * step + 4;
  const description = bars.map(([bar, parts]) => `${bar}: ${[...parts].map(([name, q]) => `${name} ${nominal(q)}`).join(", ")}`).join(". ");
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "bar-t bar-d" },
    draw("title", { id: "bar-t" }, `Energy of one inference on ${r.platform.name} by cause`), draw("desc", { id: "bar-d" }, description));
  bars.forEach(([bar, parts], b) => {
    let at = 0;
    const top = b * step + 18;
    svg.append(draw("text", { x: 0, y: top - 6, class: "dim" }, bar));
    for (const [name, q] of [...parts].sort((a, z) => z[1].value - a[1].value)) {
      const w = q.value / most * width;
      if (w <= 0) continue;
      const index = names.indexOf(name);
      const rect = draw("rect", { x: at, y: top, width: Math.max(w - 2, 0.75), height: thick, fill: colour(index) });
      rect.append(draw("title", {}, `${name}: ${full(q)}`));
      svg.append(rect);
      if (w > 26) {
        svg.append(draw("rect", { x: at + 5, y: top + 5, width: 19, height: 20, fill: "var(--ground)" }),
          mark(index, at + 14.5, top + 15, 4.5, colour(index)));
      }
      at += w;
    }
  });
  return svg;
}

// Every platform at the settings as they are: energy against latency, with both bands.
function planeFigure(results, state, width, opened) {
  const there = results.filter((r) => r.latency && r.latency.low > 0 && r.energy.total.low > 0);
  const title = "Energy and latency", without = results.filter((r) => !there.includes(r)).map((r) => r.platform.name);
  const left = without.length ? ` No figure for: ${without.join(", ")}.` : "";
  if (!there.length) return figure(title, `No platform has both.${left}`);
  const points = there.map((r) => ({ name: r.platform.name, index: results.indexOf(r), x: r.latency.value, y: r.energy.total.value,
    band: [r.latency.low, r.latency.high, r.energy.total.low, r.energy.total.high], strong: r.platform.name === state.platform,
    weight: r.platform.name === state.platform ? 1 : 0, text: `${r.platform.name}: ${full(r.latency)}, ${full(r.energy.total)}` }));
  const chosen = there.find((r) => r.platform.name === state.platform);
  const lines = chosen ? [{ factor: chosen.edp.value, power: -1, label: "", dash: "4 3" }] : [];
  const svg = plot({ title, text: `Energy per inference against latency of a batch of ${fixed(state.batch, 0)}, with bands: `
    + `${points.map((point) => point.text).join("; ")}.`,
  x: { label: "latency (s)", unit: "s", log: true, values: points.flatMap((point) => [point.band[0], point.band[1]]) },
  y: { label: "energy per inference (J)", unit: "J", log: true, values: points.flatMap((point) => [point.band[2], point.band[3]]) },
  points, lines, named: points.length }, width);
  const legend = make("ul", { class: "legend" }, ...points.map((point) => make("li", {}, swatch(point.index), point.name)));
  const line = chosen ? ` Below the dashed line energy × delay is lower than ${state.platform}'s.` : "";
  const rows = there.map((r) => [r.platform.name, full(r.latency), full(r.energy.total), nominal(r.edp)]);
  return figure(title, `Each cross is a platform with its bands, at batch ${fixed(state.batch, 0)}.${line}${left}`, svg, legend,
    equivalent(title, ["Platform", "Latency", "Energy", "Energy × delay"], rows, opened));
}

// Latency and energy of every platform against the batch.
function batchFigures(results, state, width, opened) {
  const picks = [["latency", "Latency and batch", "latency of the batch", "s", "time until the whole batch is done"],
    ["energy", "Energy and batch", "energy per inference", "J", "energy of one inference"]];
  return picks.map(([what, title, label, unit, reading]) => {
    const pick = (r) => (what === "latency" ? r.latency : r.energy.total);
    const series = [], areas = [], rows = [], without = [];
    results.forEach(({ name, at }, index) => {
      const points = at.map((r, i) => ({ x: BATCHES[i], q: pick(r) })).filter((p) => p.q && p.q.value > 0);
      rows.push([name, ...BATCHES.map((batch) => nominal((points.find((p) => p.x === batch) || {}).q))]);
      if (!points.length) { without.push(name); return; }
      series.push({ name, index, strong: name === state.platform, points: points.map((p) => ({ x: p.x, y: p.q.value })) });
      if (name === state.platform && points.every((p) => p.q.low > 0)) {
        areas.push({ index, points: points.map((p) => ({ x: p.x, low: p.q.low, high: p.q.high })) });
      }
    });
    if (!series.length) return figure(title, `No figure for any platform: ${without.join(", ")}.`);
    const values = [...series.flatMap((curve) => curve.points.map((p) => p.y)), ...areas.flatMap((area) => area.points.flatMap((p) => [p.low, p.high]))];
    const svg = plot({ title, text: `${label} against batch, from 1 to 1,024, on ${series.map((curve) => curve.name).join(", ")}. `
      + "The table below has the values.",
    x: { label: "batch (inferences)", unit: "", log: true, values: [1, 1024], exact: [1, 4, 16, 64, 256, 1024] }, y: { label: axisLabel([label, unit]), unit, log: true, values },
    series, areas, upright: [{ x: state.batch, label: "" }] }, width);
    const legend = make("ul", { class: "legend" }, ...series.map((curve) => make("li", {}, swatch(curve.index, true), curve.name)));
    const note = `${reading[0].toUpperCase()}${reading.slice(1)}. ${areas.length ? `Shaded: the band of ${state.platform}; dashed` : "Dashed"}: the chosen batch.`
      + (without.length ? ` No figure for: ${without.join(", ")}.` : "");
    return figure(title, note, svg, legend, equivalent(title, ["Platform", ...BATCHES.map((b) => fixed(b, 0))], rows, opened));
  });
}
