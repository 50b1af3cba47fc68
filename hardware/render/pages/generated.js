// Made from hardware/models/*.py by `python -m tests.page_script`: change the functions there, not here.

var copies, event_charges, first_largest, function_charges, latency_constraint, limits;
event_charges = function flx_event_charges (work) {
    return (function list_comprehension (iter0) {var res = [];var place, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {place = iter0[i0];{res.push(({node: place.name, action: place.event, group: "dynamic", count: total(place.events), price: place.event}));}}return res;}).call(this, work.places);
};

function_charges = function flx_function_charges (layers, evaluations) {
    return (function list_comprehension (iter0) {var res = [];var layer, i0, name, i1, iter1;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {layer = iter0[i0];iter1 = layer.functions;if ((typeof iter1 === "object") && (!Array.isArray(iter1))) {iter1 = Object.keys(iter1);}for (i1=0; i1<iter1.length; i1++) {name = iter1[i1];{res.push(({node: layer.name, action: name, group: "dynamic", count: _pyfunc_op_mult(layer.neurons, evaluations(layer)), price: _pymeth_format.call("functions.{}", name)}));}}}return res;}).call(this, layers);
};

latency_constraint = function flx_latency_constraint (latency, values) {
    return (_pyfunc_op_contains("latency_budget", values))? ([({name: "latency", needed: latency, available: values["latency_budget"], unit: "s"})]) : ([]);
};

limits = function flx_limits (needs, values) {
    return (function list_comprehension (iter0) {var res = [];var name, needed, limit, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {name = iter0[i0][0]; needed = iter0[i0][1]; limit = iter0[i0][2];if (!(_pyfunc_op_contains(limit, values))) {continue;}{res.push(({name: name, needed: needed, available: values[limit], unit: "1"}));}}return res;}).call(this, needs);
};

copies = function flx_copies (stored, work) {
    return (_pyfunc_truthy(work.weights))? (stored / work.weights) : (null);
};

first_largest = function flx_first_largest (values) {
    return _pymeth_index.call(_pyfunc_list(values), Math.max.apply(null, values));
};

var brain_cost, brain_depth;
brain_cost = function flx_brain_cost (work, values, batch) {
    var latency, needs, rest;
    latency = _pyfunc_op_mult((_pyfunc_op_add(work.ticks, (_pyfunc_op_mult((batch - 1), work.interval)))), values["tick"]);
    needs = [["synapses", work.laid, "synapse_budget"], ["fan_in", most((function list_comprehension (iter0) {var res = [];var place, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {place = iter0[i0];{res.push(place.fan_in);}}return res;}).call(this, work.places)), "fan_in_max"], ["dynamic_synapses", work.dynamic, "dynamic_synapses"]];
    rest = ({node: "(rest)", action: "rest", group: "static", count: _pyfunc_op_mult(work.laid, latency) / batch, price: "resting_power"});
    return ({charges: _pyfunc_op_add(event_charges(work), (function_charges(work.layers, (function (layer) {return work.ticks;}).bind(this)))), latency: latency, constraints: _pyfunc_op_add((_pyfunc_op_add(brain_depth(work, values), latency_constraint(latency, values))), limits(needs, values)), alternatives: _pyfunc_create_dict("resting share", [rest]), unpriced: [], bounds: ({}), ticks: work.ticks, cores: null, chips: null, at_least: false, pace: "", copies: copies(work.physical, work), details: []});
};

brain_depth = function flx_brain_depth (work, values) {
    var depth;
    depth = _pyfunc_op_mult(work.stages, values["tick"]);
    return (_pyfunc_op_contains("latency_budget", values))? ([({name: "depth", needed: depth, available: values["latency_budget"], unit: "s"})]) : ([]);
};

