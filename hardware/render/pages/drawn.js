// What each kind has to draw: a point for each layer, from the details of its cost function, and the lines of its bounds.

const or = (value, other) => (value === undefined ? other : value);
const largest = (list, key) => list.reduce((best, one) => (best === null || key(one) > key(best) ? one : best), null);

function brainDrawn(work, v) {
  return {
    points: work.places.filter((place) => place.physical + place.dynamic > 0).map((place) => ({
      name: place.name, x: place.stage, y: place.physical + place.dynamic, weight: place.total,
      bound: place.dynamic ? "gated" : v.latency_budget !== undefined && place.stage * v.tick > v.latency_budget
        ? "beyond the budget" : "within the budget",
    })),
    lines: { deadline: v.latency_budget === undefined ? null : v.latency_budget / v.tick },
  };
}

function countsDrawn(work, v) {
  return {
    points: work.places.filter((place) => place.macs && place.total).map((place) => ({ name: place.name, x: place.macs,
      y: place.total, weight: place.total, bound: place.total < place.macs ? "fewer events" : "more events" })),
    lines: { even: v.mac && v.synaptic_event ? v.mac / v.synaptic_event : null },
  };
}

function eventsDrawn(work, v, outcome) {
  const floor = work.ticks * v.launch;
  return {
    points: outcome.details.map(({ name, seconds }) => ({ name, x: work.place.get(name).total, y: seconds + floor,
      weight: seconds, bound: seconds >= floor ? "memory" : "launch" })),
    lines: { slope: v.bytes_per_synapse / (v.gather_efficiency * v.memory_bandwidth), floor },
  };
}

function rooflineDrawn(work, v, outcome) {
  const peak = v[`peak_${von_neumann_width(v)}`];
  return {
    points: outcome.details.filter((one) => one.flop > 0 && one.level > 0).map((one) => ({ name: one.name,
      x: one.flop / one.level, y: one.flop / one.seconds, weight: one.seconds, bound: one.bound })),
    lines: { peak: v.compute_efficiency * peak, memory: v.memory_efficiency * v.memory_bandwidth,
      cache: v.memory_efficiency * v.cache_bandwidth },
  };
}

// Floorline: time and synaptic events for each update of a neuron; without times, where the cores go.
function coresDrawn(work, v, outcome, placed) {
  const names = ["memory", "compute", "traffic"], loads = outcome.details.map((load) => load.parts.map(total));
  const timed = loads.some((load) => total(load) > 0);
  const points = placed.map(({ layer, cores, bound }, k) => {
    const updates = layer.compartments * work.ticks, seconds = total(loads[k]);
    const events = total(layer.places.map((name) => work.place.get(name).total));
    if (!timed) return { name: layer.name, x: layer.compartments, y: cores, weight: cores, bound };
    return { name: layer.name, x: events / updates, weight: seconds, bound: names[largest([0, 1, 2], (r) => loads[k][r])],
      y: seconds * cores / (or(v.skew, 1) * updates), seconds };
  });
  const lines = timed ? { synapse: or(v.t_synaptic_event, 0), update: or(v.t_update_inactive, or(v.t_update_active, 0)) }
    : { room: v.compartments };
  return { points: points.filter((point) => point.x > 0 && point.y > 0), lines, floorline: timed };
}

const KINDS = {
  brain: [brain_cost, brainDrawn], event_driven: [event_driven_cost, eventsDrawn],
  neuromorphic: [neuromorphic_cost, coresDrawn], operation_count: [operation_count_cost, countsDrawn],
  von_neumann: [von_neumann_cost, rooflineDrawn],
};
