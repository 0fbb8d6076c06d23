"""The gallery's index: what it has of the journal, in which order it reads, and what it makes of damage."""

import sqlite3
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.postgres_server import new_place
from wiro_widgets.journal.database import Store
from wiro_widgets.journal.gallery import run_index, run_listing
from wiro_widgets.journal.gallery.derived_file import folder_of
from wiro_widgets.journal.gallery.run_index import RunIndex
from wiro_widgets.journal.gallery.run_listing import Filter
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.protocol.record import Outcome, TaskRecord

SERVER = "https://api.wiro.ai/v1"
NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["file", "server", "memory"])
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    """Yield an empty journal, in a file, in a team's server or in memory."""
    with Journal.open(None if request.param == "memory" else new_place(request, request.param)) as journal:
        yield journal


@pytest.fixture
def index(journal: Journal) -> Iterator[RunIndex]:
    """Yield an index of it."""
    index = RunIndex(journal, folder_of(journal.path))
    yield index
    index.close()


def run(
    journal: Journal,
    prompt: str,
    *,
    model: str = "a/b",
    outcome: Outcome = "succeeded",
    cost: float | None = None,
) -> str:
    """Add a run that is over, and return its id."""
    run_id = journal.begin(SERVER, model, {"prompt": prompt, "steps": 20})
    record = TaskRecord("1", model, prompt=prompt, outcome=outcome, total_cost=cost)
    journal.settle(run_id, record)
    return run_id


def matches(index: RunIndex, text: str = "", **facts: object) -> list[str]:
    """Return the ids of the runs that match, the newest first."""
    while not index.sync(1):
        pass
    filters = [Filter(text, **facts)]  # type: ignore[arg-type] # the fields by name
    numbers = run_listing.read(index, SERVER, filters).numbers
    ids = run_listing.ids_by_number(index, numbers)
    return [ids[number] for number in numbers]


def old_journal(path: Path, count: int) -> list[str]:
    """Make a journal whose runs were there before there was an index, and return their ids, the newest first."""
    store = Store(path)
    rows = [
        JournalRow(f"r{place}", SERVER, "a/b", {"prompt": f"old {place}"}, NOW + timedelta(seconds=place))
        for place in range(count)
    ]
    store.save(rows, {})
    store._connection.execute("DELETE FROM changes")
    store.close()
    return [row.id for row in reversed(rows)]


def test_texts_models_tags_and_notes_are_searched(journal: Journal, index: RunIndex) -> None:
    """A part of a word is enough, in any case and script; all words must match; quotation marks keep words together."""
    fox = run(journal, "A Fox at the Lighthouse", model="tencent/flux")
    other = run(journal, "eine Straße, 狐狸在海边")
    journal.annotate(other, tags=("Best of",), notes="for Anna's *book* [2]")
    assert matches(index) == [other, fox]
    assert matches(index, "LIGHT") == matches(index, "fox light") == matches(index, "light fox") == [fox]
    assert matches(index, "tencent") == [fox]
    assert matches(index, "STRASSE") == matches(index, "狐狸在") == matches(index, "狐狸") == [other]
    assert (
        matches(index, "best anna") == matches(index, '"best of"') == matches(index, "*book* [2]") == [other]
    )
    assert matches(index, "fox 狐狸在") == matches(index, 'fox"') == []
    assert matches(index, '"of best"') == matches(index, "fo?") == matches(index, "owl") == []


def test_filters(journal: Journal, index: RunIndex) -> None:
    """Models, outcomes, star, tags, days and cost, alone and together."""
    dear = run(journal, "one", cost=0.5)
    failed = run(journal, "two", model="c/d", outcome="failed", cost=0.0)
    free = run(journal, "three", model="e/f")
    open_run = journal.begin(SERVER, "a/b", {})
    journal.annotate(dear, star=True, tags=("x", "y"))
    assert matches(index, models=["c/d", "e/f"]) == [free, failed]
    assert matches(index, outcomes=["failed"]) == [failed]
    assert matches(index, outcomes=["unknown"]) == [open_run]
    assert matches(index, star=True) == matches(index, tags=["y", "x"]) == [dear]
    assert matches(index, tags=["x", "z"]) == matches(index, star=True, models=["c/d"]) == []
    assert matches(index, min_cost=0.1) == [dear]
    assert matches(index, max_cost=0.1) == [open_run, free, failed]
    today = datetime.now().astimezone().date()
    since, until = run_listing.day_range(today, today)
    assert len(matches(index, since=since, until=until)) == 4
    since, until = run_listing.day_range(today + timedelta(days=1), None)
    assert matches(index, since=since, until=until) == []
    assert run_listing.models(index, SERVER) == [("a/b", 2), ("c/d", 1), ("e/f", 1)]
    assert run_listing.tags(index, SERVER) == ["x", "y"]