var event_driven_cost, event_driven_read;
event_driven_cost = function flx_event_driven_cost (work, values, batch) {
    var charges, held, launches, memory, outside, read, single, stub1_, stub1_i0, stub1_iter0, stub1_place, stub2_, stub2_i0, stub2_iter0, stub2_place, waiting;
    launches = _pyfunc_op_mult((_pyfunc_op_mult(work.ticks, _pyfunc_op_add(work.places.length, work.layers.length))), values["launch"]);
    stub1_ = [];stub1_iter0 = work.places;if ((typeof stub1_iter0 === "object") && (!Array.isArray(stub1_iter0))) {stub1_iter0 = Object.keys(stub1_iter0);}for (stub1_i0=0; stub1_i0<stub1_iter0.length; stub1_i0++) {stub1_place = stub1_iter0[stub1_i0];{stub1_.push(event_driven_read(stub1_place, values));}}
    read = stub1_;
    single = _pyfunc_op_add(launches, (total((function list_comprehension (iter0) {var res = [];var place, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {place = iter0[i0];{res.push(place.seconds);}}return res;}).call(this, read))));
    stub2_ = [];stub2_iter0 = read;if ((typeof stub2_iter0 === "object") && (!Array.isArray(stub2_iter0))) {stub2_iter0 = Object.keys(stub2_iter0);}for (stub2_i0=0; stub2_i0<stub2_iter0.length; stub2_i0++) {stub2_place = stub2_iter0[stub2_i0];{stub2_.push(({node: stub2_place.name, action: "busy", group: "dynamic", count: stub2_place.busy, price: "active_power"}));}}
    charges = stub2_;
    waiting = ({node: "(chip)", action: "launch", group: "dynamic", count: _pyfunc_op_mult(values["busy_floor"], launches), price: "active_power"});
    outside = [({node: "(chip)", action: "static", group: "static", count: single, price: "idle_power"}), ({node: "(host)", action: "host", group: "io", count: single, price: "host_power"})];
    held = _pyfunc_op_mult(_pyfunc_op_add(work.laid, work.dynamic), values["bytes_per_synapse"]);
    memory = ({name: "memory", needed: held, available: values["memory"], unit: "B"});
    return ({charges: _pyfunc_op_add((_pyfunc_op_add(_pyfunc_op_add(charges, [waiting]), (function_charges(work.layers, (function (layer) {return work.ticks;}).bind(this))))), outside), latency: _pyfunc_op_mult(batch, single), constraints: _pyfunc_op_add([memory], (latency_constraint(_pyfunc_op_mult(batch, single), values))), alternatives: ({}), unpriced: [], bounds: ({}), ticks: work.ticks, cores: null, chips: null, at_least: false, pace: "", copies: copies(work.physical, work), details: read});
};

event_driven_read = function flx_event_driven_read (place, values) {
    var amount, busy, full, seconds;
    amount = _pyfunc_op_mult(total(place.events), values["bytes_per_synapse"]);
    seconds = amount / _pyfunc_op_mult(values["gather_efficiency"], values["memory_bandwidth"]);
    full = amount / values["memory_bandwidth"];
    busy = _pyfunc_op_add(_pyfunc_op_mult(values["busy_floor"], seconds), (_pyfunc_op_mult((1 - values["busy_floor"]), full)));
    return ({name: place.name, seconds: seconds, busy: busy});
};

