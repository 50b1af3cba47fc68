"""One parameter of a platform: a price, a speed or a limit, with its band and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..quantity import Quantity

BASES = Literal["measured", "simulated", "derived", "assumed"]
SCOPES = Literal["marginal", "aggregate"]
BOUNDARIES = Literal["chip", "board", "system"]
UNITS = ("J", "J/B", "W", "W/synapse", "s", "1", "bit", "B", "B/s", "FLOP/s")


@dataclass(frozen=True)
class Parameter:
    """low <= value <= high in `unit`: a price, a speed or a limit, as `section` says.

    basis   measured    on hardware            derived   computed from published figures, or the maker's specification
            simulated   before there was any   assumed   from memory or by judgement; the band is wide
    scope   of an energy per event: marginal (one event more) or aggregate (a whole machine's, shared out over events)
    source  where the number is from; [key] names an entry of references.toml
    page    where in the source
    """

    name: str
    section: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    basis: BASES
    scope: SCOPES | None = None
    page: str = ""

    @property
    def quantity(self) -> Quantity:
        """The value with its band."""
        return Quantity(self.value, self.low, self.high, self.unit)
