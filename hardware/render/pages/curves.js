// What cost functions do with curves, one value for each tick: the twin of hardware/models/curves.py. And the few words
// of Python that the generated script needs beside them.

const ceil = Math.ceil, sqrt = Math.sqrt;
const percent = (share) => `${fixed(100 * share, 0)}%`;
const zeros = (ticks) => new Float64Array(ticks);
const total = (list) => { let sum = 0; for (const value of list) sum += value; return sum; };
const most = (list) => Math.max(0, ...list);

function added(curves, ticks) {
  const sum = zeros(ticks);
  for (const curve of curves) for (let t = 0; t < ticks; t += 1) sum[t] += curve[t];
  return sum;
}

const times = (curve, factor) => curve.map((value) => value * factor);
const at_most = (curve, bound) => curve.map((value) => Math.min(value, bound));
const at_least = (curve, bound) => curve.map((value) => Math.max(value, bound));
const short_of = (curve, whole) => curve.map((value) => whole - value);

function which_highest(curves) {
  const which = new Int32Array(curves[0].length);
  curves.forEach((curve, k) => curve.forEach((value, t) => { if (value > curves[which[t]][t]) which[t] = k; }));
  return which;
}

function highest(curves) {
  const which = which_highest(curves);
  return curves[0].map((_, t) => curves[which[t]][t]);
}

function total_where(curve, which, number) {
  let sum = 0;
  for (let t = 0; t < curve.length; t += 1) if (which[t] === number) sum += curve[t];
  return sum;
}

function folded(curve, interval) {
  const sum = zeros(interval);
  curve.forEach((value, t) => { sum[t % interval] += value; });
  return sum;
}

const share_not_above = (curve, least) => curve.filter((value) => value <= least).length / curve.length;
const place = (work, values) => work.placements[values.corner]; // no control changes where the layers lie