var neuromorphic_RESOURCES, neuromorphic_UNCLOCKED, neuromorphic_WORK, neuromorphic_cost, neuromorphic_hops, neuromorphic_load, neuromorphic_messages, neuromorphic_pace, neuromorphic_power, neuromorphic_steps, neuromorphic_untimed, neuromorphic_updates;
neuromorphic_WORK = ["t_synaptic_event", "t_update_active", "t_update_inactive", "t_message"];
neuromorphic_RESOURCES = ["synaptic events", "updates", "messages"];
neuromorphic_UNCLOCKED = [({node: "(chip)", action: "latency", group: "time", why: "nobody has published what its events take"}), ({node: "(chip)", action: "static", group: "static", why: "power without a time is no energy"}), ({node: "(host)", action: "host", group: "io", why: "power without a time is no energy"})];
neuromorphic_cost = function flx_neuromorphic_cost (work, values, batch) {
    var charges, chips, clocked, cores, events, latency, loads, needs, placed, steps, stub1_, stub1_i0, stub1_iter0, stub1_layer;
    placed = place(work, values);
    cores = total((function list_comprehension (iter0) {var res = [];var layer, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {layer = iter0[i0];{res.push(layer.cores);}}return res;}).call(this, placed));
    chips = ceil(cores / values["cores_per_chip"]);
    events = keyed((function list_comprehension (iter0) {var res = [];var here, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {here = iter0[i0];{res.push([here.name, here.events]);}}return res;}).call(this, work.places));
    stub1_ = [];stub1_iter0 = placed;if ((typeof stub1_iter0 === "object") && (!Array.isArray(stub1_iter0))) {stub1_iter0 = Object.keys(stub1_iter0);}for (stub1_i0=0; stub1_i0<stub1_iter0.length; stub1_i0++) {stub1_layer = stub1_iter0[stub1_i0];{stub1_.push(without_parts(neuromorphic_load(stub1_layer, events, work, values)));}}
    loads = stub1_;
    steps = neuromorphic_steps((function list_comprehension (iter0) {var res = [];var load, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {load = iter0[i0];{res.push(load.busy);}}return res;}).call(this, loads), work, values, chips);
    clocked = _pyfunc_any(((function list_comprehension (iter0) {var res = [];var name, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {name = iter0[i0];{res.push(_pyfunc_op_contains(name, values));}}return res;}).call(this, _pyfunc_op_add(neuromorphic_WORK, ["t_step_min"]))));
    latency = (_pyfunc_truthy(clocked))? (_pyfunc_op_add(steps.single, (_pyfunc_op_mult((batch - 1), steps.period)))) : (null);
    needs = [["dynamic_synapses", work.dynamic, "dynamic_synapses"], ["chips", chips, "chips"], ["fan_in_max", most((function list_comprehension (iter0) {var res = [];var here, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {here = iter0[i0];{res.push(here.fan_in);}}return res;}).call(this, work.places)), "fan_in_max"]];
    charges = _pyfunc_op_add((_pyfunc_op_add(event_charges(work), neuromorphic_updates(work, loads))), (neuromorphic_messages(work, placed, neuromorphic_hops(cores, values))));
    return ({charges: _pyfunc_op_add((_pyfunc_op_add(charges, (function_charges(work.layers, (function (layer) {return work.ticks;}).bind(this))))), neuromorphic_power(latency, chips, batch)), latency: latency, constraints: _pyfunc_op_add(limits(needs, values), (((latency !== null))? (latency_constraint(latency, values)) : ([]))), alternatives: ({}), unpriced: (_pyfunc_truthy(clocked))? (neuromorphic_untimed(chips, values)) : (neuromorphic_UNCLOCKED), bounds: keyed((function list_comprehension (iter0) {var res = [];var layer, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {layer = iter0[i0];{res.push([layer.layer.name, ({resource: layer.bound, cores: layer.cores})]);}}return res;}).call(this, placed)), ticks: work.ticks, cores: cores, chips: chips, at_least: _pyfunc_truthy(clocked) && (((neuromorphic_untimed(chips, values).length) > 0)), pace: (_pyfunc_truthy(clocked))? (neuromorphic_pace(loads, placed, steps, events, work, values)) : (""), copies: copies(total((function list_comprehension (iter0) {var res = [];var layer, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {layer = iter0[i0];{res.push(layer.stored);}}return res;}).call(this, placed)), work), details: loads});
};

neuromorphic_hops = function flx_neuromorphic_hops (cores, values) {
    var tiles;
    tiles = Math.min(cores, values["cores_per_chip"]) / _pymeth_get.call(values, "cores_per_tile", 1.0);
    return _pyfunc_op_mult(((_pyfunc_op_mult(_pymeth_get.call(values, "spread", 1.0), 2)) / 3), sqrt(tiles));
};

neuromorphic_load = function flx_neuromorphic_load (placed, arriving, work, values) {
    var active, events, idle, layer, messages, parts, senders, share, stub2_, stub2_i0, stub2_iter0, stub2_source;
    layer = placed.layer;
    events = added((function list_comprehension (iter0) {var res = [];var name, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {name = iter0[i0];{res.push(arriving[name]);}}return res;}).call(this, placed.places), work.ticks);
    active = at_most(times(events, layer.columns), layer.compartments);
    stub2_ = [];stub2_iter0 = placed.copies;if ((typeof stub2_iter0 === "object") && (!Array.isArray(stub2_iter0))) {stub2_iter0 = Object.keys(stub2_iter0);}for (stub2_i0=0; stub2_i0<stub2_iter0.length; stub2_i0++) {stub2_source = stub2_iter0[stub2_i0];if (!(_pyfunc_op_contains(stub2_source, work.senders))) {continue;}{stub2_.push(stub2_source);}}
    senders = stub2_;
    messages = added((function list_comprehension (iter0) {var res = [];var source, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {source = iter0[i0];{res.push(times(work.senders[source], placed.copies[source]));}}return res;}).call(this, senders), work.ticks);
    share = _pymeth_get.call(values, "skew", 1.0) / placed.cores;
    idle = times(short_of(active, layer.compartments), _pymeth_get.call(values, "t_update_inactive", 0.0));
    parts = [times(events, _pyfunc_op_mult(_pymeth_get.call(values, "t_synaptic_event", 0.0), share)), times(added([times(active, _pymeth_get.call(values, "t_update_active", 0.0)), idle], work.ticks), share), times(messages, _pyfunc_op_mult(_pymeth_get.call(values, "t_message", 0.0), share))];
    return ({name: layer.name, active: total(active), parts: parts, busy: added(parts, work.ticks)});
};

