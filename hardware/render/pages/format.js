// Numbers for people: the same words as hardware/quantity.py and hardware/render/cells.py.

const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"],
  [1e-15, "f"]];

// `rounded` as JavaScript does, or, where the digits cut from `exact` are an exact half, the even one of both sides.
function evenly(rounded, exact, decimals) {
  const cut = exact.length - (exact.split(".")[1].length - decimals);
  const below = exact.slice(0, cut).replace(/\.$/, "");
  return /^50*$/.test(exact.slice(cut)) && "02468".includes(below.at(-1)) ? below : rounded;
}

// A fixed number of decimals; thousands have commas.
function fixed(value, decimals) {
  const size = Math.abs(value);
  const text = evenly(size.toFixed(decimals), size.toFixed(Math.min(decimals + 40, 100)), decimals);
  const [whole, part] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return (value < 0 ? "-" : "") + grouped + (part ? "." + part : "");
}

// Significant digits, zeros at the end dropped: "%.4g".
function general(value, digits) {
  if (value === 0) return "0";
  const bare = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const [head, power] = value.toExponential(digits - 1).split("e");
  if (Number(power) >= -4 && Number(power) < digits) return bare(fixed(value, Math.max(digits - 1 - Number(power), 0)));
  const exact = value.toExponential(digits + 40).split("e")[0];
  return `${bare(evenly(head, exact, digits - 1))}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

function si(value, unit, digits = 3) {
  if (value === 0 || !Number.isFinite(value)) return `${value === 0 ? 0 : value > 0 ? "inf" : "nan"} ${unit}`;
  const [scale, prefix] = PREFIXES.find(([s]) => Math.abs(value) >= s * 0.9995) || PREFIXES.at(-1);
  const scaled = value / scale;
  const decimals = Math.max(digits - 1 - Math.max(Math.floor(Math.log10(Math.abs(scaled))), 0), 0);
  return `${fixed(scaled, decimals)} ${prefix}${unit}`;
}

function scaled(value, unit) {
  if (unit === "1") return general(value, value < 1e6 ? 4 : 3);
  if (unit === "1/s") return value < 1000 ? `${general(value, 3)} /s` : `${fixed(value, 0)} /s`;
  return si(value, unit);
}

// A count: whole below ten thousand, then with a prefix.
function amount(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 9999.5) return si(value, "").trim();
  return Number.isInteger(value) || value >= 100 ? fixed(value, 0) : general(value, 3);
}

const unpriced = (q) => q.atLeast && q.high === 0;
const nominal = (q) => (!q ? "–" : unpriced(q) ? "unpriced" : (q.atLeast ? "≥ " : "") + scaled(q.value, q.unit));
const ends = (q) => (!q || unpriced(q) || q.low === q.high ? "" : `${scaled(q.low, q.unit)} … ${scaled(q.high, q.unit)}`);
const full = (q) => nominal(q) + (ends(q) ? ` (${ends(q)})` : "");
const words = (name) => name.replace(/^functions\./, "").replaceAll("_", " ");
const percent = (share) => `${fixed(100 * share, 1)} %`;

function load(share) {
  if (share === Infinity) return "none available";
  if (share >= 10) return `${fixed(share, 0)} ×`;
  return share > 0 && share < 0.01 ? "< 1%" : `${fixed(100 * share, 0)}%`;
}

// A value as a cell: of any type that a column may have.
function cell(value, unit) {
  if (value === null) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value || "–";
  if (Array.isArray(value)) return value.map((end) => scaled(end, unit)).join(" … ");
  if (typeof value === "object") return nominal(value);
  if (unit === "%") return percent(value);
  if (unit === "load") return load(value);
  return unit === "1" ? amount(value) : scaled(value, unit);
}
