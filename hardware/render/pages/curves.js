// What cost functions do with curves, one value for each tick: the twin of hardware/models/curves.py. And the words of
// Python that PScript writes into generated.js, for the numbers, lists and tables that are in there.

const ceil = Math.ceil, sqrt = Math.sqrt;
const rounded = (share) => `${fixed(100 * share, 0)}%`;
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
const without_parts = (load) => load; // drawn here
const place = (work, values) => work.placements[values.corner]; // no control changes where the layers lie
const keys = (table) => table[ORDER] || Object.keys(table);

// A table whose names keep their order: JavaScript sorts those that look like numbers.
const ORDER = Symbol("order");
function keyed(pairs) {
  const table = Object.fromEntries(pairs);
  table[ORDER] = pairs.map(([name]) => name);
  return table;
}

const _pyfunc_op_add = (a, b) => (Array.isArray(a) ? a.concat(b) : a + b);
const _pyfunc_op_mult = (a, b) => a * b;
const _pyfunc_op_equals = (a, b) => a === b;
const _pyfunc_op_contains = (item, held) => (Array.isArray(held) ? held.includes(item) : Object.hasOwn(held, item));
const _pyfunc_truthy = (value) => (Array.isArray(value) ? value.length > 0 : Boolean(value));
const _pyfunc_any = (list) => list.some(Boolean);
const _pyfunc_list = (list) => [...list];
const _pyfunc_range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
const _pyfunc_zip = (a, b) => a.map((item, i) => [item, b[i]]);
const _pyfunc_create_dict = (name, value) => ({ [name]: value });
function _pymeth_get(name, other) { return Object.hasOwn(this, name) ? this[name] : other; }
function _pymeth_append(item) { this.push(item); }
function _pymeth_index(item) { return this.indexOf(item); }
function _pymeth_format(...words) { return this.replaceAll("{}", () => words.shift()); }