neuromorphic_steps = function flx_neuromorphic_steps (busy, work, values, chips) {
    var fixed, least, period, single, slowest, steady, stub3_;
    fixed = _pyfunc_op_add((_pymeth_get.call(values, ((_pyfunc_op_equals(chips, 1))? ("t_barrier") : ("t_barrier_chips")), 0.0)), _pymeth_get.call(values, "t_host", 0.0));
    least = _pymeth_get.call(values, "t_step_min", 0.0);
    slowest = at_least(highest(busy), least);
    steady = at_least(highest((function list_comprehension (iter0) {var res = [];var curve, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {curve = iter0[i0];{res.push(folded(curve, work.interval));}}return res;}).call(this, busy)), least);
    stub3_ = [_pyfunc_op_add(total(slowest), _pyfunc_op_mult(work.ticks, fixed)), _pyfunc_op_add(total(steady), _pyfunc_op_mult(work.interval, fixed))];
    single = stub3_[0];period = stub3_[1];
    return ({slowest: slowest, first: which_highest(busy), waited: _pyfunc_op_mult(work.ticks, fixed), single: single, period: period});
};

neuromorphic_updates = function flx_neuromorphic_updates (work, loads) {
    var charges, idle, layer, load, stub4_seq, stub5_itr, stub6_tgt;
    charges = [];
    stub4_seq = _pyfunc_zip(work.layers, loads);
    if ((typeof stub4_seq === "object") && (!Array.isArray(stub4_seq))) { stub4_seq = Object.keys(stub4_seq);}
    for (stub5_itr = 0; stub5_itr < stub4_seq.length; stub5_itr += 1) {
        stub6_tgt = stub4_seq[stub5_itr];
        layer = stub6_tgt[0]; load = stub6_tgt[1];
        idle = _pyfunc_op_mult(layer.compartments, work.ticks) - load.active;
        _pymeth_append.call(charges, ({node: load.name, action: "update_active", group: "dynamic", count: load.active, price: "update_active"}));
        _pymeth_append.call(charges, ({node: load.name, action: "update_inactive", group: "dynamic", count: idle, price: "update_inactive"}));
    }
    return charges;
};

neuromorphic_messages = function flx_neuromorphic_messages (work, placed, hops) {
    var charges, layer, messages, reached, source, stub10_itr, stub11_seq, stub12_itr, stub7_seq, stub8_itr, stub9_seq;
    reached = ({});
    stub9_seq = placed;
    if ((typeof stub9_seq === "object") && (!Array.isArray(stub9_seq))) { stub9_seq = Object.keys(stub9_seq);}
    for (stub10_itr = 0; stub10_itr < stub9_seq.length; stub10_itr += 1) {
        layer = stub9_seq[stub10_itr];
        stub7_seq = keys(layer.copies);
        if ((typeof stub7_seq === "object") && (!Array.isArray(stub7_seq))) { stub7_seq = Object.keys(stub7_seq);}
        for (stub8_itr = 0; stub8_itr < stub7_seq.length; stub8_itr += 1) {
            source = stub7_seq[stub8_itr];
            reached[source] = _pyfunc_op_add(_pymeth_get.call(reached, source, 0), layer.copies[source]);
        }
    }
    charges = [];
    stub11_seq = keys(work.senders);
    if ((typeof stub11_seq === "object") && (!Array.isArray(stub11_seq))) { stub11_seq = Object.keys(stub11_seq);}
    for (stub12_itr = 0; stub12_itr < stub11_seq.length; stub12_itr += 1) {
        source = stub11_seq[stub12_itr];
        messages = _pyfunc_op_mult(total(work.senders[source]), _pymeth_get.call(reached, source, 0));
        _pymeth_append.call(charges, ({node: source, action: "message", group: "dynamic", count: messages, price: "message"}));
        _pymeth_append.call(charges, (({node: source, action: "hop", group: "dynamic", count: _pyfunc_op_mult(messages, hops), price: "hop"})));
    }
    return charges;
};

