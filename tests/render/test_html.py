import base64
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.media import images
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.text.text_content import text_content
from wiro_widgets.render import grid, html
from wiro_widgets.render.grid import Grid, GridCell, Layout
from wiro_widgets.render.progress_line import ProgressLine

EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>"&'
RECORD = TaskRecord(
    "534574",
    "a/b",
    outcome="succeeded",
    prompt=EVIL,
    seed=3,
    total_cost=0.0024,
    elapsed_seconds=1.5,
    error=EVIL,
)


class Elements(HTMLParser):
    """The elements of a page, and every address in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element."""
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a large picture."""
    path = tmp_path_factory.mktemp("pictures") / "large.png"
    Image.effect_noise((1200, 800), 90).convert("RGB").save(path)
    return path


def output(path: Path) -> Output:
    """Return a picture as an output."""
    return Output(OutputInfo(name=path.name, content_type="image/png"), path=path)


def layout(path: Path, count: int = 4) -> Layout:
    """Return a grid of two rows."""
    row = ((GridCell(EVIL, "succeeded", (output(path),)),),) * count
    return Layout("seed", "prompt", tuple(str(n) for n in range(count)), (EVIL, "y"), (row, row))


@pytest.fixture(scope="module")
def pages(picture: Path) -> dict[str, str]:
    """Return everything that a notebook shows of runs."""
    path = picture
    result = TaskResult(RECORD, (output(path),), text=EVIL)
    journal = Journal.open(None)
    run_id = journal.begin("https://api.wiro.ai/v1", EVIL, {})
    journal.settle(run_id, RECORD, [path])
    journal.annotate(run_id, tags=(EVIL,), star=True)
    return {
        "result": result._repr_html_(),
        "history": History(journal, "https://api.wiro.ai/v1")._repr_html_(),
        "grid": Grid(layout(path))._repr_html_(),
        "sweep": ProgressLine(EVIL, EVIL, EVIL, 0.5, EVIL)._repr_html_()
        + grid.table(layout(path), 96, large=False),
    }


@pytest.mark.parametrize("name", ["result", "history", "grid", "sweep"])
def test_html_is_harmless(pages: dict[str, str], name: str) -> None:
    """HTML has no script, no handler and no URL but its own pictures, whatever a prompt says."""
    page = Elements(pages[name])
    assert {"script", "iframe", "object", "link", "form"}.isdisjoint(page.names)
    assert page.handlers == []
    assert page.addresses
    assert all(address.startswith("data:image/") for address in page.addresses)


@pytest.mark.parametrize("name", ["result", "history", "grid", "sweep"])
def test_prompts_show_as_they_are(pages: dict[str, str], name: str) -> None:
    """A prompt with markup shows as text."""
    assert "&lt;script&gt;alert(" in pages[name]


def test_thumbnails_are_small(picture: Path) -> None:
    """A picture is shown at most 160 pixels wide and high, in a few kilobytes."""
    text = html.thumbnail(picture) or ""
    match = re.search(r"base64,([^\"]+)\" width=\"(\d+)\" height=\"(\d+)\"", text)
    assert match is not None
    assert (match[2], match[3]) == ("160", "107")
    assert len(base64.b64decode(match[1])) < 40_000 < picture.stat().st_size


def test_many_pictures_are_bounded(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large grid leaves cells out and says how many, and so does a large result: a notebook stores them."""
    monkeypatch.setattr(grid, "MAX_CELLS", 5)
    assert "3 cells are not shown" in grid.table(layout(picture), 32, large=False)
    monkeypatch.setattr(grid, "MAX_CELLS", 400)
    monkeypatch.setattr(grid, "MAX_BYTES", 3000)
    assert "cells are not shown" in grid.table(layout(picture), 64, large=True)
    text = html.result(RECORD, [output(picture)] * 30, None)
    assert (text.count("<img"), "and 6 more" in text) == (html.MAX_THUMBNAILS, True)


def test_a_click_enlarges(picture: Path, tmp_path: Path) -> None:
    """A picture that is larger than its thumbnail opens to a larger one, without a script; a small one does not."""
    large = Grid(layout(picture, 1))._repr_html_()
    assert (large.count("<details"), 'width="512"' in large) == (2, True)
    Image.new("RGB", (20, 20)).save(tmp_path / "small.png")
    assert "<details" not in Grid(layout(tmp_path / "small.png", 1))._repr_html_()


def test_other_files_show_their_names(tmp_path: Path) -> None:
    """A film, a broken picture and a missing file show by their names, and nothing is raised."""
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    film = Output(OutputInfo(name="film.mp4", content_type="video/mp4"), data=b"....ftyp")
    missing = Output(
        OutputInfo(name="lost.png", content_type="image/png"), error=OutputError("is gone", output="lost.png")
    )
    text = html.result(RECORD, [output(tmp_path / "broken.png"), film, missing], None)
    assert "<img" not in text
    assert all(name in text for name in ("broken.png", "film.mp4", "lost.png", "is gone"))
    places = ((GridCell("x", "succeeded", (film,)), GridCell("y", "failed", (), "out of memory")),)
    table = grid.table(Layout("", "", ("",), ("",), (places,)), 64, large=True)
    assert "film.mp4" in table
    assert 'title="y: out of memory"' in table


