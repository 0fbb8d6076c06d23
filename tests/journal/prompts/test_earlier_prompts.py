"""The prompts of earlier runs of a model."""

from pathlib import Path

import pytest

from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.prompts import earlier_prompts as module
from wiro_widgets.journal.prompts.earlier_prompts import earlier_prompts

SERVER = "https://api.wiro.ai/v1"


@pytest.mark.parametrize("is_in_memory", [True, False])
def test_each_once_and_the_newest_first(place: Path | str, is_in_memory: bool) -> None:
    """Those of one model; a prompt that was used again comes first again, and an empty one is none."""
    with Journal.open(None if is_in_memory else place) as journal:
        for prompt in ("a fox", "a hen", "a fox", "", "a\nb"):
            journal.begin(SERVER, "a/b", {"prompt": prompt})
        journal.begin(SERVER, "a/c", {"prompt": "another model"})
        journal.begin(SERVER, "a/b", {"seed": 1})
        journal.begin(SERVER, "a/b", {"prompt": ["no", "text"]})
        assert earlier_prompts(journal, "a/b") == ["a\nb", "a fox", "a hen"]
        assert earlier_prompts(journal, "nobody/nothing") == []


def test_what_was_forgotten_is_none(place: Path | str) -> None:
    """A run that was taken out of the journal leaves no prompt behind."""
    with Journal.open(place) as journal:
        journal.forget(journal.begin(SERVER, "a/b", {"prompt": "a fox"}))
        assert earlier_prompts(journal, "a/b") == []


def test_there_are_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 at most, and not more text than a page takes in one message."""
    with Journal.open(None) as journal:
        for number in range(250):
            journal.begin(SERVER, "a/b", {"prompt": f"fox {number}"})
        prompts = earlier_prompts(journal, "a/b")
        assert (len(prompts), prompts[0], prompts[-1]) == (200, "fox 249", "fox 50")
        monkeypatch.setattr(module, "MAX_CHARACTERS", 20)
        assert earlier_prompts(journal, "a/b") == ["fox 249", "fox 248"]


def test_a_damaged_row_does_no_harm(tmp_path: Path) -> None:
    """Parameters that are no JSON have no prompt."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        journal.begin(SERVER, "a/b", {"prompt": "a fox"})
        journal.begin(SERVER, "a/b", {"prompt": "a hen"})
        journal.execute("UPDATE runs SET parameters = '{' WHERE parameters LIKE '%hen%'", {}, writes=True)
        assert earlier_prompts(journal, "a/b") == ["a fox"]