neuromorphic_power = function flx_neuromorphic_power (latency, chips, batch) {
    var chip;
    if ((latency === null)) {
        return [];
    }
    chip = ({node: "(chip)", action: "static", group: "static", count: _pyfunc_op_mult(chips, latency) / batch, price: "static_power"});
    return [chip, ({node: "(host)", action: "host", group: "io", count: latency / batch, price: "host_power"})];
};

neuromorphic_untimed = function flx_neuromorphic_untimed (chips, values) {
    var barrier, missing;
    barrier = (_pyfunc_op_equals(chips, 1))? ("t_barrier") : ("t_barrier_chips");
    missing = (_pyfunc_op_contains("t_step_min", values))? ([]) : ((function list_comprehension (iter0) {var res = [];var name, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {name = iter0[i0];if (!((!_pyfunc_op_contains(name, values)))) {continue;}{res.push(name);}}return res;}).call(this, _pyfunc_op_add(neuromorphic_WORK, [barrier])));
    return (function list_comprehension (iter0) {var res = [];var name, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {name = iter0[i0];{res.push(({node: "(chip)", action: name, group: "time", why: "nobody has published it"}));}}return res;}).call(this, missing);
};

neuromorphic_pace = function flx_neuromorphic_pace (loads, placed, steps, events, work, values) {
    var idle, parts, resource, share, shares, slowest, stub13_, stub13_i0, stub13_iter0, stub13_k, worked;
    worked = total(steps.slowest);
    if ((steps.waited >= worked)) {
        share = (_pyfunc_truthy(steps.waited))? (rounded(steps.waited / _pyfunc_op_add(steps.waited, worked))) : ("");
        return (_pyfunc_truthy(steps.waited))? (_pymeth_format.call("barrier and host take {} of the time", share)) : ("");
    }
    idle = share_not_above(steps.slowest, _pymeth_get.call(values, "t_step_min", 0.0));
    if ((idle > 0.5)) {
        return _pymeth_format.call("the real-time step: {} of the steps have nothing slower", rounded(idle));
    }
    stub13_ = [];stub13_iter0 = _pyfunc_range(0, loads.length, 1);if ((typeof stub13_iter0 === "object") && (!Array.isArray(stub13_iter0))) {stub13_iter0 = Object.keys(stub13_iter0);}for (stub13_i0=0; stub13_i0<stub13_iter0.length; stub13_i0++) {stub13_k = stub13_iter0[stub13_i0];{stub13_.push(total_where(steps.slowest, steps.first, stub13_k));}}
    shares = stub13_;
    slowest = first_largest(shares);
    parts = neuromorphic_load(placed[slowest], events, work, values).parts;
    resource = neuromorphic_RESOURCES[first_largest((function list_comprehension (iter0) {var res = [];var part, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {part = iter0[i0];{res.push(total_where(part, steps.first, slowest));}}return res;}).call(this, parts))];
    return _pymeth_format.call("the cores of '{}' decide {} of the time, by {}", (loads[slowest].name), rounded(shares[slowest] / worked), resource);
};

