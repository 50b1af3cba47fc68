"""V12, V14 and V15: neuromorphic chips."""

from __future__ import annotations

from ..platform.loading import load_platform
from .row import Group, Row, cost, seconds

RATE = 0.1  # spikes of a neuron each step: not published; assumed


def pilotnet() -> Group:
    """PilotNet with leaky integrate-and-fire neurons, 16 steps."""
    report = cost("pilotnet", "loihi2", 100, activity=RATE * 16, steps=16)
    dynamic = report.energy.dynamic
    assert dynamic is not None
    assert report.cores is not None
    nearest = min(max(1.094e-3, dynamic.low), dynamic.high)
    rows = (
        Row("cores, without the 13 of the input", "1", 61, report.cores, 1.5),
        Row("dynamic energy", "J", 1.094e-3, dynamic.value, 2.0),
        Row("dynamic energy, nearest in the band", "J", 1.094e-3, nearest, 1.0 + 1e-9),
        Row("energy", "J", 1.661e-3, report.energy.total.value, None, "no time of Loihi 2's events is published"),
        Row("rate", "1/s", 408.9, report.batch / seconds(report), None, "no time of Loihi 2's events is published"),
    )
    return Group("V12", "PilotNet on Loihi 2", "lavadl", rows)


def truenorth() -> Group:
    """Power at the middle of the sweep of rates whose ends gave the platform its numbers."""
    numbers = load_platform("truenorth").parameters
    rate, neurons, fan = 20.07, 2**20, 128
    watts = numbers["synaptic_event"].value * rate * neurons * fan + numbers["static_power"].value
    rows = (Row("power at 20.07 Hz", "W", 71e-3, watts, 1.1),)
    return Group("V14", "TrueNorth, sweep of rates at 0.8 V", "akopyan2015", rows, consistency=True)


def odin() -> Group:
    """Power at two clocks: leakage, the clock's share, operations."""
    event = load_platform("odin").parameters["synaptic_event"].value
    static = {75.0: load_platform("odin").parameters["static_power"].value}
    static[1.3] = load_platform("odin").parameters["static_power"].low
    rows = tuple(
        Row(f"power at {mhz:g} MHz", "W", watts, static[mhz] + event * per_s, 1.05)
        for mhz, per_s, watts in ((75.0, 37.5e6, 477e-6), (1.3, 650e3, 35e-6))
    )
    return Group("V15", "ODIN at 0.55 V", "frenkel2019", rows, consistency=True)
