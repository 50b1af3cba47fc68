"""The kinds of platform, by the name a platform file gives."""

from . import brain, event_driven, neuromorphic, operation_count, von_neumann
from .base import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND for module in (brain, event_driven, neuromorphic, operation_count, von_neumann)
}
