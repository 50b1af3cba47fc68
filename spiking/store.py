"""Files: .npz with a JSON header, no pickle, written whole; a digest that finds damage, not intent: it has no key."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from .alphabets import Alphabet
from .arguments import existing
from .arguments import path as file_path
from .errors import InvalidFile
from .files import write_whole
from .functions import Function
from .groups import FUNCTIONS
from .linear_maps import LINEAR_MAPS
from .network import Network, Origin, network_given
from .nodes import KINDS, Node
from .shape_only import ShapeOnly

FORMAT = "hectohertz"
VERSION = 1
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
            head, arrays = _archive(file)
    except Exception as error:  # zip, zlib, JSON and NumPy each choke on altered bytes in ways of their own
        reason = f"{source} cannot be read: it is truncated, altered, or not an .npz file ({error})"
        raise InvalidFile(reason) from error
    if head is None:
        raise InvalidFile(f"{source} is not a {FORMAT} file: it has no header")
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise InvalidFile(f"{source} is not a {FORMAT} file")
    if head.get("version") != VERSION:
        raise InvalidFile(f"{source} has format version {head.get('version')}; this release reads {VERSION}")
    if head.get("kind") != kind:
        raise InvalidFile(f"{source} holds a {head.get('kind')}, not a {kind}")
    if not isinstance(head.get("content"), dict) or head.get("digest") != _digest(head["content"], arrays):
        raise InvalidFile(f"{source} was altered after it was written: its digest does not match")
    return head["content"], arrays


def _archive(file: BinaryIO) -> tuple[Any, Arrays]:
    """Return the header of a .npz, None if there is none, and its arrays."""
    opened = np.load(file, allow_pickle=False)
    if isinstance(opened, np.ndarray):
        return None, {}
    with opened:
        arrays = {name[2:]: opened[name] for name in opened.files if name.startswith("a/")}
        return json.loads(opened["header"].tobytes()) if "header" in opened.files else None, arrays


def save_network(network: Network, path: str | Path) -> None:
    """Write a network."""
    content, arrays = encode(network)
    write(path, "network", content, arrays)


def load_network(path: str | Path, kind: type[Kind]) -> Kind:
    """Read and check a network, as the class of record that is asked for."""
    content, found = read(path, "network")
    arrays: Held = {**found}
    try:
        types = content.get("types", {})
        for key, shape in content.get("missing", {}).items():
            arrays[key] = ShapeOnly(tuple(shape), np.dtype(types.get(key, np.float32)))
        nodes = tuple(_node(entry, arrays) for entry in content["nodes"])
        origins = {name: Origin(**entry) for name, entry in content["origins"].items()}
        network = kind(nodes, content["schedule"], content["method"], origins)
        return network.check()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidFile(f"{path} does not hold a valid network: {error}") from error


def encode(network: Network) -> tuple[dict[str, Any], Arrays]:
    """Return a network as JSON content and arrays."""
    arrays: Held = {}
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


def _pack(value: object, key: str, arrays: Held) -> Any:
    match value:
        case np.ndarray() | ShapeOnly():
            same = next((k for k, v in arrays.items() if v is value), key)  # shared weights are stored once
            arrays[same] = value
            return {"array": same}
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
            return arrays[key]
        case {"alphabet": kind, "levels": levels, "theta": theta, "unit": key}:
            return Alphabet(kind, arrays[key], levels, theta)
        case {"function": name, **values}:
            return FUNCTIONS[name](**{str(k): _unpack(v, arrays) for k, v in values.items()})
        case list():
            return tuple(_unpack(item, arrays) for item in value)
    return value


def _node(entry: dict[str, Any], arrays: Held) -> Node:
    values = {name: _unpack(value, arrays) for name, value in entry.items() if name != "kind"}
    return NODES[entry["kind"]](**values)


def _digest(content: dict[str, Any], arrays: Arrays) -> str:
    import hashlib

    found = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name}{array.dtype.str}{array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()
