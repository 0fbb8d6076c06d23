"""Presets: named values of a model, kept in the journal."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.postgres_server import new_place
from wiro_widgets.journal import database
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.prompts import presets as presets_module
from wiro_widgets.journal.prompts.presets import Presets, styled
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, WiroWarning
from wiro_widgets.protocol.replies import OutputInfo

MODEL = "tencent/hunyuan-flux-srpo"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path for a journal."""
    return tmp_path / "journal.sqlite3"


@pytest.fixture(params=["file", "server", "memory"])
def presets(request: pytest.FixtureRequest) -> Iterator[Presets]:
    """Yield the presets of a model, in a file, in a team's server and in memory."""
    with Journal.open(None if request.param == "memory" else new_place(request, request.param)) as journal:
        yield Presets(journal, MODEL)


def test_what_is_saved_is_there(presets: Presets) -> None:
    """Names in the order of the alphabet, values as JSON has them; a second save replaces the first."""
    presets["dusk"] = {"prompt": "a lighthouse at dusk", "steps": 20, "scale": 3.5, "note": None}
    presets["Dawn"] = {"seed": 2**63}
    assert (list(presets), len(presets), "dusk" in presets, "noon" in presets) == (
        ["Dawn", "dusk"],
        2,
        True,
        False,
    )
    assert presets["dusk"] == {"prompt": "a lighthouse at dusk", "steps": 20, "scale": 3.5, "note": None}
    assert presets["Dawn"] == {"seed": 2**63}
    presets["dusk"] = {"steps": 8}
    assert dict(presets) == {"Dawn": {"seed": 2**63}, "dusk": {"steps": 8}}
    del presets["dusk"]
    assert list(presets) == ["Dawn"]
    assert repr(presets) == f"<Presets of {MODEL}: Dawn>"


def test_every_model_has_its_own(path: Path) -> None:
    """A preset of one model is none of another, and another kernel reads it."""
    with Journal.open(path) as journal, Journal.open(path) as other:
        Presets(journal, MODEL)["dusk"] = {"steps": 8}
        assert list(Presets(journal, "a/b")) == []
        assert Presets(other, MODEL)["dusk"] == {"steps": 8}


def test_a_name_that_nobody_saved(presets: Presets) -> None:
    """The error names the model and what there is."""
    with pytest.raises(KeyError, match="no preset 'dusk'; there are none yet"):
        presets["dusk"]
    presets["dusk"] = {}
    for act in (presets.__getitem__, presets.__delitem__, lambda name: presets.rename(name, "noon")):
        with pytest.raises(KeyError, match="did you mean 'dusk'"):
            act("dsk")


def test_rename(presets: Presets) -> None:
    """The values and the default go with the name, and no other preset is lost to it."""
    presets.update({"dusk": {"steps": 8}, "noon": {"steps": 9}})
    presets.default = "dusk"
    presets.rename("dusk", "evening")
    presets.rename("evening", "evening")
    assert (dict(presets), presets.default) == ({"evening": {"steps": 8}, "noon": {"steps": 9}}, "evening")
    with pytest.raises(InvalidParameter, match="'noon' already"):
        presets.rename("evening", "noon")
    assert presets["noon"] == {"steps": 9}


def test_one_default(presets: Presets) -> None:
    """There is one at most, and it goes with its preset."""
    presets.update({"dusk": {"steps": 8}, "noon": {"steps": 9}})
    assert presets.default is None
    presets.default = "dusk"
    presets.default = "noon"
    assert (presets.default, repr(presets)) == ("noon", f"<Presets of {MODEL}: dusk, noon (default)>")
    presets["noon"] = {"steps": 10}
    assert presets.default == "noon"
    del presets["noon"]
    assert presets.default is None
    presets.default = "dusk"
    presets.default = None
    assert presets.default is None
    with pytest.raises(KeyError):
        presets.default = "midnight"


def test_a_style_is_no_default(presets: Presets) -> None:
    """It needs a prompt to stand around."""
    presets["photo"] = {"prompt": "a photo of {prompt}"}
    with pytest.raises(InvalidParameter, match="a style"):
        presets.default = "photo"


@pytest.mark.parametrize("name", ["", "  \n", "x" * 81, 3, None])
def test_what_is_no_name(presets: Presets, name: Any) -> None:
    """A name is a short line."""
    with pytest.raises(InvalidParameter, match="1 to 80 characters") as refused:
        presets[name] = {}
    assert refused.value.parameter == "name"


def test_a_name_is_one_plain_line(presets: Presets) -> None:
    """What prints nothing becomes a blank."""
    presets[" a\x1b[2J\n\tb\u202e "] = {"steps": 8}
    assert list(presets) == ["a [2J b"]


@pytest.mark.parametrize("values", [None, "steps", [("steps", 8)], {1: 2}])
def test_what_are_no_values(presets: Presets, values: Any) -> None:
    """A dict by the names of parameters is needed."""
    with pytest.raises(InvalidParameter, match="a dict of parameters"):
        presets["dusk"] = values