var operation_count_cost;
operation_count_cost = function flx_operation_count_cost (work, values, batch) {
    var action, dense, events, functions, place, stub1_seq, stub2_itr, stub3_, stub3_i0, stub3_iter0, stub3_layer, stub4_, stub4_i0, stub4_iter0, updates;
    events = [];
    stub1_seq = work.places;
    if ((typeof stub1_seq === "object") && (!Array.isArray(stub1_seq))) { stub1_seq = Object.keys(stub1_seq);}
    for (stub2_itr = 0; stub2_itr < stub1_seq.length; stub2_itr += 1) {
        place = stub1_seq[stub2_itr];
        action = ((_pyfunc_any(((function list_comprehension (iter0) {var res = [];var source, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {source = iter0[i0];{res.push(_pyfunc_op_contains(source, work.inputs));}}return res;}).call(this, place.sources)))))? ("mac") : ("synaptic_event");
        _pymeth_append.call(events, (({node: place.name, action: action, group: "dynamic", count: total(place.events), price: action})));
    }
    stub3_ = [];stub3_iter0 = work.layers;if ((typeof stub3_iter0 === "object") && (!Array.isArray(stub3_iter0))) {stub3_iter0 = Object.keys(stub3_iter0);}for (stub3_i0=0; stub3_i0<stub3_iter0.length; stub3_i0++) {stub3_layer = stub3_iter0[stub3_i0];{stub3_.push(({node: stub3_layer.name, action: "neuron_update", group: "dynamic", count: _pyfunc_op_mult(_pyfunc_op_mult(stub3_layer.neurons, stub3_layer.time_steps), work.steps), price: "neuron_update"}));}}
    updates = stub3_;
    functions = function_charges(work.layers, (function (layer) {return _pyfunc_op_mult(work.steps, layer.time_steps);}).bind(this));
    stub4_ = [];stub4_iter0 = work.places;if ((typeof stub4_iter0 === "object") && (!Array.isArray(stub4_iter0))) {stub4_iter0 = Object.keys(stub4_iter0);}for (stub4_i0=0; stub4_i0<stub4_iter0.length; stub4_i0++) {place = stub4_iter0[stub4_i0];if (!(place.macs)) {continue;}{stub4_.push(({node: place.name, action: "mac", group: "dynamic", count: place.macs, price: "mac"}));}}
    dense = stub4_;
    return ({charges: _pyfunc_op_add(_pyfunc_op_add(events, updates), functions), latency: null, constraints: [], alternatives: _pyfunc_create_dict("dense source", dense), unpriced: [({node: "(chip)", action: "memory", group: "dynamic", why: "the convention counts arithmetic alone"}), ({node: "(chip)", action: "static", group: "static", why: "the convention has no power without work"}), ({node: "(host)", action: "io", group: "io", why: "the convention has no input and output"}), ({node: "(chip)", action: "latency", group: "time", why: "the convention has no clock"})], bounds: ({}), ticks: null, cores: null, chips: null, at_least: false, pace: "", copies: null, details: []});
};

var von_neumann_RESOURCES, von_neumann_WIDTHS, von_neumann_cost, von_neumann_counted, von_neumann_filled, von_neumann_time, von_neumann_wave, von_neumann_width;
von_neumann_WIDTHS = [4, 8, 16, 32];
von_neumann_RESOURCES = ["compute", "memory", "cache", "launch"];
von_neumann_cost = function flx_von_neumann_cost (work, values, batch) {
    var busy, byte, cached, functions, held, idle, latency, live, memory, outside, resident, stub1_, stub1_i0, stub1_iter0, stub1_place, stub2_, stub2_i0, stub2_iter0, stub2_layer, timed, waiting, width;
    width = von_neumann_width(values);
    byte = values["activation_bits"] / 8;
    held = (_pyfunc_op_mult((total((function list_comprehension (iter0) {var res = [];var place, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {place = iter0[i0];if (!(place.weights)) {continue;}{res.push(place.reads);}}return res;}).call(this, work.places))), values["weight_bits"])) / 8;
    cached = _pyfunc_op_mult((_pyfunc_op_mult((total((function list_comprehension (iter0) {var res = [];var place, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {place = iter0[i0];if (!(place.dynamic)) {continue;}{res.push(place.reads);}}return res;}).call(this, work.places))), byte)), batch);
    live = _pyfunc_op_mult((_pyfunc_op_mult((most((function list_comprehension (iter0) {var res = [];var place, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {place = iter0[i0];{res.push(place.values);}}return res;}).call(this, work.places))), byte)), batch);
    resident = held <= _pyfunc_op_mult(values["resident_share"], values["cache"]);
    stub1_ = [];stub1_iter0 = work.places;if ((typeof stub1_iter0 === "object") && (!Array.isArray(stub1_iter0))) {stub1_iter0 = Object.keys(stub1_iter0);}for (stub1_i0=0; stub1_i0<stub1_iter0.length; stub1_i0++) {stub1_place = stub1_iter0[stub1_i0];if (!((stub1_place.matrix !== null))) {continue;}{stub1_.push(von_neumann_time(stub1_place, stub1_place.matrix, values, batch, resident, values[_pymeth_format.call("peak_{}", width)]));}}
    timed = stub1_;
    latency = _pyfunc_op_add(values["framework"], (total((function list_comprehension (iter0) {var res = [];var layer, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {layer = iter0[i0];{res.push(layer.seconds);}}return res;}).call(this, timed))));
    functions = function_charges(work.layers, (function (layer) {return layer.time_steps;}).bind(this));
    outside = [({node: "(chip)", action: "static", group: "static", count: latency / batch, price: "idle_power"}), ({node: "(host)", action: "host", group: "io", count: latency / batch, price: "host_power"})];
    stub2_ = [];stub2_iter0 = timed;if ((typeof stub2_iter0 === "object") && (!Array.isArray(stub2_iter0))) {stub2_iter0 = Object.keys(stub2_iter0);}for (stub2_i0=0; stub2_i0<stub2_iter0.length; stub2_i0++) {stub2_layer = stub2_iter0[stub2_i0];{stub2_.push(({node: stub2_layer.name, action: "busy", group: "dynamic", count: stub2_layer.busy / batch, price: "active_power"}));}}
    busy = stub2_;
    idle = _pyfunc_op_mult(values["busy_floor"], values["framework"]) / batch;
    waiting = ({node: "(chip)", action: "framework", group: "dynamic", count: idle, price: "active_power"});
    memory = ({name: "memory", needed: _pyfunc_op_add(_pyfunc_op_add(held, cached), live), available: values["memory"], unit: "B"});
    return ({charges: _pyfunc_op_add((_pyfunc_op_add(_pyfunc_op_add(busy, [waiting]), functions)), outside), latency: latency, constraints: _pyfunc_op_add([memory], latency_constraint(latency, values)), alternatives: _pyfunc_create_dict("bottom-up", (_pyfunc_op_add((_pyfunc_op_add(von_neumann_counted(timed, width, batch), functions)), outside))), unpriced: [], bounds: keyed((function list_comprehension (iter0) {var res = [];var layer, i0;if ((typeof iter0 === "object") && (!Array.isArray(iter0))) {iter0 = Object.keys(iter0);}for (i0=0; i0<iter0.length; i0++) {layer = iter0[i0];{res.push([layer.name, ({resource: layer.bound, cores: null})]);}}return res;}).call(this, timed)), ticks: null, cores: null, chips: null, at_least: false, pace: "", copies: 1.0, details: timed});
};

