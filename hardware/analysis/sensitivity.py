"""What each uncertain number of a platform does alone."""

from __future__ import annotations

from .pricing import Model
from .records import Band


def bands(model: Model, batch: int) -> tuple[Band, ...]:
    """Move one number at a time through its band; the widest effect on the energy first."""
    found = []
    for name, number in model.platform.parameters.items():
        if number.low == number.high:
            continue
        costs = [model.cost(model.values(end, only=name), batch) for end in ("optimistic", "pessimistic")]
        energies = [cost.energy for cost in costs]
        times = [cost.latency for cost in costs if cost.latency is not None]
        found.append(Band(name, (min(energies), max(energies)), (min(times), max(times)) if times else None))
    return tuple(sorted(found, key=lambda band: band.energy[0] - band.energy[1]))
