// hardware/neuromorphic.py: time-multiplexed cores. Where the layers lie (hardware/placement.py) comes with the data.

const WORK = ["t_synaptic_event", "t_update_active", "t_update_inactive", "t_message"];
const RESOURCES = ["synaptic events", "updates", "messages"];
const kept = new Map(); // what does not depend on the batch

function neuromorphic(work, v, batch, platform, corner) {
  const placed = platform.placements[corner];
  const cores = total(placed.cores), chips = Math.ceil(cores / v.cores_per_chip);
  const tiles = Math.min(cores, v.cores_per_chip) / or(v.cores_per_tile, 1);
  const hops = or(v.spread, 1) * 2 / 3 * Math.sqrt(tiles);
  const barrier = chips === 1 ? "t_barrier" : "t_barrier_chips";
  const fixedTime = or(v[barrier], 0) + or(v.t_host, 0);
  const least = or(v.t_step_min, 0);
  const clocked = [...WORK, "t_step_min"].some((name) => v[name] !== undefined);
  const key = `${platform.name}|${corner}|${work.factor}|${least}`;
  if (!kept.has(key)) {
    if (kept.size > 64) kept.clear();
    kept.set(key, stepsOf(work, v, placed, fixedTime, least, clocked));
  }
  const run = kept.get(key);
  const latency = clocked ? run.slowest + work.ticks * fixedTime + (batch - 1) * (run.steady + work.interval * fixedTime)
    : null;
  const missing = v.t_step_min !== undefined ? [] : [...WORK, barrier].filter((name) => v[name] === undefined);
  const charges = [...eventCharges(work), ...updateCharges(work, run), ...messageCharges(work, placed, hops),
    ...functionCharges(work, () => work.ticks)];
  const gap = (action, group, why) => ({ node: "(chip)", action, group, why });
  let unpriced = [gap("latency", "time", "nobody has published what its events take"),
    gap("static", "static", "power without a time is no energy"),
    { node: "(host)", action: "host", group: "io", why: "power without a time is no energy" }];
  if (clocked) {
    charges.push(charge("(chip)", "static", "static", chips * latency / batch, "static_power"));
    charges.push(charge("(host)", "host", "io", latency / batch, "host_power"));
    unpriced = missing.map((name) => gap(name, "time", "nobody has published it"));
  }
  const widest = Math.max(0, ...work.places.map((place) => place.fan_in));
  const room = [["dynamic_synapses", work.dynamic], ["chips", chips], ["fan_in_max", widest]];
  return {
    charges, latency, unpriced, ticks: work.ticks, cores, chips, atLeast: clocked && missing.length > 0,
    constraints: [...room.filter(([name]) => v[name] !== undefined)
      .map(([name, needed]) => constraint(name, needed, v[name], "1")),
    ...(clocked ? latencyConstraint(latency, v) : [])],
    bounds: new Map(work.layers.map((layer, k) => [layer.name, `${placed.bounds[k]} × ${placed.cores[k]}`])),
    times: run.seconds,
    pace: run.pace,
    copies: work.weights ? placed.stored / work.weights : null,
    ...drawn(work, v, placed, run),
  };
}

function updateCharges(work, run) {
  return work.layers.flatMap((layer, k) => [
    charge(layer.name, "update_active", "dynamic", run.active[k], "update_active"),
    charge(layer.name, "update_inactive", "dynamic", layer.compartments * work.ticks - run.active[k], "update_inactive"),
  ]);
}

function messageCharges(work, placed, hops) {
  const reached = new Map();
  for (const pairs of placed.copies) {
    for (const [source, times] of pairs) reached.set(source, (reached.get(source) || 0) + times);
  }
  return [...work.senders].flatMap(([source, sent]) => {
    const messages = sent.total * work.factor * (reached.get(source) || 0);
    return [charge(source, "message", "dynamic", messages, "message"),
      charge(source, "hop", "dynamic", messages * hops, "hop")];
  });
}