von_neumann_counted = function flx_von_neumann_counted (timed, width, batch) {
    var charges, layer, stub3_seq, stub4_itr;
    charges = [];
    stub3_seq = timed;
    if ((typeof stub3_seq === "object") && (!Array.isArray(stub3_seq))) { stub3_seq = Object.keys(stub3_seq);}
    for (stub4_itr = 0; stub4_itr < stub3_seq.length; stub4_itr += 1) {
        layer = stub3_seq[stub4_itr];
        _pymeth_append.call(charges, (({node: layer.name, action: "flop", group: "dynamic", count: layer.flop / batch, price: _pymeth_format.call("flop_{}", width)})));
        _pymeth_append.call(charges, ({node: layer.name, action: "memory_byte", group: "dynamic", count: layer.memory / batch, price: "memory_byte"}));
        _pymeth_append.call(charges, ({node: layer.name, action: "cache_byte", group: "dynamic", count: layer.cache / batch, price: "cache_byte"}));
    }
    return charges;
};

von_neumann_width = function flx_von_neumann_width (values) {
    var stub5_, stub5_bits, stub5_i0, stub5_iter0, stub6_, stub6_bits, stub6_i0, stub6_iter0, there, wide;
    stub5_ = [];stub5_iter0 = von_neumann_WIDTHS;if ((typeof stub5_iter0 === "object") && (!Array.isArray(stub5_iter0))) {stub5_iter0 = Object.keys(stub5_iter0);}for (stub5_i0=0; stub5_i0<stub5_iter0.length; stub5_i0++) {stub5_bits = stub5_iter0[stub5_i0];if (!((_pyfunc_op_contains(_pymeth_format.call("peak_{}", stub5_bits), values)))) {continue;}{stub5_.push(stub5_bits);}}
    there = stub5_;
    stub6_ = [];stub6_iter0 = there;if ((typeof stub6_iter0 === "object") && (!Array.isArray(stub6_iter0))) {stub6_iter0 = Object.keys(stub6_iter0);}for (stub6_i0=0; stub6_i0<stub6_iter0.length; stub6_i0++) {stub6_bits = stub6_iter0[stub6_i0];if (!((stub6_bits >= values["activation_bits"]))) {continue;}{stub6_.push(stub6_bits);}}
    wide = stub6_;
    return wide[0];
};

