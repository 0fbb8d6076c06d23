"""Ask an advisory database whether an installed distribution has a known hole: `make audit`.

Ends with 1 if one has. Where no database answers it says so in capitals and ends with 0, because a machine without a
way to the outside shall not fail for that; CI has one. A mirror that knows no distribution is no answer either.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

DATABASES = ("pypi", "osv")  # the names that pip-audit has for them


def main(arguments: list[str]) -> int:
    """Run pip-audit, the first argument, on the folder of packages that is the second; return the exit status."""
    command, folder = arguments
    reasons = []
    for database in DATABASES:
        options = ["--format=json", "--progress-spinner=off", f"--vulnerability-service={database}"]
        process = subprocess.run(
            [command, "--path", folder, *options], capture_output=True, text=True, check=False
        )
        try:
            distributions = json.loads(process.stdout)["dependencies"]
        except (ValueError, KeyError):
            lines = process.stderr.strip().splitlines()
            reasons.append(f"{database}: {lines[-1] if lines else f'exit code {process.returncode}'}")
            continue
        answers = [one for one in distributions if "vulns" in one]
        if answers:
            return report(database, answers, len(distributions))
        reasons.append(f"{database}: it knows none of the {len(distributions)} distributions")
    print("SKIPPED: NO ADVISORY DATABASE ANSWERS, NOTHING WAS CHECKED", *reasons, sep="\n")
    return 0


def report(database: str, answers: list[dict[str, Any]], count: int) -> int:
    """Print each known hole, and return the exit status."""
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no release'}"
        for one in answers
        for hole in one["vulns"]
    ]
    summary = f"{database}: {len(answers)} of {count} distributions checked, {len(holes)} known holes"
    print(*holes, summary, sep="\n")
    return 1 if holes else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
