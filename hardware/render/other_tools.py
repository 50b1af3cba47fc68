"""What other tools say, as plain text."""

from __future__ import annotations

from spiking import escaping, table

from ..analysis.other_tools import Peer, Peers
from ..quantity import scaled


def peers(found: Peers) -> str:
    """Return the rows for people, how each tool gets there, and what it ignores."""
    rows = [_cells(row, found.work.macs) for row in found.rows]
    lines = [f"what other tools say of {found.work.headline}; every tool at batch 1", ""]
    lines.append(table(["tool", "device", "asked about", "says", "MACs unseen"], rows, left=3))
    tools: dict[str, Peer] = {}
    for row in found.rows:
        tools.setdefault(row.tool, row)
    lines += ["", "how each gets there:"]
    lines += [f"  {text}" for text in dict.fromkeys(f"{r.tool}, {r.net}: {r.formula}" for r in found.rows)]
    lines.append("what each ignores:")
    lines += [f"  {name} {row.version}: {', '.join(row.ignores)}" for name, row in tools.items()]
    remarks = dict.fromkeys(f"  {row.tool}: {text}" for row in found.rows for text in row.remarks)
    return escaping.lines("\n".join([*lines, *(["and of this network:", *remarks] if remarks else [])]))


def _cells(row: Peer, macs: int) -> list[str]:
    says = ", ".join(f"{scaled(n, '1')} {name}" for name, n in row.counts.items())
    if row.energy is not None:
        says = row.energy.nominal if row.energy.value else "0"  # the silent zero, as it would print it
    missed = sum(row.missed.values())
    share = f"{100 * missed / macs:.1f} %" if missed and macs else "–"
    return [row.tool, row.device, row.net, "fails" if row.fails else says, share]
