"""The kinds of platform, by the name a platform file gives."""

from . import brain, convention, gather, neuromorphic, von_neumann
from .model import Kind

KINDS: dict[str, Kind] = {m.KIND.name: m.KIND for m in (brain, convention, gather, neuromorphic, von_neumann)}