def test_answers_show_in_a_grid() -> None:
    """A cell of text shows it in place of a picture, clipped and escaped; another file shows its name."""
    answer = Output(OutputInfo(name="0", content_type="raw", content=text_content({"raw": EVIL + "x" * 500})))
    film = Output(OutputInfo(name="film.mp4", content_type="video/mp4"), data=b"....ftyp")
    places = (
        (GridCell("a", "succeeded", (answer,), caption=EVIL), GridCell("b", "succeeded", (film, answer))),
    )
    table = grid.table(Layout("", "", ("",), ("",), (places,)), 64, large=True)
    assert Elements(table).names.count("script") == Elements(table).names.count("img") == 0
    assert table.count("&lt;script&gt;alert(") == 3
    assert ">0<" not in table
    assert "x" * 160 not in table
    assert GridCell("", "succeeded", (film,)).placeholder == "film.mp4"
    assert [GridCell("", status, ()).placeholder for status in ("pending", "running", "failed")] == [
        "to go",
        "running",
        "failed",
    ]


def test_values_become_labels(tmp_path: Path) -> None:
    """A value of an axis is labelled by its text, a file by its name, and long texts are cut."""
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        labels = [
            grid.label(value)
            for value in (20, 3.5, True, None, tmp_path / "a.png", picture, "x\n y", "x" * 99)
        ]
    assert labels == ["20", "3.5", "true", "none", "a.png", "a.png", "x y", "x" * 77 + "..."]


def test_results_say_what_made_them(picture: Path) -> None:
    """Under its pictures a result has its prompt, model, task, seed, time and cost."""
    record = TaskRecord(
        "7", "a/b", prompt="a cat", seed=3, total_cost=0.0024, elapsed_seconds=1.5, reused_from="6"
    )
    text = TaskResult(record, (output(picture),))._repr_html_()
    assert "a cat<br>a/b, task 7, seed 3, 1.5 s, $0.0024, reused from task 6" in text


def test_a_result_from_a_record_opens_nothing(tmp_path: Path) -> None:
    """The result of a record is made without opening a file."""
    record = TaskRecord(
        "7", output_paths=(str(tmp_path / "a.png"),), output_urls=("https://a.b/a.png?key=1",)
    )
    result = result_of(record)
    assert [item.name for item in result.outputs] == ["a.png"]
    assert result_of(TaskRecord("7", created_at=datetime.now(UTC))).outputs == ()


def test_a_result_from_a_record_has_its_text() -> None:
    """A language model's answer comes back with the record, as the result's text and as an output."""
    result = result_of(TaskRecord("7", output_count=1, text="It scatters."))
    assert (result.text, [item.text for item in result.outputs]) == ("It scatters.", ["It scatters."])
    beside = TaskRecord("7", output_count=2, output_urls=("https://a.b/a.png",), text="a lighthouse")
    assert [item.text for item in result_of(beside).outputs] == [None, "a lighthouse"]


def test_answers_show_as_text() -> None:
    """A language model's answer shows in a result, a grid and a history: escaped and clipped."""
    record = TaskRecord("7", "a/b", outcome="succeeded", output_count=1, text=EVIL + "x" * 10_000)
    result = result_of(record)
    journal = Journal.open(None)
    journal.settle(journal.begin("s", "a/b", {}), record)
    places = (((GridCell("seed 1", "succeeded", result.outputs),),),)
    pages = {
        "result": result._repr_html_(),
        "grid": Grid(Layout("seed", "", ("1",), ("",), places))._repr_html_(),
        "history": History(journal, "s")._repr_html_(),
    }
    for name, text in pages.items():
        assert "&lt;script&gt;alert(" in text, name
        assert "<script" not in text, name
        assert len(text) < 6_000, name
    assert "<span" not in pages["result"]


def test_a_record_shows_its_row() -> None:
    """A record shows its fields as a table, escaped, and in a terminal as one line."""
    text = RECORD._repr_html_()
    assert Elements(text).names.count("script") == Elements(text).names.count("img") == 0
    assert "<th>total_cost</th>" in text
    assert "started_at" not in text
    assert "\n" not in repr(RECORD)
    assert len(TaskRecord(prompt="x" * 10**6)._repr_html_()) < 2000


def test_a_thumbnail_is_that_of_the_file_as_it_is(tmp_path: Path) -> None:
    """Thumbnails are cached, and a file that has changed gets a new one."""
    path = tmp_path / "a.png"
    elements = []
    for size in (8, 8, 16):
        Image.new("RGB", (size, size)).save(path)
        elements.append(html.thumbnail(path, 96))
    assert elements[0] == elements[1] != elements[2]


def test_a_picture_that_is_not_shown_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture beyond the limits, or a broken one, is named with the reason, in a result and in a grid."""
    path = tmp_path / "large.png"
    Image.new("RGB", (40, 40)).save(path)
    (tmp_path / "broken.png").write_bytes(path.read_bytes()[:20])
    monkeypatch.setattr(images, "MAX_PIXELS", 1_599)
    for name, words in (
        ("large.png", "has more than 1,599 pixels"),
        ("broken.png", "cannot read its header"),
    ):
        item = Output(OutputInfo(name=name, content_type="image/png"), path=tmp_path / name)
        cell = GridCell("", "succeeded", (item,))
        table = Grid(Layout("", "", ("",), ("",), (((cell,),),)))._repr_html_()
        assert f"{name}: " in table
        assert words in table
        assert words in html.picture_of(item)
    monkeypatch.setattr(html, "MAX_FILE", 10)
    assert "too many for a small picture" in html.picture_of(item)
