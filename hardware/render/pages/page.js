// The settings, the address that keeps them, and drawing all of it again.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const names = data.platforms.map((platform) => platform.name);
const kindOf = (name) => data.platforms.find((platform) => platform.name === name);
const fresh = () => ({ platform: names[0], batch: data.batch, activity: 1, tick: new Map(), event: new Map() });
const LIMITS = { batch: [1, 1e6, "a whole number from 1 to 1,000,000"], activity: [0.1, 10, "a number from 0.1 to 10"] };
let state = fresh();
let order = { column: $("layers").querySelector("[aria-sort]").cellIndex, direction: "descending" };

const settingsOf = (name, batch = state.batch) =>
  ({ platform: name, batch, activity: state.activity, tick: state.tick.get(name), event: state.event.get(name) });
const within = (name, value) => Number.isFinite(value) && value >= LIMITS[name][0] && value <= LIMITS[name][1]
  && (name !== "batch" || Number.isInteger(value));
const allowed = (what, name, value) => (what === "tick" ? STEP : EVENT)[kindOf(name).kind] !== undefined
  && Number.isFinite(value) && value <= 1e6 && (value > 0 || (value === 0 && !(what === "tick" && kindOf(name).kind === "brain")));
const untouched = () => state.batch === data.batch && state.activity === 1 && !state.tick.size && !state.event.size;

// --- the address: #platform=brain&batch=8&activity=2&tick.brain=0.005&event.loihi1=3e-11

function written() {
  const found = new URLSearchParams();
  if (state.platform !== names[0]) found.set("platform", state.platform);
  if (state.batch !== data.batch) found.set("batch", state.batch);
  if (state.activity !== 1) found.set("activity", state.activity);
  for (const what of ["tick", "event"]) for (const [name, value] of state[what]) found.set(`${what}.${name}`, value);
  return found.toString();
}

function readAddress() {
  const found = fresh(), given = new URLSearchParams(location.hash.slice(1));
  for (const [key, text] of given) {
    const value = text.trim() === "" ? NaN : Number(text), dot = key.indexOf(".");
    const what = key.slice(0, dot), name = key.slice(dot + 1);
    if (key === "platform" && names.includes(text)) found.platform = text;
    else if (key in LIMITS && within(key, value)) found[key] = value;
    else if ((what === "tick" || what === "event") && names.includes(name) && allowed(what, name, value)) found[what].set(name, value);
  }
  return found;
}

function writeAddress() {
  const address = written();
  if (location.hash.slice(1) === address) return;
  try {
    history.replaceState(null, "", address ? `#${address}` : location.pathname + location.search);
  } catch (error) {
    location.hash = address; // a page without an address of its own
  }
}

// --- the settings

function unitOf(three, otherwise) {
  const found = three && three[0] > 0 ? PREFIXES.find(([s]) => three[0] >= s * 0.9995) || PREFIXES.at(-1) : null;
  return found || otherwise;
}

const FIELDS = [["tick", STEP, "s", [1e-3, "m"]], ["event", EVENT, "J", [1e-12, "p"]]];

function fieldOf(what) {
  const [, slots, unit, otherwise] = FIELDS.find(([name]) => name === what);
  const platform = kindOf(state.platform), slot = slots[platform.kind];
  const three = slot ? platform.numbers[slot] : undefined;
  const [scale, prefix] = unitOf(three, otherwise);
  return { slot, three, scale, unit: prefix + unit, show: (value) => String(Number((value / scale).toPrecision(12))) };
}

function showSettings() {
  $("platform").value = state.platform;
  for (const [name, position] of [["batch", Math.log2(state.batch)], ["activity", Math.log10(state.activity)]]) {
    if (document.activeElement !== $(name) || Number($(name).value) !== state[name]) $(name).value = state[name];
    $(`${name}-range`).value = position;
    $(`${name}-range`).setAttribute("aria-valuetext", fixed(state[name], name === "batch" ? 0 : 2));
    fault(name, "");
  }
  $("tick-name").textContent = kindOf(state.platform).kind === "neuromorphic" ? "Shortest step" : "Tick";
  for (const [what] of FIELDS) {
    const { slot, three, scale, unit, show } = fieldOf(what), input = $(what), value = state[what].get(state.platform);
    input.disabled = !slot;
    if (document.activeElement !== input || value === undefined || Number((Number(input.value) * scale).toPrecision(12)) !== value) {
      input.value = value === undefined ? "" : show(value);
    }
    input.placeholder = three ? show(three[0]) : "";
    $(`${what}-unit`).textContent = unit;
    const band = three && three[1] !== three[2] ? ` (${three.slice(1).map(show).sort((a, b) => a - b).join(" … ")})` : "";
    $(`${what}-hint`).textContent = !slot ? `not a parameter of ${state.platform}` : !three ? (what === "tick" ? "empty: as fast as possible" : "empty: unpriced")
      : value === undefined ? `default: ${show(three[0])}${band}` : `default: ${show(three[0])}; leave empty to restore it`;
    fault(what, "");
  }
}

