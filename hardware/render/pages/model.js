// estimate(): count, price, and price again at the ends of every band. The same sums as hardware/analysis/pricing.py.

const GROUPS = ["dynamic", "static", "io"];
const quantity = (three, unit, atLeast = false) =>
  ({ value: three[0], low: Math.min(...three), high: Math.max(...three), unit, atLeast });
const zero = (unit, atLeast = false) => ({ value: 0, low: 0, high: 0, unit, atLeast });
const plus = (a, b) => ({ value: a.value + b.value, low: a.low + b.low, high: a.high + b.high, unit: a.unit,
  atLeast: a.atLeast || b.atLeast });
const summed = (list) => list.reduce(plus, zero("J"));

// A curve travels as [first tick, values, length]; one value stands for all.
function curve([start, values, length], ticks) {
  const found = new Float64Array(ticks);
  for (let t = 0; t < length; t += 1) found[start + t] = values.length === 1 ? values[0] : values[t];
  return found;
}

// Unpack the trace once, in the shape that the cost functions read; events and spikes are those of activity 1.
function unpacked(data) {
  if (data.work) return data.work;
  const ticks = data.network.ticks;
  const places = data.places.map((place) => ({ ...place, events: curve(place.events, ticks),
    event: place.dynamic ? "gating_event" : "synaptic_event",
    matrix: place.matrix && Object.fromEntries(["rows", "columns", "inner", "groups"].map((side, i) => [side, place.matrix[i]])) }));
  const senders = keyed(data.senders.map(([name, packed]) => [name, curve(packed, ticks)]));
  data.work = { ...data.network, places, senders, layers: data.layers, inputs: data.inputs, scaled: new Map() };
  return data.work;
}

// The trace with `factor` times the activity.
function scaledWork(data, factor) {
  const work = unpacked(data);
  if (!work.scaled.has(factor)) {
    if (work.scaled.size > 16) work.scaled.clear();
    const places = work.places.map((place) => {
      const events = times(place.events, factor);
      return { ...place, events, total: total(events) };
    });
    const senders = keyed(keys(work.senders).map((name) => [name, times(work.senders[name], factor)]));
    work.scaled.set(factor, { ...work, places, senders, place: new Map(places.map((place) => [place.name, place])) });
  }
  return work.scaled.get(factor);
}

// Where the layers lie, in the shape that the cost functions read.
function placements(platform, work) {
  return (platform.placements || []).map(({ cores, bounds, copies, stored }) => work.layers.map((layer, k) => ({
    layer, places: layer.places, cores: cores[k], bound: bounds[k], copies: keyed(copies[k]), stored: stored[k] })));
}

// The number that a control replaces: exactly known then, so its band is gone.
const STEP = { brain: "tick", neuromorphic: "t_step_min" };
const EVENT = { brain: "synaptic_event", neuromorphic: "synaptic_event", operation_count: "synaptic_event" };

function numbersOf(platform, state) {
  const changed = { [STEP[platform.kind]]: state.tick, [EVENT[platform.kind]]: state.event };
  return [0, 1, 2].map((corner) => {
    const found = {};
    for (const [name, three] of Object.entries(platform.numbers)) found[name] = three[corner];
    for (const [name, value] of Object.entries(changed)) {
      if (name !== "undefined" && value !== undefined && value !== null) found[name] = value;
    }
    return found;
  });
}

// state: {platform, batch, activity, tick, event}; tick and event undefined: as the platform states them.
function evaluate(data, state) {
  const platform = data.platforms.find((one) => one.name === state.platform);
  const work = { ...scaledWork(data, or(state.activity, 1)) };
  work.placements = placements(platform, work);
  const numbers = numbersOf(platform, state), batch = state.batch, [cost, drawn] = KINDS[platform.kind];
  const corners = numbers.map((v, corner) => cost(work, { ...v, corner }, batch));
  const first = corners[0];
  const entries = entriesOf(corners.map((one) => one.charges), numbers);
  const others = new Map(Object.keys(first.alternatives).map((name) =>
    [name, entriesOf(corners.map((one) => one.alternatives[name]), numbers)]));
  const alternatives = new Map([...others].map(([name, list]) => [name, summed(list.map((entry) => entry.energy))]));
  const unpricedItems = [...missingOf(entries, platform), ...first.unpriced];
  const latency = first.latency === null ? null
    : quantity(corners.map((one) => one.latency || 0), "s", first.at_least);
  const groups = sums(entries, (entry) => entry.group);
  for (const group of GROUPS) {
    if (unpricedItems.some((one) => one.group === group)) {
      groups.set(group, plus(groups.get(group) || zero("J"), zero("J", true)));
    }
  }
  const energy = Object.fromEntries(GROUPS.map((group) => [group, groups.get(group) || null]));
  energy.total = summed([...groups.values()]);
  const constraints = first.constraints.map((one) => ({ ...one, violated: one.needed > one.available }));
  const bound = bindingOf(constraints);
  return {
    platform, batch, latency, energy, entries, others, alternatives, constraints, unpriced: unpricedItems,
    ...rates(latency, energy.total, batch),
    nodes: sums(entries, (entry) => entry.node), actions: sums(entries, (entry) => entry.action),
    feasible: !constraints.some((one) => one.violated), binding: bound ? bound.name : "none",
    ticks: first.ticks, cores: first.cores, chips: first.chips, copies: first.copies, pace: first.pace,
    bounds: new Map(keys(first.bounds).map((name) => [name, boundWords(first.bounds[name])])),
    work, numbers: numbers[0], ...drawn(work, numbers[0], first, work.placements[0]),
  };
}

const boundWords = ({ resource, cores }) => (cores === null ? resource : `${resource} × ${cores}`);

function entriesOf(corners, numbers) {
  const found = [];
  corners[0].forEach((charged, i) => {
    const priced = charged.price in numbers[0];
    if (!priced && Math.max(...corners.map((list) => list[i].count)) === 0) return;
    const energy = priced ? quantity(corners.map((list, c) => list[i].count * numbers[c][list[i].price]), "J")
      : zero("J", true);
    found.push({ ...charged, priced, energy });
  });
  return found;
}

function missingOf(entries, platform) {
  const found = new Map();
  for (const one of entries) {
    if (!one.priced) {
      found.set(JSON.stringify([one.node, one.action]),
        { node: one.node, action: one.action, group: one.group, why: `no price on ${platform.name}` });
    }
  }
  return [...found.values()];
}

function sums(entries, key) {
  const found = new Map();
  for (const entry of entries) found.set(key(entry), plus(found.get(key(entry)) || zero("J"), entry.energy));
  return found;
}

// Throughput, power and energy × delay: each corner by itself.
function rates(t, e, batch) {
  if (!t) return { throughput: null, power: null, edp: null };
  const edp = quantity([e.value * t.value, e.low * t.low, e.high * t.high], "J·s", e.atLeast || t.atLeast);
  if (t.low === 0) return { throughput: null, power: null, edp };
  return {
    throughput: quantity([batch / t.value, batch / t.low, batch / t.high], "1/s"),
    power: quantity([e.value / t.value * batch, e.low / t.low * batch, e.high / t.high * batch], "W", e.atLeast),
    edp,
  };
}

const loadOf = (one) => (one.available > 0 ? one.needed / one.available : one.needed > 0 ? Infinity : 0);
const bindingOf = (constraints) => constraints.find((one) => one.violated) || largest(constraints, loadOf);
