// The cost functions of hardware/models/{brain,event_driven,neuromorphic,operation_count,von_neumann}.py, one for each kind of platform:
// (work, numbers at one corner, batch, platform, corner) -> charges, latency, constraints and what there is to draw.

const charge = (node, action, group, count, price) => ({ node, action, group, count, price });
const constraint = (name, needed, available, unit) => ({ name, needed, available, unit, violated: needed > available });
const or = (value, other) => (value === undefined ? other : value);
const total = (list) => list.reduce((sum, one) => sum + one, 0);
const largest = (list, key) => list.reduce((best, one) => (best === null || key(one) > key(best) ? one : best), null);

function functionCharges(work, evaluations) {
  return work.layers.flatMap((layer) => layer.functions.map((name) =>
    charge(layer.name, name, "dynamic", layer.neurons * evaluations(layer), `functions.${name}`)));
}

function latencyConstraint(latency, v) {
  return v.latency_budget === undefined ? [] : [constraint("latency", latency, v.latency_budget, "s")];
}

function eventCharges(work) {
  return work.places.map((place) => {
    const action = place.dynamic ? "gating_event" : "synaptic_event";
    return charge(place.name, action, "dynamic", place.total * work.factor, action);
  });
}

function brain(work, v, batch) {
  const latency = (work.ticks + (batch - 1) * work.interval) * v.tick;
  const widest = Math.max(0, ...work.places.map((place) => place.fan_in));
  const room = [["synapses", work.physical, "synapse_budget"], ["fan_in", widest, "fan_in_max"],
    ["dynamic_synapses", work.dynamic, "dynamic_synapses"]];
  return {
    charges: [...eventCharges(work), ...functionCharges(work, () => work.ticks)],
    latency,
    alternatives: {
      "resting share": [charge("(rest)", "rest", "static", work.physical * latency / batch, "resting_power")],
    },
    constraints: [
      ...(v.latency_budget === undefined ? []
        : [constraint("depth", work.stages * v.tick, v.latency_budget, "s")]),
      ...latencyConstraint(latency, v),
      ...room.filter(([, , limit]) => v[limit] !== undefined)
        .map(([name, needed, limit]) => constraint(name, needed, v[limit], "1")),
    ],
    ticks: work.ticks,
    copies: work.weights ? work.physical / work.weights : null,
    points: work.places.filter((place) => place.physical + place.dynamic > 0).map((place) => ({
      name: place.name, x: place.stage, y: place.physical + place.dynamic, weight: place.total * work.factor,
      bound: place.dynamic ? "gated" : v.latency_budget !== undefined && place.stage * v.tick > v.latency_budget
        ? "beyond the budget" : "within the budget",
    })),
    lines: { deadline: v.latency_budget === undefined ? null : v.latency_budget / v.tick },
  };
}

function operationCount(work, v) {
  const missing = [["(chip)", "memory", "dynamic", "the convention counts arithmetic alone"],
    ["(chip)", "static", "static", "the convention has no power without work"],
    ["(host)", "io", "io", "the convention has no input and output"],
    ["(chip)", "latency", "time", "the convention has no clock"]];
  const places = work.places.map((place) => {
    const action = place.sources.some((source) => work.inputs.has(source)) ? "mac" : "synaptic_event";
    return charge(place.name, action, "dynamic", place.total * work.factor, action);
  });
  const updates = work.layers.map((layer) =>
    charge(layer.name, "neuron_update", "dynamic", layer.neurons * layer.time_steps * work.steps, "neuron_update"));
  return {
    charges: [...places, ...updates, ...functionCharges(work, (layer) => work.steps * layer.time_steps)],
    latency: null,
    alternatives: {
      "dense source": work.places.filter((place) => place.macs)
        .map((place) => charge(place.name, "mac", "dynamic", place.macs, "mac")),
    },
    unpriced: missing.map(([node, action, group, why]) => ({ node, action, group, why })),
    points: work.places.filter((place) => place.macs && place.total).map((place, i) => {
      const y = place.total * work.factor;
      return { name: place.name, x: place.macs, y, weight: y, bound: y < place.macs ? "fewer events" : "more events" };
    }),
    lines: { even: v.mac && v.synaptic_event ? v.mac / v.synaptic_event : null },
  };
}

function eventDriven(work, v, batch) {
  const launches = work.ticks * (work.places.length + work.layers.length) * v.launch;
  const charges = [], points = [];
  let single = launches;
  for (const place of work.places) {
    const bytes = place.total * work.factor * v.bytes_per_synapse;
    const seconds = bytes / (v.gather_efficiency * v.memory_bandwidth);
    const full = bytes / v.memory_bandwidth;
    charges.push(charge(place.name, "busy", "dynamic", v.busy_floor * seconds + (1 - v.busy_floor) * full, "active_power"));
    single += seconds;
    const floor = work.ticks * v.launch;
    points.push({ name: place.name, x: place.total * work.factor, y: seconds + floor, weight: seconds,
      bound: seconds >= floor ? "memory" : "launch" });
  }
  charges.push(charge("(chip)", "launch", "dynamic", v.busy_floor * launches, "active_power"));
  charges.push(...functionCharges(work, () => work.ticks));
  charges.push(charge("(chip)", "static", "static", single, "idle_power"));
  charges.push(charge("(host)", "host", "io", single, "host_power"));
  const held = (work.physical + work.dynamic) * v.bytes_per_synapse;
  return {
    charges, latency: batch * single, ticks: work.ticks, points,
    constraints: [constraint("memory", held, v.memory, "B"), ...latencyConstraint(batch * single, v)],
    copies: work.weights ? work.physical / work.weights : null,
    lines: { slope: v.bytes_per_synapse / (v.gather_efficiency * v.memory_bandwidth), floor: work.ticks * v.launch },
  };
}