// Every step of every layer: what its busiest core does, by resource.
function stepsOf(work, v, placed, fixedTime, least, clocked) {
  const ticks = work.ticks, n = work.layers.length, times = WORK.map((name) => or(v[name], 0));
  const slow = new Float64Array(ticks), first = new Int32Array(ticks), busy = [], loads = [];
  const run = { active: [], load: [], seconds: new Map() };
  work.layers.forEach((layer, k) => {
    const events = new Float64Array(ticks), messages = new Float64Array(ticks);
    for (const place of layer.places) add(events, work.place.get(place).events, work.factor);
    for (const [source, count] of placed.copies[k]) {
      if (work.senders.has(source)) add(messages, work.senders.get(source).curve, work.factor * count);
    }
    const share = or(v.skew, 1) / placed.cores[k];
    const parts = [0, 1, 2].map(() => new Float64Array(ticks)), whole = new Float64Array(ticks);
    let active = 0;
    for (let t = 0; t < ticks; t += 1) {
      const awake = Math.min(events[t] * layer.columns, layer.compartments);
      active += awake;
      parts[0][t] = events[t] * times[0] * share;
      parts[1][t] = (awake * times[1] + (layer.compartments - awake) * times[2]) * share;
      parts[2][t] = messages[t] * times[3] * share;
      whole[t] = parts[0][t] + parts[1][t] + parts[2][t];
      if (k === 0 || whole[t] > slow[t]) { slow[t] = whole[t]; first[t] = k; }
    }
    busy.push(whole);
    loads.push(parts);
    run.active.push(active);
    run.load.push(parts.map(total));
    run.seconds.set(layer.name, total(whole));
  });
  let beaten = 0;
  for (let t = 0; t < ticks; t += 1) {
    if (slow[t] <= least) { slow[t] = least; beaten += 1; }
  }
  run.slowest = total(slow);
  run.steady = steady(busy, work.interval, least);
  run.pace = clocked ? paceOf(work, loads, slow, first, run.slowest, beaten, fixedTime, n) : "";
  return run;
}

function add(into, curve, factor) {
  for (let t = 0; t < into.length; t += 1) into[t] += curve[t] * factor;
}

function steady(busy, interval, least) {
  const slowest = new Float64Array(interval).fill(least);
  for (const curve of busy) {
    const folded = new Float64Array(interval);
    curve.forEach((value, t) => { folded[t % interval] += value; });
    folded.forEach((value, t) => { if (value > slowest[t]) slowest[t] = value; });
  }
  return total(slowest);
}

function paceOf(work, loads, slow, first, whole, beaten, fixedTime, n) {
  const outside = fixedTime * work.ticks, rounded = (share) => `${fixed(100 * share, 0)}%`;
  if (outside >= whole) {
    return outside ? `barrier and host take ${rounded(outside / (whole + outside))} of the time` : "";
  }
  if (beaten / work.ticks > 0.5) {
    return `the real-time step: ${rounded(beaten / work.ticks)} of the steps have nothing slower`;
  }
  const shares = new Float64Array(n);
  slow.forEach((value, t) => { shares[first[t]] += value; });
  const k = largest([...shares.keys()], (one) => shares[one]);
  const own = RESOURCES.map((_, r) => total(loads[k][r].filter((_value, t) => first[t] === k)));
  const resource = RESOURCES[largest([0, 1, 2], (r) => own[r])];
  return `the cores of '${work.layers[k].name}' decide ${rounded(shares[k] / whole)} of the time, by ${resource}`;
}

// Floorline: time and synaptic events for each update of a neuron; without times, where the cores go.
function drawn(work, v, placed, run) {
  const names = ["memory", "compute", "traffic"];
  const timed = run.load.some((load) => total(load) > 0);
  const points = work.layers.map((layer, k) => {
    const updates = layer.compartments * work.ticks, seconds = total(run.load[k]);
    const events = total(layer.places.map((name) => work.place.get(name).total)) * work.factor;
    if (!timed) {
      return { name: layer.name, x: layer.compartments, y: placed.cores[k], weight: placed.cores[k],
        bound: placed.bounds[k] };
    }
    return { name: layer.name, x: events / updates, weight: seconds, bound: names[largest([0, 1, 2], (r) => run.load[k][r])],
      y: seconds * placed.cores[k] / (or(v.skew, 1) * updates), seconds };
  });
  const lines = timed ? { synapse: or(v.t_synaptic_event, 0), update: or(v.t_update_inactive, or(v.t_update_active, 0)) }
    : { room: v.compartments };
  return { points: points.filter((point) => point.x > 0 && point.y > 0), lines, floorline: timed };
}

const KINDS = { brain, event_driven: eventDriven, neuromorphic, operation_count: operationCount, von_neumann: vonNeumann };