function fault(name, text) {
  const input = $(name);
  $(`${name}-error`).textContent = text;
  $(`${name}-error`).hidden = !text;
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function typed(name) {
  const text = $(name).value.trim(), value = text === "" || $(name).validity.badInput ? NaN : Number(text);
  if (name in LIMITS) {
    if (!within(name, value)) return fault(name, `Ignored: enter ${LIMITS[name][2]}.`);
    return change({ [name]: value });
  }
  const { scale } = fieldOf(name), changed = new Map(state[name]), exact = Number((value * scale).toPrecision(12));
  if (text === "" && !$(name).validity.badInput) changed.delete(state.platform);
  else if (allowed(name, state.platform, exact)) changed.set(state.platform, exact);
  else return fault(name, "Not used: a positive number is needed.");
  return change({ [name]: changed });
}

function change(some) {
  state = { ...state, ...some };
  writeAddress();
  render();
}

// --- drawing

let speaking = 0;

function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => { $("spoken").textContent = text; }, 500);
}

function render(first = false) {
  const results = names.map((name) => evaluate(data, settingsOf(name)));
  const r = results[names.indexOf(state.platform)];
  showSettings();
  const moved = [`batch ${fixed(state.batch, 0)}`];
  if (state.activity !== 1) moved.push(`${general(state.activity, 3)} × the activity`);
  for (const [what, label] of [["tick", "a tick"], ["event", "an event"]]) {
    for (const [name, value] of state[what]) moved.push(`${label} of ${si(value, what === "tick" ? "s" : "J")} on ${name}`);
  }
  const verdict = untouched() ? data.verdict : `At ${moved.join(", ")}: ${sentence(results)}`;
  $("verdict").textContent = verdict;
  $("run-batch").textContent = moved.join(", ");
  if (!first) {
    const figures = [r.latency ? `latency ${nominal(r.latency)}` : "no clock", `energy ${nominal(r.energy.total)} per inference`,
      !r.constraints.length ? "no limit applies" : r.feasible ? "feasible" : `not feasible, ${words(r.binding)}`];
    say(`${verdict} ${r.platform.name}: ${figures.join(", ")}.`);
  }
  const focused = document.activeElement, inTable = focused && focused.closest("#compare-rows");
  $("compare-rows").replaceChildren(...comparisonRows(results, state, (platform) => change({ platform })));
  if (inTable) $("compare-rows").querySelector("[aria-pressed=true]").focus();
  $("detail-name").textContent = r.platform.name;
  $("detail-note").textContent = `${r.platform.title}. Boundary: the ${r.platform.boundary}.`;
  $("facts").replaceChildren(...factsOf(r).map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text))));
  $("limits-rows").replaceChildren(...r.constraints.map((limit) => tableRow(data.columns.limits, limitRow(limit))));
  $("limits-box").hidden = !r.constraints.length;
  $("limits-none").hidden = r.constraints.length > 0;
  renderLayers(r);
  renderFigures(results);
}

function renderLayers(r) {
  $("layers-rows").replaceChildren(...layerRows(sorted(nodeRows(r), order)));
  [...$("layers").tHead.rows[0].cells].forEach((head, i) =>
    head.setAttribute("aria-sort", i === order.column ? order.direction : "none"));
}

function renderFigures(results) {
  const r = results[names.indexOf(state.platform)];
  const opened = new Set([...document.querySelectorAll("details[data-figure][open]")].map((box) => box.dataset.figure));
  const at = names.map((name) => ({ name, at: BATCHES.map((batch) => evaluate(data, settingsOf(name, batch))) }));
  const width = (id) => {
    const box = $(id), columns = getComputedStyle(box).gridTemplateColumns.split(" ");
    return Math.max(Math.round(parseFloat(columns[0])) || box.clientWidth || 640, 280);
  };
  $("batch-figures").replaceChildren(planeFigure(results, state, width("batch-figures"), opened),
    ...batchFigures(at, state, width("batch-figures"), opened));
  const wide = width("detail-figures");
  $("detail-figures").replaceChildren(layersFigure(r, wide, opened), energyFigure(r, wide, opened));
}

function start() {
  for (const head of $("layers").tHead.rows[0].cells) {
    const button = make("button", { type: "button" }, head.textContent), column = head.cellIndex;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const opposite = order.direction === "descending" ? "ascending" : "descending";
      const fitting = data.columns.layers[column].numeric ? "descending" : "ascending";
      order = { column, direction: order.column === column ? opposite : fitting };
      renderLayers(evaluate(data, settingsOf(state.platform)));
    });
  }
  $("platform").addEventListener("change", () => change({ platform: $("platform").value }));
  for (const name of ["batch", "activity", "tick", "event"]) $(name).addEventListener("input", () => typed(name));
  $("batch-range").addEventListener("input", () => change({ batch: 2 ** Number($("batch-range").value) }));
  $("activity-range").addEventListener("input", () =>
    change({ activity: Number((10 ** Number($("activity-range").value)).toPrecision(3)) }));
  $("reset").addEventListener("click", () => change({ ...fresh(), platform: state.platform }));
  $("settings").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => {
    const address = location.hash.slice(1);
    if (address === "main" || address.startsWith("ref-")) return;
    state = readAddress();
    render();
  });
  let drawnAt = window.innerWidth, waiting = 0;
  window.addEventListener("resize", () => {
    if (window.innerWidth === drawnAt) return;
    drawnAt = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => renderFigures(names.map((name) => evaluate(data, settingsOf(name)))), 120);
  });
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const box of closed) box.open = true;
  });
  window.addEventListener("afterprint", () => { for (const box of closed) box.open = false; });
  state = readAddress();
  render(true);
}

window.costs = { data, evaluate };
start();
