// estimate(): count, price, and price again at the ends of every band. The same sums as hardware/estimate.py.

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

// Unpack the trace once; events and spikes are those of activity 1.
function unpacked(data) {
  if (data.work) return data.work;
  const places = data.places.map((place) => {
    const events = curve(place.events, data.network.ticks);
    return { ...place, events, total: total(events) };
  });
  const senders = new Map(data.senders.map(([name, packed]) => {
    const found = curve(packed, data.network.ticks);
    return [name, { curve: found, total: total(found) }];
  }));
  data.work = { ...data.network, places, senders, layers: data.layers, inputs: new Set(data.inputs),
    place: new Map(places.map((place) => [place.name, place])) };
  return data.work;
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
  const work = { ...unpacked(data), factor: or(state.activity, 1) };
  const numbers = numbersOf(platform, state), batch = state.batch;
  const corners = numbers.map((v, corner) => KINDS[platform.kind](work, v, batch, platform, corner));
  const first = corners[0];
  const entries = entriesOf(corners.map((one) => one.charges), numbers);
  const others = new Map(Object.keys(first.alternatives || {}).map((name) =>
    [name, entriesOf(corners.map((one) => one.alternatives[name]), numbers)]));
  const alternatives = new Map([...others].map(([name, list]) => [name, summed(list.map((entry) => entry.energy))]));
  const unpricedItems = [...missingOf(entries, platform), ...(first.unpriced || [])];
  const latency = first.latency === null ? null
    : quantity(corners.map((one) => one.latency || 0), "s", first.atLeast || false);
  const groups = sums(entries, (entry) => entry.group);
  for (const group of GROUPS) {
    if (unpricedItems.some((one) => one.group === group)) {
      groups.set(group, plus(groups.get(group) || zero("J"), zero("J", true)));
    }
  }
  const energy = Object.fromEntries(GROUPS.map((group) => [group, groups.get(group) || null]));
  energy.total = summed([...groups.values()]);
  const constraints = first.constraints || [], bound = bindingOf(constraints);
  return {
    platform, batch, latency, energy, entries, others, alternatives, constraints, unpriced: unpricedItems,
    ...rates(latency, energy.total, batch),
    nodes: sums(entries, (entry) => entry.node), actions: sums(entries, (entry) => entry.action),
    feasible: !constraints.some((one) => one.violated), binding: bound ? bound.name : "none",
    ticks: or(first.ticks, null), cores: or(first.cores, null), chips: or(first.chips, null), copies: or(first.copies, null),
    pace: first.pace || "", bounds: first.bounds || new Map(), times: first.times || new Map(),
    points: first.points || [], lines: first.lines || {}, floorline: first.floorline, work, numbers: numbers[0],
  };
}

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