def test_files_and_secrets_are_left_out(presets: Presets, tmp_path: Path) -> None:
    """A web address is kept; bytes, paths, results and what is named like a credential are not."""
    presets["dusk"] = {
        "inputImage": tmp_path / "a.png",
        "mask": b"png",
        "several": [b"a", "https://example.org/a.png"],
        "result": Output(OutputInfo(name="0.png", url="https://example.org/0.png")),
        "address": "https://example.org/a.png",
        "api_key": "hidden",
        "steps": 8,
    }
    assert presets["dusk"] == {"address": "https://example.org/a.png", "steps": 8}


def test_they_do_not_grow_without_bound(presets: Presets, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one of them nor their number; what is there can still be replaced."""
    with pytest.raises(InvalidParameter, match="too long"):
        presets["dusk"] = {"prompt": "x" * 200_001}
    monkeypatch.setattr(presets_module, "MAX_PRESETS", 2)
    presets.update({"a": {}, "b": {}})
    with pytest.raises(InvalidParameter, match="delete one first"):
        presets["c"] = {}
    presets["b"] = {"steps": 8}
    assert presets["b"] == {"steps": 8}


def test_half_characters_do_no_harm(presets: Presets) -> None:
    """A lone surrogate, which SQLite cannot store, becomes a question mark, in a name a blank."""
    presets["a\ud800"] = {"prompt": "b\ud800"}
    assert list(presets.items()) == [("a", {"prompt": "b?"})]


def test_a_locked_journal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving says in one short error that another process has locked it, and reading goes on."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with Journal.open(path) as journal, closing(sqlite3.connect(path, isolation_level=None)) as other:
        presets = Presets(journal, MODEL)
        presets["dusk"] = {"steps": 8}
        other.execute("BEGIN IMMEDIATE")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", WiroWarning)
            with pytest.raises(ConfigurationError, match=r"Presets cannot be saved: .* locked") as refused:
                presets["noon"] = {}
            assert len(str(refused.value)) < 200 + len(str(path))
            assert presets["dusk"] == {"steps": 8}
        other.execute("ROLLBACK")
        presets["noon"] = {}
        assert list(presets) == ["dusk", "noon"]


def test_a_journal_that_is_not_ours_to_write(plain_user: Path) -> None:
    """It says so when presets are read and when they are saved, and its repr is not an error."""
    path = plain_user / "journal.sqlite3"
    with Journal.open(path) as journal:
        Presets(journal, MODEL)["dusk"] = {}
    path.chmod(0o400)
    with pytest.warns(WiroWarning):
        journal = Journal.open(path)
    presets = Presets(journal, MODEL)
    with pytest.raises(ConfigurationError, match=r"cannot be read: .*Permission"):
        list(presets)
    with pytest.raises(ConfigurationError, match=r"Presets cannot be .*Permission"):
        presets["dusk"] = {}
    assert repr(presets) == f"<Presets of {MODEL}, which cannot be read>"
    journal.close()


def test_a_journal_without_the_table_gets_it(path: Path) -> None:
    """One that an earlier version made, which goes on to use it; its version stays."""
    Journal.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE presets")
        version = connection.execute("PRAGMA user_version").fetchone()
    with Journal.open(path) as journal:
        Presets(journal, MODEL)["dusk"] = {"steps": 8}
        assert list(Presets(journal, MODEL)) == ["dusk"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == version


def test_a_damaged_preset(path: Path) -> None:
    """It is named, can be saved again and deleted, and the others are read."""
    with Journal.open(path) as journal:
        presets = Presets(journal, MODEL)
        presets.update({"dusk": {}, "noon": {"steps": 9}})
        journal.execute("UPDATE presets SET parameters = '[' WHERE name = 'dusk'", {}, writes=True)
        with pytest.raises(ConfigurationError, match="'dusk' in the journal is damaged"):
            presets["dusk"]
        assert (list(presets), presets["noon"]) == (["dusk", "noon"], {"steps": 9})
        presets["dusk"] = {"steps": 8}
        assert presets["dusk"] == {"steps": 8}


@pytest.mark.parametrize(
    ("template", "text", "result"),
    [
        ("a photo of {prompt}, 35 mm", "a fox", "a photo of a fox, 35 mm"),
        ("a photo of {prompt}, 35 mm", "a photo of a fox, 35 mm", "a photo of a fox, 35 mm"),
        ("{prompt}", "a fox", "a fox"),
        ("{prompt} and {prompt}!", "a", "a and a!"),
        ("{prompt} and {prompt}!", "a and a!", "a and a!"),
        ("{prompt} and {prompt}!", "a and b!", "a and b! and a and b!!"),
        ("no place", "a fox", "no place"),
        ("a {prompt} fox", "", "a  fox"),
        ("a {prompt} fox", "a  fox", "a  fox"),
        ("a {prompt} {fox}", "{prompt}", "a {prompt} {fox}"),
    ],
)
def test_a_style_around_a_prompt(template: str, text: str, result: str) -> None:
    """The prompt stands where the style says; loading it twice changes nothing more."""
    assert styled(template, text) == result
    assert styled(template, result) == result
