"""Print each requirement of pyproject.toml at its floor, as constraints for pip: `pip install -c FILE '.[sandbox]'`.

`make test-floors` runs the tests of the main job with them.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("pandas", "polars", "postgres", "sandbox")
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)")


def floors(root: Path = ROOT) -> dict[str, str]:
    """Return the lowest allowed version of each requirement of the package and of its extras."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    requirements = [*project["dependencies"], *(item for extra in EXTRAS for item in extras.get(extra, []))]
    versions = {}
    for requirement in requirements:
        floor = REQUIREMENT.fullmatch(requirement)
        if floor is None:
            raise SystemExit(f"{requirement!r} has no floor of the form name>=version.")
        versions[floor[1]] = floor[2]
    return versions


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}=={version}\n" for name, version in floors().items())
