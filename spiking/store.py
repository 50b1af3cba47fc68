"""Files: .npz with a JSON header, no pickle, written whole; a digest that finds damage, not intent: it has no key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .alphabets import Alphabet
from .archives import Archive
from .arguments import existing, shown
from .arguments import path as file_path
from .errors import InvalidFile, InvalidNetwork
from .files import write_whole
from .functions import Function
from .groups import FUNCTIONS
from .linear_maps import LINEAR_MAPS
from .network import Network, Origin, network_given
from .nodes import KINDS, Node
from .shape_only import ShapeOnly

FORMAT = "hectohertz"
VERSION = 1
NPY = b"\x93NUMPY"  # how a bare array begins, which is no archive
Array = NDArray[Any]
Arrays = dict[str, Array]
Held = dict[str, Any]  # arrays, and ShapeOnly in their place
Kind = TypeVar("Kind", bound=Network)
NODES: dict[str, type[Node]] = {kind.__name__: kind for kind in (*KINDS, *LINEAR_MAPS)}


def write(path: str | Path, kind: str, content: dict[str, Any], arrays: Arrays) -> None:
    """Write content (JSON) and arrays as one .npz."""
    target = file_path("path", path)
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise InvalidFile(f"cannot save {target}: array '{name}' holds Python objects")
    head = {"format": FORMAT, "kind": kind, "version": VERSION, "content": content, "digest": _digest(content, arrays)}
    packed = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    packed_arrays: dict[str, Any] = {f"a/{k}": v for k, v in arrays.items()}
    write_whole(target, lambda file: np.savez(file, allow_pickle=False, header=packed, **packed_arrays))


def read(path: str | Path, kind: str) -> tuple[dict[str, Any], Arrays]:
    """Read what `write` wrote; raises InvalidFile with the reason, FileNotFoundError if there is no file."""
    source = existing("path", path)
    try:
        with source.open("rb") as file:
            if file.read(len(NPY)) == NPY:
                raise InvalidFile(f"{source} is not a {FORMAT} file: it has no header")
            archive = Archive(source, file)
            head = archive.header()
            _believe(source, head, kind)
            arrays = archive.arrays()
            whole = head["digest"] == _digest(head["content"], arrays)
    except InvalidFile:
        raise
    except Exception as error:  # zip, zlib, JSON and NumPy each choke on altered bytes in ways of their own
        reason = f"{source} cannot be read: it is truncated, altered, or not an .npz file ({_brief(error)})"
        raise InvalidFile(reason) from error
    if not whole:
        raise InvalidFile(f"{source} was altered after it was written: its digest does not match")
    return head["content"], arrays


def _believe(source: Path, head: Any, kind: str) -> None:
    """Raise InvalidFile unless a header is that of a file of ours, of this version and kind."""
    if head is None:
        raise InvalidFile(f"{source} is not a {FORMAT} file: it has no header")
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise InvalidFile(f"{source} is not a {FORMAT} file")
    if type(head.get("version")) is not int or head["version"] != VERSION:
        raise InvalidFile(f"{source} has format version {shown(head.get('version'))}; this release reads {VERSION}")
    if head.get("kind") != kind:
        raise InvalidFile(f"{source} holds a {head.get('kind')}, not a {kind}")
    if not isinstance(head.get("content"), dict) or not isinstance(head.get("digest"), str):
        raise InvalidFile(f"{source} was altered after it was written: its digest does not match")


def save_network(network: Network, path: str | Path) -> None:
    """Write a network; raises InvalidNetwork for one that could not be read again."""
    content, arrays = encode(network.check())
    write(path, "network", content, arrays)


def load_network(path: str | Path, kind: type[Kind]) -> Kind:
    """Read and check a network, as the class of record that is asked for."""
    content, found = read(path, "network")
    try:
        return _decoded(content, {**found}, kind).check()
    except InvalidNetwork as error:
        raise InvalidFile(f"{path} does not hold a valid network: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise InvalidFile(f"{path} does not hold a valid network: {_brief(error)}") from error


def _decoded(content: dict[str, Any], arrays: Held, kind: type[Kind]) -> Kind:
    missing, types = (_part(content, key, dict) if key in content else {} for key in ("missing", "types"))
    for key, shape in missing.items():
        arrays[key] = ShapeOnly(tuple(shape), np.dtype(types.get(key, np.float32)))
    nodes = tuple(_node(entry, arrays) for entry in _part(content, "nodes", list))
    origins = {name: Origin(**entry) for name, entry in _part(content, "origins", dict).items()}
    return kind(nodes, content["schedule"], content["method"], origins)


def _part(content: dict[str, Any], key: str, kind: type) -> Any:
    """A part of the content; raises ValueError if it is not there or not a list or table."""
    if not isinstance(content.get(key), kind):
        raise ValueError(f"its {key} must be a {kind.__name__}, not {shown(content.get(key))}")
    return content[key]


def encode(network: Network) -> tuple[dict[str, Any], Arrays]:
    """Return a network as JSON content and arrays."""
    arrays = _Packed()
    nodes = []
    for node in network:
        entry: dict[str, Any] = {"kind": type(node).__name__}
        for field in fields(node):
            if field.name == "cell" and not node.cell:
                continue
            entry[field.name] = _pack(getattr(node, field.name), f"{node.name}/{field.name}", arrays)
        nodes.append(entry)
    origins = {name: asdict(origin) for name, origin in network.origins.items()}
    content: dict[str, Any] = {
        "nodes": nodes,
        "schedule": network.schedule,
        "method": network.method,
        "origins": origins,
    }
    hollow = {key: value for key, value in arrays.items() if isinstance(value, ShapeOnly)}
    types = {key: value.dtype.str for key, value in hollow.items() if value.dtype != np.float32}
    content |= {"missing": {key: list(value.shape) for key, value in hollow.items()}} if hollow else {}
    content |= {"types": types} if types else {}
    return content, {key: value for key, value in arrays.items() if not isinstance(value, ShapeOnly)}


def fingerprint(network: Network) -> str:
    """Return a short digest of a network's values: equal networks have equal fingerprints."""
    content, arrays = encode(network_given(network))
    content.pop("origins")
    return _digest(content, arrays)[:16]