def test_changes_are_read_and_nothing_twice(journal: Journal, index: RunIndex) -> None:
    """A star, a note and a forgotten run come with the next sync."""
    first, second = run(journal, "first"), run(journal, "second")
    assert matches(index) == [second, first]
    journal.annotate(first, notes="remember")
    journal.forget(second)
    assert matches(index, "remember") == matches(index) == [first]
    assert matches(index, "second") == []


def test_another_server_and_refused_runs_are_not_shown(journal: Journal, index: RunIndex) -> None:
    """The gallery shows what the history has."""
    own = run(journal, "own")
    journal.begin("https://elsewhere/v1", "a/b", {"prompt": "own"})
    journal.end(journal.begin(SERVER, "a/b", {"prompt": "own"}), SERVER)
    assert matches(index, "own") == [own]


def test_an_old_journal_is_read_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest runs can be shown after the first chunk; a change meanwhile is not lost, and a kill loses nothing."""
    monkeypatch.setattr(run_index, "CHUNK", 10)
    ids = old_journal(tmp_path / "journal.sqlite3", 35)
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        index = RunIndex(journal, folder_of(journal.path))
        assert not index.sync()
        numbers = run_listing.read(index, SERVER, [Filter()]).numbers
        assert sorted(run_listing.ids_by_number(index, numbers).values()) == sorted(ids[:10])
        assert index.progress == (10, 35)
        journal.annotate(ids[-1], notes="changed")
        journal.forget(ids[20])
        index.close()
        index = RunIndex(journal, folder_of(journal.path))
        assert matches(index) == ids[:20] + ids[21:]
        assert matches(index, "changed") == ids[-1:]
        assert index.progress is None
        index.close()


def test_a_change_of_an_earlier_version_is_seen(tmp_path: Path) -> None:
    """What another program writes to the table is seen as well: triggers number it."""
    path = tmp_path / "journal.sqlite3"
    with Journal.open(path) as journal:
        run_id = run(journal, "before")
        index = RunIndex(journal, folder_of(path))
        assert matches(index, "before") == [run_id]
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE runs SET notes = 'after'")
        connection.close()
        assert matches(index, "after") == [run_id]
        index.close()


def test_a_replaced_journal_and_a_damaged_index(tmp_path: Path) -> None:
    """The index of another journal, or one that is no database, is made anew."""
    path = tmp_path / "journal.sqlite3"
    folder = folder_of(path)
    assert folder is not None
    for prompt in ("one", "two"):
        with Journal.open(path) as journal:
            run_id = run(journal, prompt)
            index = RunIndex(journal, folder)
            assert matches(index) == [run_id]
            index.close()
        for file in tmp_path.glob("journal.sqlite3*"):
            file.unlink()
    (folder / "index.sqlite3").write_bytes(b"no database" * 1000)
    with Journal.open(path) as journal:
        run_id = run(journal, "three")
        index = RunIndex(journal, folder)
        assert matches(index) == [run_id]
        index.close()
    assert folder.stat().st_mode & 0o077 == 0


def test_without_fts5_texts_are_searched_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SQLite that was built without its search reads all texts."""
    monkeypatch.setattr(run_index, "_WORDS", "CREATE VIRTUAL TABLE words USING absent(text)")
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        run_id = run(journal, "a lighthouse")
        run(journal, "a fox")
        index = RunIndex(journal, folder_of(journal.path))
        assert not index.has_trigrams
        assert matches(index, "HOUSE") == [run_id]
        index.close()


def test_damaged_rows_spoil_nothing(tmp_path: Path) -> None:
    """A row whose JSON cannot be read is in the index with what can be read."""
    path = tmp_path / "journal.sqlite3"
    with Journal.open(path) as journal:
        first, second = run(journal, "first"), run(journal, "second")
        with sqlite3.connect(path) as connection:
            connection.execute(
                "UPDATE runs SET record = '{', parameters = 'x', tags = '[' WHERE id = ?", [first]
            )
        connection.close()
        index = RunIndex(journal, folder_of(path))
        assert matches(index) == [second, first]
        assert matches(index, "second") == [second]
        assert matches(index, tags=["x"]) == []
        assert run_listing.tags(index, SERVER) == []
        index.close()


