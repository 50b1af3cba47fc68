"""The command line: spiking convert | run | cost | validate | list | show | doctor."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from . import BACKENDS, Activity, InvalidInput, SpikeRecord, SpikingError, SpikingNetwork, __version__, run
from .arguments import existing
from .counts import synapses
from .doctor import examined
from .files import write_text
from .formatting import table
from .graph import draw
from .shell_output import complain, result, say, warnings_in_words
from .shell_values import depth, named, number, samples


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 2 with one message on stderr for bad input, or 130 if it was interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows "?" for it
    args = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], tuple[str, Any]] = args.command
    try:
        with warnings_in_words():
            text, data = command(args)
        result(text, data, args.json)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe; nothing is left to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (SpikingError, OSError) as error:
        if args.debug:
            raise
        complain(str(error))
        return 2
    except MemoryError as error:
        if args.debug:
            raise
        complain(f"there is not enough memory for this ({str(error) or 'no more is left'})")
        return 2
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    return 0


def _convert(args: argparse.Namespace) -> tuple[str, Any]:
    converters = _sibling("converters")
    program = converters.load_program(args.model)
    parameters = named("--param", args.param)
    parameters |= {} if args.precision is None else {"precision": _number(args.precision)}
    parameters |= {} if args.error is None else {"precision": parameters.get("precision", "auto"), "error": args.error}
    method = converters.method_named(args.method, parameters)
    data, _ = _samples(args.data, program.graph_signature.user_inputs)
    first = next(iter(data.values())) if isinstance(data, dict) else data
    say(f"converting {args.model} with {len(np.atleast_1d(first))} calibration samples …")
    network: SpikingNetwork = converters.convert(program, data, method=method)
    network.save(args.output)
    say(f"wrote {args.output}")
    return network.summary(), _described(network)


def _samples(path: str, names: Sequence[str]) -> tuple[Any, Any]:
    """Return inputs and labels of a file, and say which of its arrays are left out."""
    inputs, labels, others = samples(path, names)
    if others:
        say(f"left out of {path}: {', '.join(others)}")
    return inputs, labels


def _network(path: str) -> SpikingNetwork:
    """Load a network; raises InvalidInput for a program that is none yet, with the command that makes it one."""
    if path.endswith(".pt2"):
        words = ["spiking", "convert", str(existing("path", path)), "--data", "DATA.npz", "-o", "NETWORK.npz"]
        raise InvalidInput(f"{path} is an exported program: convert it first, with {shlex.join(words)}")
    return SpikingNetwork.load(path)


def _run(args: argparse.Namespace) -> tuple[str, Any]:
    network = _network(args.network)
    inputs, labels = _samples(args.inputs, [node.name for node in network.inputs])
    options = {} if args.device is None else {"device": args.device}
    record = run(
        network,
        inputs,
        steps=args.steps,
        backend=args.backend,
        delay=args.delay,
        batch_size=args.batch_size,
        **options,
    )
    if args.output:
        record.save(args.output)
        say(f"wrote {args.output}")
    return _curves(record, network, labels)


def _cost(args: argparse.Namespace) -> tuple[str, Any]:
    hardware = _sibling("hardware")
    subject: Any
    activity: Activity | float | None = args.activity
    if args.model.endswith(".pt2"):
        subject = _sibling("converters").outline(_sibling("converters").load_program(args.model))
    elif args.model.endswith(".npz") or Path(args.model).exists():
        subject = SpikingNetwork.load(args.model)
    else:
        name, _, options = args.model.partition(":")
        subject = hardware.net(name, **named("a network's option", options.split(",") if options else [])).trace()
    if args.record and activity is not None:
        raise InvalidInput("a record has its activity, measured: leave out --activity, or the record")
    if args.record:
        activity = SpikeRecord.load(args.record).activity
    numbers = dict(_setting(text) for text in args.set)
    batch, *more = args.batch
    wanted = [path for path in (args.csv, args.markdown, args.html) if path]
    if len(set(wanted)) < len(wanted):
        raise InvalidInput(f"each output file needs a name of its own, not {', '.join(wanted)}")
    if more and wanted:
        raise InvalidInput("a file holds one batch size: give one --batch, or leave out --csv, --markdown and --html")
    if len(args.platform) == 1 and not more and not args.peers:
        found = hardware.estimate(subject, activity, platform=args.platform[0], batch=batch, **numbers)
    else:
        found = hardware.compare(subject, activity, platforms=args.platform, batch=batch, peers=args.peers, **numbers)
    if more:
        swept = found.sweep(args.batch)
        return f"{swept}\n\n{found.peers}" if args.peers else str(swept), swept.to_dict()
    pages = {args.csv: found.to_csv, args.markdown: found.to_markdown, args.html: lambda: found.to_html(_command(args))}
    for path, make in pages.items():
        if path:
            write_text(path, make())
            say(f"wrote {path}")
    return str(found), found.to_dict()


def _doctor(args: argparse.Namespace) -> tuple[str, Any]:
    return examined(__version__)


def _validate(args: argparse.Namespace) -> tuple[str, Any]:
    found = _sibling("hardware").validate()
    return str(found), found.to_dict()


def _setting(text: str) -> tuple[str, float | None]:
    """NAME=NUMBER, or NAME=none."""
    name, _, value = text.partition("=")
    if name in ("network", "activity", "platform", "platforms", "batch", "peers"):
        raise InvalidInput(f"--set replaces parameters of a platform; '{name}' is not one")
    try:
        return name, None if value == "none" else number(value)
    except ValueError as error:
        hint = "NAME=NUMBER, with a prefix and a unit if you like (12pJ), or NAME=none"
        why = f" ({error})" if ":" in str(error) else ""
        raise InvalidInput(f"--set takes {hint}, not '{text}'{why}") from None


def _command(args: argparse.Namespace) -> str:
    """The command line that prints the same again, without the files it writes."""
    words = ["spiking", "cost", args.model, *([args.record] if args.record else []), "--platform", *args.platform]
    words += [] if args.activity is None else ["--activity", f"{args.activity:g}"]
    words += ["--batch", str(args.batch[0]), *(["--set", *args.set] if args.set else [])]
    return shlex.join([*words, "--html", args.html])


def _list(args: argparse.Namespace) -> tuple[str, Any]:
    found: dict[str, str]
    if args.what == "ops":
        found = {f"aten.{name}": text for name, text in _sibling("converters").supported().items()}
    elif args.what == "methods":
        methods = _sibling("converters").METHODS
        found = {
            name: f"{(method.__doc__ or '').splitlines()[0]}  {method.citation}" for name, method in methods.items()
        }
    elif args.what == "backends":
        found = {name: text for name, (_, _, text) in BACKENDS.items()}
    elif args.what == "nets":
        found = _sibling("hardware").nets()
    else:
        found = _sibling("hardware").platforms()
    return table([args.what, ""], [[name, text] for name, text in found.items()], left=2), found


def _show(args: argparse.Namespace) -> tuple[str, Any]:
    if args.network.endswith(".pt2"):
        if args.graph:
            raise InvalidInput(f"--graph draws a network; {args.network} is an exported program: convert it first")
        if args.depth != "auto":
            raise InvalidInput("--depth groups the nodes of a converted network; a .pt2 file has calls")
        found = _sibling("converters").survey(_sibling("converters").load_program(args.network))
        return str(found), [vars(call) for call in found.calls]
    network = SpikingNetwork.load(args.network)
    if args.graph:
        drawn = draw(network, args.graph)
        if drawn != Path(args.graph):
            say(f"Graphviz is missing, so the picture is .dot text: dot -Tsvg {drawn} draws it")
        say(f"wrote {drawn}")
    return network.summary(depth(args.depth)), _described(network)


def _curves(record: SpikeRecord, network: SpikingNetwork, labels: Any) -> tuple[str, Any]:
    activity = record.activity
    inputs = {node.name for node in network.inputs}
    spikes = sum(curve for name, curve in activity.spikes.items() if name not in inputs) / max(network.neurons, 1)
    events = sum(activity.events.values(), np.zeros(record.steps))
    columns: dict[str, Any] = {"spikes/neuron": np.broadcast_to(spikes, record.steps), "events/sample": events}
    if labels is not None:
        columns["accuracy"] = record.accuracy(labels)
    head = ["tick", *columns]
    rows = [[str(t + 1), *(f"{c[t]:,.4g}" for c in columns.values())] for t in range(record.steps)]
    text = f"{activity.samples:,} samples, {record.steps} steps, delay {record.delay}, {record.backend}\n"
    return text + table(head, rows, left=0), {name: [float(v) for v in c] for name, c in columns.items()}


def _described(network: SpikingNetwork) -> dict[str, Any]:
    counted = synapses(network)
    nodes = [
        {
            "name": node.name,
            "kind": type(node).__name__,
            "op": network.origins[node.name].op if node.name in network.origins else "",
            "shape": list(network.shapes[node.name]),
            **(counted[node.name]._asdict() if node.name in counted else {}),
        }
        for node in network
    ]
    return {"schedule": network.schedule, "method": network.method, "neurons": network.neurons, "nodes": nodes}


def _sibling(name: str) -> Any:
    """Import converters or hardware, and make sure it is the one installed beside this package."""
    module = import_module(name)
    home, found = Path(__file__).resolve().parents[1], Path(str(module.__file__)).resolve().parents[1]
    if home != found:
        raise SpikingError(f"'{name}' was imported from {found}, not from {home}; rename or remove what is in the way")
    return module


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spiking", description="Trained networks as spiking networks.")
    parser.add_argument("--version", action="version", version=f"hectohertz {__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", metavar="FILE", help="write JSON to FILE, or to stdout with -")
    shared.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Callable[..., Any], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, parents=[shared])
        made.set_defaults(command=function)
        return made

    convert = command("convert", _convert, "convert an exported program to a spiking network")
    convert.add_argument("model", help="an exported program, .pt2")
    convert.add_argument("--data", required=True, help="calibration samples, .npz or .npy")
    convert.add_argument("-o", "--output", required=True, help="the network to write, .npz")
    convert.add_argument("--method", default="sigma-delta", help="see `spiking list methods`")
    convert.add_argument("--precision", help="sigma-delta: fast, default, exact, auto, or a number")
    convert.add_argument("--error", type=float, help="sigma-delta: the relative error that precision auto aims at")
    convert.add_argument("--param", nargs="+", default=[], metavar="NAME=VALUE", help="other parameters of the method")
    simulate = command("run", _run, "run a spiking network")
    simulate.add_argument("network", help="a network written by `spiking convert`")
    simulate.add_argument("--inputs", required=True, help="samples, .npz (x, and labels if there are) or .npy")
    simulate.add_argument("--steps", type=int, required=True, help="ticks")
    simulate.add_argument("--backend", default="norse", help="see `spiking list backends`")
    simulate.add_argument("--delay", type=int, default=0, help="0, or 1: the physical clock")
    simulate.add_argument("--device", help="where norse runs: cpu, cuda, cuda:1, mps")
    simulate.add_argument("--batch-size", type=int, default=100, help="samples that run together")
    simulate.add_argument("-o", "--output", help="the record to write, .npz")
    _add_cost(command("cost", _cost, "estimate what a network costs on one or more platforms"))
    command("doctor", _doctor, "say what is installed, which devices there are, and what is missing")
    command("validate", _validate, "compare the cost models with measured silicon")
    listing = command("list", _list, "list what is available")
    listing.add_argument("what", choices=["ops", "methods", "backends", "platforms", "nets"])
    show = command("show", _show, "print the nodes of a network, or the calls of a model and what they would become")
    show.add_argument("network", help="a network written by `spiking convert`, or an exported program, .pt2")
    show.add_argument("--depth", default="auto", help="components of names that make a block: 1, 2, …, auto, or all")
    show.add_argument("--graph", metavar="FILE", help="draw the network: .svg (with Graphviz) or .dot")
    return parser


def _add_cost(cost: argparse.ArgumentParser) -> None:
    cost.add_argument(
        "model",
        help="a network (.npz), an exported program (.pt2), or one of `spiking list nets`, also NAME:OPTION=VALUE",
    )
    cost.add_argument("record", nargs="?", help="a record written by `spiking run`; without it, activity is assumed")
    cost.add_argument("--platform", nargs="+", required=True, help="names or TOML files; see `spiking list platforms`")
    cost.add_argument("--batch", type=int, nargs="+", default=[1], help="inferences at a time; several: side by side")
    cost.add_argument(
        "--activity", type=float, metavar="SPIKES", help="assume that a neuron sends as many an inference"
    )
    cost.add_argument("--peers", action="store_true", help="add what other tools would report for the same trace")
    cost.add_argument("--set", nargs="+", default=[], metavar="NAME=NUMBER", help="platform parameters to replace")
    cost.add_argument("--html", metavar="FILE", help="write a self-contained page")
    cost.add_argument("--markdown", metavar="FILE", help="write Markdown")
    cost.add_argument("--csv", metavar="FILE", help="write CSV")