function vonNeumann(work, v, batch) {
  const width = [4, 8, 16, 32].find((bits) => v[`peak_${bits}`] !== undefined && bits >= v.activation_bits);
  const size = v.weight_bits / 8, byte = v.activation_bits / 8;
  const held = total(work.places.filter((place) => place.weights).map((place) => place.reads)) * size;
  const cached = total(work.places.filter((place) => place.dynamic).map((place) => place.reads)) * byte * batch;
  const live = Math.max(0, ...work.places.map((place) => place.values)) * byte * batch;
  const resident = held <= v.resident_share * v.cache;
  const timed = work.places.filter((place) => place.matrix).map((place) => timeOf(place, v, batch, resident, width));
  const latency = v.framework + total(timed.map((one) => one.seconds));
  const outside = [charge("(chip)", "static", "static", latency / batch, "idle_power"),
    charge("(host)", "host", "io", latency / batch, "host_power")];
  const functions = functionCharges(work, (layer) => layer.time_steps);
  const busy = timed.map((one) => charge(one.name, "busy", "dynamic", one.busy / batch, "active_power"));
  const waiting = charge("(chip)", "framework", "dynamic", v.busy_floor * v.framework / batch, "active_power");
  const counted = timed.flatMap((one) => [["flop", `flop_${width}`, one.flop], ["memory_byte", "memory_byte", one.memory],
    ["cache_byte", "cache_byte", one.cache]].map(([action, price, count]) =>
    charge(one.name, action, "dynamic", count / batch, price)));
  return {
    charges: [...busy, waiting, ...functions, ...outside],
    latency,
    alternatives: { "bottom-up": [...counted, ...functions, ...outside] },
    constraints: [constraint("memory", held + cached + live, v.memory, "B"), ...latencyConstraint(latency, v)],
    bounds: new Map(timed.map((one) => [one.name, one.bound])),
    times: new Map(timed.map((one) => [one.name, one.seconds])),
    copies: 1,
    points: timed.filter((one) => one.flop > 0 && one.level > 0).map((one) => ({
      name: one.name, x: one.flop / one.level, y: one.flop / one.seconds, weight: one.seconds, bound: one.bound,
    })),
    lines: { peak: v.compute_efficiency * v[`peak_${width}`], memory: v.memory_efficiency * v.memory_bandwidth,
      cache: v.memory_efficiency * v.cache_bandwidth },
  };
}

function timeOf(place, v, batch, resident, width) {
  const [rows, columns, inner, groups] = place.matrix;
  const calls = place.calls, byte = v.activation_bits / 8, peak = v[`peak_${width}`];
  let launches = calls > 1 ? 2 * calls : 1, elements = place.values;
  const flop = 2 * place.macs * batch;
  if (v.fused) {
    elements -= place.inside[0] + place.inside[1];
    if (place.inside[0]) launches = 0;
  }
  const activations = elements * byte * batch;
  const stored = place.dynamic ? place.reads * byte * batch : place.reads * v.weight_bits / 8;
  const again = !place.dynamic && stored <= v.resident_share * v.cache ? 1 : calls;
  const outgrown = activations > v.cache / 2;
  let memory = (resident && !place.dynamic ? 0 : stored * again) + (outgrown ? activations * calls : 0);
  let cache = (stored + activations) * calls;
  if (!v.fused) {
    const swept = 2 * place.passes * calls * byte * batch * rows * columns * groups;
    cache += swept;
    if (outgrown) memory += swept;
    launches += place.passes * calls;
  }
  const split = Math.min(Math.max(Math.floor(inner / 512), 1), 4);
  const tiles = Math.ceil(rows * batch / v.tile) * Math.ceil(columns / v.tile) * groups * split;
  const wave = tiles / (Math.ceil(tiles / v.processors) * v.processors);
  const filled = [columns, inner].reduce((share, side) => share * side / (Math.ceil(side / v.granule) * v.granule), 1);
  const parts = [
    ["compute", flop / (v.compute_efficiency * wave * filled * peak)],
    ["memory", memory / (v.memory_efficiency * v.memory_bandwidth)],
    ["cache", cache / (v.memory_efficiency * v.cache_bandwidth)],
    ["launch", launches * v.launch],
  ];
  const seconds = Math.max(parts[0][1], parts[1][1], parts[2][1]) + parts[3][1];
  const full = Math.max(flop / peak, memory / v.memory_bandwidth);
  const busy = v.busy_floor * seconds + (1 - v.busy_floor) * full;
  const level = parts[1][1] >= parts[2][1] ? memory : cache;
  return { name: place.name, seconds, busy, flop, memory, cache, level, bound: largest(parts, (part) => part[1])[0] };
}