@pytest.mark.parametrize(
    "read",
    [
        lambda index: index.version,
        lambda index: index.progress or True,
        lambda index: index.read("SELECT count(*) FROM cards", ()),
        lambda index: index.sync() or True,
    ],
    ids=["version", "progress", "read", "sync"],
)
def test_an_index_that_is_damaged_within_is_made_anew(
    tmp_path: Path, read: Callable[[RunIndex], object]
) -> None:
    """Damage behind the first page is seen when it is read: then the index is made from the journal again."""
    path = tmp_path / "journal.sqlite3"
    with Journal.open(path) as journal:
        ids = [run(journal, f"lighthouse {number}") for number in range(200)]
        index = RunIndex(journal, folder_of(path))
        assert len(matches(index)) == 200
        index.close()
        file = tmp_path / "gallery-of-journal.sqlite3" / "index.sqlite3"
        data = file.read_bytes()
        file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
        index = RunIndex(journal, folder_of(path))
        assert read(index)
        assert sorted(matches(index)) == sorted(ids)
        assert matches(index, "lighthouse 17")[-1] == ids[17]
        index.close()


def test_an_index_that_is_locked_is_left_alone(tmp_path: Path) -> None:
    """Another process that writes to the index is waited for, and its file is not taken for a damaged one."""
    path = tmp_path / "journal.sqlite3"
    with Journal.open(path) as journal:
        run_id = run(journal, "a lighthouse")
        index = RunIndex(journal, folder_of(path))
        assert matches(index) == [run_id]
        file = tmp_path / "gallery-of-journal.sqlite3" / "index.sqlite3"
        number = file.stat().st_ino
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        index._writer.execute("PRAGMA busy_timeout = 10")
        run(journal, "a fox")
        assert index.sync(60)
        assert len(index.read("SELECT 1 FROM cards", ())) == 1
        other.execute("ROLLBACK")
        other.close()
        assert len(matches(index)) == 2
        assert file.stat().st_ino == number
        index.close()


def test_a_journal_that_cannot_be_read_is_not_an_empty_one(
    journal: Journal, index: RunIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that could not be read while the journal was locked are read later."""
    if journal.path is None:
        pytest.skip("it is never locked")
    ids = [run(journal, f"run {number}") for number in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(journal, "fetch", lambda _sql, _values: None)
        assert index.sync(60)
    assert matches(index) == ids[::-1]
    ids += [run(journal, f"run {number}") for number in range(3, 5)]
    with monkeypatch.context() as patch:
        patch.setattr(journal, "fetch", lambda _sql, _values: None)
        assert index.sync(60)
    assert matches(index) == ids[::-1]


def test_a_closed_index_says_so(journal: Journal) -> None:
    """Reading on in an index that was closed meanwhile ends, and not by going on for ever."""
    index = RunIndex(journal, folder_of(journal.path))
    run(journal, "x")
    index.close()
    with pytest.raises(sqlite3.ProgrammingError):
        index.sync(60)


def test_it_tells_which_runs_are_gone(tmp_path: Path) -> None:
    """What another process has forgotten is told, so that what is derived from it can go as well."""
    lost_ids: list[str] = []
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        index = RunIndex(journal, folder_of(journal.path), lost_ids.extend)
        first, second = run(journal, "first"), run(journal, "second")
        assert matches(index) == [second, first]
        with Journal.open(tmp_path / "journal.sqlite3") as other:
            other.forget(first)
        assert matches(index) == [second]
        assert lost_ids == [first]
        index.close()


def test_without_a_writable_folder_the_index_is_in_memory(tmp_path: Path) -> None:
    """A drive that takes no index shows the runs all the same."""
    (tmp_path / "taken").write_text("a file where the folder would be")
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        run_id = run(journal, "x")
        index = RunIndex(journal, tmp_path / "taken")
        assert matches(index) == [run_id]
        index.close()


def test_days_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are counted by the days of this clock, each day once, across a change of the clock."""
    import time  # noqa: PLC0415 - tzset is not on Windows

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        moments = [
            datetime(2026, 10, 25, 22, 59, tzinfo=UTC),  # 23:59 on the 25th, which has 25 hours
            datetime(2026, 10, 24, 22, 0, tzinfo=UTC),  # its first moment
            datetime(2026, 10, 24, 21, 59, tzinfo=UTC),
            datetime(2026, 1, 1, 0, 0, tzinfo=UTC),
        ]
        times = [run_index.microseconds(moment) for moment in moments]
        one_listing = run_listing.Listing(array("q", range(4)), array("q", times))
        assert one_listing.days() == [("2026-10-25", 2), ("2026-10-24", 1), ("2026-01-01", 1)]
    finally:
        monkeypatch.undo()
        time.tzset()
