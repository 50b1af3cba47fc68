"""Errors: each says what, where, why and what next, and is a built-in exception too."""

from __future__ import annotations

from collections.abc import Sequence


class SpikingError(Exception):
    """Base of every error this project raises on purpose."""


class UnsupportedOperation(SpikingError, NotImplementedError):
    """A source model contains operations that have no conversion rule."""


class UnsupportedNode(SpikingError, NotImplementedError):
    """A backend cannot run a node of the network."""


class InvalidNetwork(SpikingError, ValueError):
    """A network breaks the rules of the intermediate representation.

    `faults` holds one line per fault; all faults are reported at once.
    """

    def __init__(self, what: str, faults: Sequence[str] = ()) -> None:
        self.faults = tuple(faults)
        super().__init__("\n  ".join([what, *self.faults]))


class InvalidInput(SpikingError, ValueError):
    """Data, labels, calibration or arguments do not fit what they are for."""


class InvalidFile(SpikingError, ValueError):
    """A file was not written by this package, is truncated, has another version, or was altered."""


class MissingPackage(SpikingError, ImportError):
    """An optional package is needed for what was asked, and is not installed."""


class CapacityError(SpikingError, MemoryError):
    """A network does not fit where it was asked to go."""


class SpikingWarning(UserWarning):
    """A result that was computed as asked, and is probably not what is wanted."""