class _Packed(dict[str, Any]):
    """Arrays by key; one that several nodes share is held once."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_of: dict[int, str] = {}

    def key_of(self, value: Any, key: str) -> str:
        """Return the key under which an array is held: the given one if it is new."""
        found = self.keys_of.setdefault(id(value), key)
        self[found] = value
        return found


def _pack(value: object, key: str, arrays: _Packed) -> Any:
    match value:
        case np.ndarray() | ShapeOnly():
            return {"array": arrays.key_of(value, key)}
        case Alphabet():
            arrays[f"{key}.unit"] = value.unit
            return {"alphabet": value.kind, "levels": value.levels, "theta": value.theta, "unit": f"{key}.unit"}
        case Function():
            packed = {f.name: _pack(getattr(value, f.name), f"{key}.{f.name}", arrays) for f in fields(value)}
            return {"function": type(value).__name__, **packed}
        case tuple():
            return [_pack(item, f"{key}.{k}", arrays) for k, item in enumerate(value)]
        case np.integer() | np.floating() | np.bool_():
            return value.item()
    return value


def _unpack(value: Any, arrays: Held) -> Any:
    match value:
        case {"array": key}:
            return _held(arrays, key)
        case {"alphabet": kind, "levels": levels, "theta": theta, "unit": key}:
            return Alphabet(kind, _held(arrays, key), levels, theta)
        case {"function": name, **values}:
            return _made(FUNCTIONS, name, {str(k): _unpack(v, arrays) for k, v in values.items()})
        case list():
            return tuple(_unpack(item, arrays) for item in value)
    return value


def _held(arrays: Held, key: Any) -> Any:
    if not isinstance(key, str) or key not in arrays:
        raise ValueError(f"it holds no array {shown(key)}")
    return arrays[key]


def _node(entry: Any, arrays: Held) -> Node:
    if not isinstance(entry, dict):
        raise ValueError(f"a node must be a table, not {shown(entry)}")
    values = {name: _unpack(value, arrays) for name, value in entry.items() if name != "kind"}
    made: Node = _made(NODES, entry.get("kind"), values)
    return made


def _made(table: Mapping[str, type], name: Any, values: dict[str, Any]) -> Any:
    """An object of a kind by name; raises ValueError for a kind or a field that is unknown, or a field that lacks."""
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"there is no kind {shown(name)}; there are: {', '.join(table)}")
    kind: Any = table[name]
    known = {field.name: field for field in fields(kind)}
    needed = {key for key, field in known.items() if field.default is MISSING and field.default_factory is MISSING}
    wrong = [
        *(f"no {key}" for key in sorted(needed - set(values))),
        *(f"a field {shown(key)}" for key in values if key not in known),
    ]
    if wrong:
        where = f" {shown(values['name'])}" if "name" in values else ""
        raise ValueError(f"{name}{where} has {', '.join(wrong)}")
    return kind(**values)


def _brief(error: BaseException) -> str:
    """An error in a line: what it says, or what it is."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _digest(content: dict[str, Any], arrays: Arrays) -> str:
    import hashlib

    found = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name}{array.dtype.str}{array.shape}".encode())
        found.update(array.reshape(-1).view(np.uint8).data)
    return found.hexdigest()