von_neumann_time = function flx_von_neumann_time (place, matrix, values, batch, resident, peak) {
    var activations, again, bound, busy, byte, cache, cache_time, calls, compute_time, elements, flop, full, launch_time, launches, level, memory, memory_time, outgrown, rate, seconds, stored, stub7_, swept;
    stub7_ = [place.calls, values["activation_bits"] / 8];
    calls = stub7_[0];byte = stub7_[1];
    launches = ((calls > 1))? (_pyfunc_op_mult(2.0, calls)) : (1.0);
    flop = _pyfunc_op_mult(_pyfunc_op_mult(2.0, place.macs), batch);
    elements = place.values;
    if (_pyfunc_truthy(values["fused"])) {
        elements -= _pyfunc_op_add(place.inside[0], place.inside[1]);
        launches = (_pyfunc_truthy(place.inside[0]))? (0.0) : (launches);
    }
    activations = _pyfunc_op_mult(_pyfunc_op_mult(elements, byte), batch);
    stored = (_pyfunc_truthy(place.dynamic))? (_pyfunc_op_mult(_pyfunc_op_mult(place.reads, byte), batch)) : (_pyfunc_op_mult(place.reads, values["weight_bits"]) / 8);
    again = ((((!_pyfunc_truthy(place.dynamic))) && ((stored <= _pyfunc_op_mult(values["resident_share"], values["cache"])))))? (1) : (calls);
    memory = ((_pyfunc_truthy(resident) && ((!_pyfunc_truthy(place.dynamic)))))? (0.0) : (_pyfunc_op_mult(stored, again));
    outgrown = activations > (values["cache"] / 2);
    memory = _pyfunc_op_add(memory, (_pyfunc_truthy(outgrown))? (_pyfunc_op_mult(activations, calls)) : (0.0));
    cache = _pyfunc_op_mult(_pyfunc_op_add(stored, activations), calls);
    if ((!_pyfunc_truthy(values["fused"]))) {
        swept = _pyfunc_op_mult((_pyfunc_op_mult((_pyfunc_op_mult((_pyfunc_op_mult((_pyfunc_op_mult((_pyfunc_op_mult(_pyfunc_op_mult(2.0, place.passes), calls)), byte)), batch)), matrix.rows)), matrix.columns)), matrix.groups);
        cache = _pyfunc_op_add(cache, swept);
        memory = _pyfunc_op_add(memory, (_pyfunc_truthy(outgrown))? (swept) : (0.0));
        launches = _pyfunc_op_add(launches, _pyfunc_op_mult(place.passes, calls));
    }
    rate = _pyfunc_op_mult((_pyfunc_op_mult((_pyfunc_op_mult(values["compute_efficiency"], von_neumann_wave(matrix, values, batch))), von_neumann_filled(matrix, values))), peak);
    compute_time = flop / rate;
    memory_time = memory / _pyfunc_op_mult(values["memory_efficiency"], values["memory_bandwidth"]);
    cache_time = cache / _pyfunc_op_mult(values["memory_efficiency"], values["cache_bandwidth"]);
    launch_time = _pyfunc_op_mult(launches, values["launch"]);
    seconds = _pyfunc_op_add(Math.max(compute_time, memory_time, cache_time), launch_time);
    full = Math.max((flop / peak), (memory / values["memory_bandwidth"]));
    busy = _pyfunc_op_add(_pyfunc_op_mult(values["busy_floor"], seconds), (_pyfunc_op_mult((1 - values["busy_floor"]), full)));
    bound = von_neumann_RESOURCES[first_largest([compute_time, memory_time, cache_time, launch_time])];
    level = ((memory_time >= cache_time))? (memory) : (cache);
    return ({name: place.name, seconds: seconds, busy: busy, flop: flop, memory: memory, cache: cache, level: level, bound: bound});
};

von_neumann_wave = function flx_von_neumann_wave (matrix, values, batch) {
    var split, tiles;
    split = Math.min((Math.max(Math.floor(matrix.inner/512), 1)), 4);
    tiles = _pyfunc_op_mult((_pyfunc_op_mult((_pyfunc_op_mult((ceil(_pyfunc_op_mult(matrix.rows, batch) / values["tile"])), ceil(matrix.columns / values["tile"]))), matrix.groups)), split);
    return tiles / (_pyfunc_op_mult(ceil(tiles / values["processors"]), values["processors"]));
};

von_neumann_filled = function flx_von_neumann_filled (matrix, values) {
    var columns, edge;
    edge = values["granule"];
    columns = matrix.columns / (_pyfunc_op_mult(ceil(matrix.columns / edge), edge));
    return _pyfunc_op_mult(columns, (matrix.inner / (_pyfunc_op_mult(ceil(matrix.inner / edge), edge))));
};
