"""Names say what a thing is: bare participles (`found`, `told`, `kept`) are rare."""

from pathlib import Path

import pytest
from name_census import LIMIT, census

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("folder", ["wiro_widgets", "tests", "benchmarks", "tools", "docs"])
def test_bare_participles_are_rare(folder: str) -> None:
    """The share of such names among all that a folder binds is under the limit."""
    total, participles, places = census(ROOT / folder)
    assert total > 0
    assert participles.total() / total < LIMIT, places


def test_the_census_counts_participles(tmp_path: Path) -> None:
    """Bare ones are counted wherever a name is bound; nouns, states and names of two words are not."""
    (tmp_path / "a.py").write_text("found = 1\ndef told(kept): ...\nrows = closed = found_rows = 2\n")
    total, participles, _ = census(tmp_path)
    assert (total, dict(participles)) == (6, {"found": 1, "told": 1, "kept": 1})
