// What hardware/render/page.py writes before any script runs, written again for other settings: the same words.
// Columns come with the data, as hardware/render/columns.py declares them: here are only their rows.

// The value of a path, a quotient or a band; null where a part is missing, or where the last part is 0.
function valueOf(of, row) {
  for (const sign of [" / ", " … "]) {
    if (!of.includes(sign)) continue;
    const [first, last] = of.split(sign).map((path) => valueOf(path, row));
    if (typeof first !== "number" || typeof last !== "number" || last === 0) return null;
    return sign === " / " ? first / last || null : [first, last];
  }
  let found = row;
  for (const name of of.split(".")) {
    if (found === null) return null;
    if (!(name in found)) throw new Error(`the rows of the script have no ${of}`);
    found = found[name];
  }
  return found;
}

function cellOf(column, row) {
  const below = column.below ? valueOf(column.below, row) : null;
  const point = below === null || (Array.isArray(below) && below[0] === below[1]);
  return { main: cell(valueOf(column.of, row), column.unit), below: point ? "" : cell(below, column.unit) };
}

function tableRow(columns, row, head = (text) => text, attributes = {}) {
  const content = ({ main, below }) => [main, below ? make("small", {}, below) : null];
  const [first, ...others] = columns.map((column) => content(cellOf(column, row)));
  return make("tr", attributes, make("th", { scope: "row" }, head(first[0]), first[1]),
    ...others.map((parts, i) => make("td", { class: columns[i + 1].numeric ? "n" : null }, ...parts)));
}

function platformRow(r) {
  const limit = r.constraints.length ? `${r.feasible ? "tightest" : "exceeds"}: ${words(r.binding)}` : "no limit applies";
  return { report: { ...r, latency_s: r.latency }, fits: r.constraints.length ? r.feasible : null, limit };
}

function comparisonRows(results, state, choose) {
  return results.map((r) => {
    const chosen = r.platform.name === state.platform;
    const button = (text) => {
      const found = make("button", { type: "button", "aria-pressed": String(chosen) }, text);
      found.addEventListener("click", () => choose(r.platform.name));
      return found;
    };
    return tableRow(data.columns.platforms, platformRow(r), button, { "aria-current": chosen ? "true" : null });
  });
}

function limitRow(limit) {
  const exactly = (value) => (limit.unit === "1" ? value : quantity([value, value, value], limit.unit));
  return { name: words(limit.name), needed: exactly(limit.needed), available: exactly(limit.available),
    load: loadOf(limit), state: limit.violated ? "exceeded" : "met" };
}

function factsOf(r) {
  const work = r.work, lines = [];
  const many = r.batch > 1 ? ` for the batch of ${fixed(r.batch, 0)}` : "";
  lines.push(["Latency", r.latency ? full(r.latency) + many : "unpriced"]);
  if (r.throughput) lines.push(["Throughput", full(r.throughput)]);
  lines.push(["Energy", full(r.energy.total)]);
  for (const group of GROUPS) lines.push([`of which ${group}`, r.energy[group] ? full(r.energy[group]) : "no separate figure"]);
  for (const [name, q] of r.alternatives) lines.push([`or ${name}`, `${full(q)}, instead`]);
  if (r.power) lines.push(["Power", full(r.power)]);
  if (r.edp) lines.push(["Energy × delay", full(r.edp)]);
  lines.push(["Synaptic events", amount(total(work.places.map((place) => place.total)))]);
  if (r.ticks !== null) lines.push(["Ticks", `${fixed(r.ticks, 0)} for ${fixed(work.stages, 0)} synaptic stages`]);
  if (r.pace) lines.push(["Pace", r.pace]);
  if (r.cores !== null) lines.push(["Cores", `${fixed(r.cores, 0)} on ${fixed(r.chips, 0)} ${r.chips === 1 ? "chip" : "chips"}`]);
  if (r.copies !== null) lines.push(["Copies", `${amount(r.copies)} of each weight, on average`]);
  if (r.unpriced.length) lines.push(["Unpriced", [...new Set(r.unpriced.map((gap) => words(gap.action)))].join(", ")]);
  return lines;
}

// One row for each node, in the network's order.
function nodeRows(r) {
  const { work } = r, energies = new Map(r.nodes), layers = new Map(work.layers.map((layer) => [layer.name, layer]));
  for (const gap of r.unpriced) {
    if (gap.group !== "time" && !energies.has(gap.node)) energies.set(gap.node, zero("J", true));
  }
  return [...new Set([...data.order, ...energies.keys()])].map((name) => {
    const counts = or(work.place.get(name), null), layer = or(layers.get(name), null), sent = or(work.senders[name], null);
    return {
      name, counts, layer,
      neurons: layer && sent ? layer.neurons : null,
      weights: (counts && counts.weights) || null,
      synapses: counts && counts.unrolled + counts.dynamic,
      macs: (counts && counts.macs) || null,
      spikes: sent && total(sent),
      events: counts && counts.total,
      energy: or(energies.get(name), null),
      whole: r.energy.total,
      bound: or(r.bounds.get(name), ""),
    };
  });
}

// Nothing known comes last, in either order; equals keep the network's order.
function sorted(rows, { column, direction }) {
  const sign = direction === "ascending" ? 1 : -1, { of, numeric } = data.columns.layers[column];
  const key = (row) => {
    const value = valueOf(of, row);
    return value === null || value === "" ? null : typeof value === "object" ? value.value : value;
  };
  return [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (numeric ? x - y : x.localeCompare(y, "en", { numeric: true }));
  });
}

const layerRows = (rows) => rows.map((row) => tableRow(data.columns.layers, row));

// The first clauses of hardware/verdict.py: who wins by energy and by time among those on which the network fits.
function sentence(results) {
  const clocked = results.filter((r) => r.latency && r.energy.total.value > 0);
  const fitting = clocked.filter((r) => r.feasible), taking = fitting.length ? fitting : clocked;
  if (!taking.length) return "there is nothing to compare: no platform has both a time and a price.";
  const part = (ratio) => (ratio < 10 ? `${general(100 / ratio, 3)} %` : `1/${ratio < 1000 ? general(ratio, 3) : fixed(ratio, 0)}`);
  const parts = [["needs the least energy per inference", (r) => r.energy.total],
    ["answers first", (r) => r.latency]].map(([claim, pick]) => {
    const [first, second] = [...taking].sort((a, b) => pick(a).value - pick(b).value);
    const ratio = second && (pick(first).value ? pick(second).value / pick(first).value : Infinity);
    const against = !second ? "" : ratio === Infinity ? `, less than ${second.platform.name}`
      : `, ${part(ratio)} of ${second.platform.name}'s`;
    return `${first.platform.name} ${claim}, ${scaled(pick(first).value, pick(first).unit)}${against}`;
  });
  const [first, second] = [...taking].sort((a, b) => a.energy.total.value - b.energy.total.value);
  const doubt = first.energy.total.atLeast || (second && second.energy.total.atLeast)
    ? "; a figure is incomplete (≥), so the order is not certain" : "";
  return `${parts.join("; ")}${doubt}.${fitting.length ? "" : " The network fits none of them."}`;
}
