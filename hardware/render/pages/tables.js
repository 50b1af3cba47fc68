// What hardware/html.py writes before any script runs, written again for other settings: the same words.

const words = (name) => name.replace(/^functions\./, "").replaceAll("_", " ");

function rowOf(r) {
  const band = (q) => [nominal(q), ends(q)];
  const limit = !r.constraints.length ? ["–", "no limit applies"]
    : r.feasible ? ["yes", `tightest: ${words(r.binding)}`] : ["no", `exceeds: ${words(r.binding)}`];
  return [[r.platform.name, r.platform.boundary], band(r.latency), [nominal(r.throughput), ""], band(r.energy.total),
    [nominal(r.edp), ""], [nominal(r.power), ""], limit, [amount(r.copies), ""]];
}

function filledCell(cell, [main, below]) {
  cell.append(main);
  if (below) cell.append(make("small", {}, below));
  return cell;
}

function comparisonRows(results, state, choose) {
  return results.map((r) => {
    const [head, ...cells] = rowOf(r);
    const chosen = r.platform.name === state.platform;
    const button = make("button", { type: "button", "aria-pressed": String(chosen) }, head[0]);
    button.addEventListener("click", () => choose(r.platform.name));
    return make("tr", { "aria-current": chosen ? "true" : null },
      make("th", { scope: "row" }, button, make("small", {}, head[1])),
      ...cells.map((one, i) => filledCell(make("td", { class: i === 5 ? null : "n" }), one)));
  });
}

function factsOf(r) {
  const work = r.work, lines = [];
  const many = r.batch > 1 ? ` for the batch of ${fixed(r.batch, 0)}` : "";
  lines.push(["Latency", r.latency ? full(r.latency) + many : "unpriced"]);
  if (r.throughput) lines.push(["Throughput", full(r.throughput)]);
  lines.push(["Energy", full(r.energy.total)]);
  for (const group of GROUPS) lines.push([`of it ${group}`, r.energy[group] ? full(r.energy[group]) : "none of its own"]);
  for (const [name, q] of r.alternatives) lines.push([`or ${name}`, `${full(q)}, instead`]);
  if (r.power) lines.push(["Power", full(r.power)]);
  if (r.edp) lines.push(["Energy × delay", full(r.edp)]);
  lines.push(["Synaptic events", amount(total(work.places.map((place) => place.total)) * work.factor)]);
  if (r.ticks !== null) lines.push(["Ticks", `${fixed(r.ticks, 0)} for ${fixed(work.stages, 0)} synaptic stages`]);
  if (r.pace) lines.push(["Pace", r.pace]);
  if (r.cores !== null) lines.push(["Cores", `${fixed(r.cores, 0)} on ${fixed(r.chips, 0)} ${r.chips === 1 ? "chip" : "chips"}`]);
  if (r.copies !== null) lines.push(["Copies", `${amount(r.copies)} of each weight, on average`]);
  if (r.unpriced.length) lines.push(["Unpriced", [...new Set(r.unpriced.map((one) => words(one.action)))].join(", ")]);
  return lines;
}

function limitRows(r) {
  return r.constraints.map((one) => {
    const load = loadOf(one);
    const share = load === Infinity ? "no room at all" : load > 0 && load < 0.01 ? "< 1%"
      : load < 10 ? `${fixed(100 * load, 0)}%` : `${fixed(load, 0)} ×`;
    const cells = [scaled(one.needed, one.unit), scaled(one.available, one.unit), share];
    return make("tr", {}, make("th", { scope: "row" }, words(one.name)),
      ...cells.map((text) => make("td", { class: "n" }, text)), make("td", {}, one.violated ? "exceeded" : "met"));
  });
}

// One row for each node: what is shown, and what it is sorted by.
function layersOf(r, data) {
  const work = r.work, energies = new Map(r.nodes), layers = new Map(work.layers.map((layer) => [layer.name, layer]));
  for (const one of r.unpriced) {
    if (one.group !== "time" && !energies.has(one.node)) energies.set(one.node, zero("J", true));
  }
  const whole = r.energy.total.value;
  return [...new Set([...data.order, ...energies.keys()])].map((name) => {
    const place = work.place.get(name), layer = layers.get(name), q = energies.get(name), sent = work.senders.get(name);
    const share = q && q.value && whole ? q.value / whole : null;
    const values = [name, layer && sent ? layer.neurons : null, place && place.weights ? place.weights : null,
      place ? place.unrolled + place.dynamic : null, sent ? sent.total * work.factor : null,
      place ? place.total * work.factor : null, q ? q.value : null, share, r.bounds.get(name) || null];
    const texts = values.slice(0, 6).map((value, i) => (i ? amount(value) : value));
    return { values, texts: [...texts, q ? nominal(q) : "–", share === null ? "–" : percent(share), r.bounds.get(name) || "–"] };
  });
}

// Nothing known comes last, in either order; equals keep the network's order.
function sorted(rows, { column, direction }) {
  const sign = direction === "ascending" ? 1 : -1;
  const text = column === 0 || column === 8;
  return [...rows].sort((a, b) => {
    const [x, y] = [a.values[column], b.values[column]];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (text ? x.localeCompare(y, "en", { numeric: true }) : x - y);
  });
}

function layerRows(rows) {
  return rows.map(({ texts: [name, ...cells] }) => make("tr", {}, make("th", { scope: "row" }, name),
    ...cells.map((text, i) => make("td", { class: i === cells.length - 1 ? null : "n" }, text))));
}

// The first clauses of hardware/verdict.py: who wins by energy and by time among those on which the network fits.
function sentence(results) {
  const clocked = results.filter((r) => r.latency && r.energy.total.value > 0);
  const fitting = clocked.filter((r) => r.feasible), taking = fitting.length ? fitting : clocked;
  if (!taking.length) return "there is nothing to compare: no platform has both a time and a price.";
  const share = (ratio) => `1/${ratio < 1000 ? general(ratio, 3) : fixed(ratio, 0)}`;
  const parts = [["needs the least energy an inference", (r) => r.energy.total],
    ["answers first", (r) => r.latency]].map(([claim, pick]) => {
    const [first, second] = [...taking].sort((a, b) => pick(a).value - pick(b).value);
    const ratio = second && (pick(first).value ? pick(second).value / pick(first).value : Infinity);
    const against = !second ? "" : ratio === Infinity ? `, less than ${second.platform.name}`
      : `, ${share(ratio)} of ${second.platform.name}'s`;
    return `${first.platform.name} ${claim}, ${scaled(pick(first).value, pick(first).unit)}${against}`;
  });
  const [first, second] = [...taking].sort((a, b) => a.energy.total.value - b.energy.total.value);
  const doubt = first.energy.total.atLeast || (second && second.energy.total.atLeast)
    ? "; a figure is incomplete (≥), so the order is not certain" : "";
  return `${parts.join("; ")}${doubt}.${fitting.length ? "" : " The network fits none of them."}`;
}
