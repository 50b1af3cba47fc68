"""The oldest versions that setup.cfg allows, as constraints for pip: `python -m tests.floors [name==version …]`.

What is named replaces a floor, such as torch==2.13.0 where older builds are out of reach.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9-]+)>=(?P<floor>[0-9.]+)[^;]*(?:;(?P<where>.*))?")
EXTRAS = ("test",)  # linters and documentation are no part of what the package runs on
TOOLS = ("ruff", "mypy")  # whose newer versions find more


def floors(replaced: Sequence[str] = ()) -> list[str]:
    """Return a line for each requirement of the package and of its tests: name==floor, and where it holds."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in EXTRAS)]
    other = {line.partition("==")[0] for line in replaced}
    lines = list(replaced)
    for line in filter(None, "\n".join(wanted).splitlines()):
        found = REQUIREMENT.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"setup.cfg: '{line}' has no floor; write name>=version")
        where = f";{found['where']}" if found["where"] else ""
        if found["name"] not in {*other, *TOOLS}:
            lines.append(f"{found['name']}=={found['floor']}{where}")
    return lines


if __name__ == "__main__":
    print("\n".join(floors(sys.argv[1:])))
