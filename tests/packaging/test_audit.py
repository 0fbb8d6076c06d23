"""`make audit` and `make test-floors`: what their scripts make of the tools and of pyproject.toml."""

import json
from pathlib import Path

import audit
import floors
import pytest

HOLE = {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": []}


def _pip_audit(folder: Path, *answers: str, code: int = 0) -> str:
    """Make a command that prints the next answer at each call, and ends with the code."""
    for number, answer in enumerate(answers, 1):
        (folder / f"{number}.json").write_text(answer)
    script = folder / "pip-audit"
    script.write_text(
        f'#!/bin/sh\necho call >> "{folder}/calls"\ncat "{folder}/$(wc -l < "{folder}/calls" | tr -d " ").json"\n'
        f"echo 'no way there' >&2\nexit {code}\n"
    )
    script.chmod(0o755)
    return str(script)


def _answer(*distributions: dict[str, object]) -> str:
    return json.dumps({"dependencies": distributions, "fixes": []})


def test_a_known_hole_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The distribution, the advisory and the release that mends it are named."""
    answer = _answer({"name": "leaky", "version": "1.0", "vulns": [HOLE]}, {"name": "x", "skip_reason": "?"})
    assert audit.main([_pip_audit(tmp_path, answer, code=1), "."]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "leaky 1.0: PYSEC-1, mended in 2.0",
        "pypi: 1 of 2 distributions checked, 1 known holes",
    ]


def test_no_hole_passes(tmp_path: Path) -> None:
    """A clean answer ends with 0, and the next database is not asked."""
    answer = _answer({"name": "x", "version": "1.0", "vulns": []})
    assert audit.main([_pip_audit(tmp_path, answer), "."]) == 0
    assert (tmp_path / "calls").read_text().count("call") == 1


def test_a_database_that_knows_nothing_is_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mirror that skips every distribution, and one that is not reached, are said in capitals."""
    nothing = _answer({"name": "x", "skip_reason": "not found"})
    assert audit.main([_pip_audit(tmp_path, nothing, "", code=1), "."]) == 0
    output = capsys.readouterr().out
    assert "SKIPPED: NO ADVISORY DATABASE ANSWERS" in output
    assert "pypi: it knows none of the 1 distributions\nosv: no way there" in output


def test_the_second_database_is_asked(tmp_path: Path) -> None:
    """Where the first does not answer the second decides."""
    answer = _answer({"name": "leaky", "version": "1.0", "vulns": [HOLE]})
    assert audit.main([_pip_audit(tmp_path, "", answer, code=1), "."]) == 1


def test_every_requirement_has_a_floor(tmp_path: Path) -> None:
    """Each requirement of the package is pinned at its lowest version; one without a floor is refused."""
    versions = floors.floors()
    assert versions["pillow"] == "12.3"
    assert {"httpx", "websockets", "pandas", "psycopg", "starlette"} <= versions.keys()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["x"]\n[project.optional-dependencies]\n'
        + "".join(f"{extra} = []\n" for extra in floors.EXTRAS)
    )
    with pytest.raises(SystemExit, match="'x' has no floor"):
        floors.floors(tmp_path)
