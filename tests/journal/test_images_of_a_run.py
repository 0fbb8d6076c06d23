"""Images: the pictures of a run as a list, in a notebook, on the disk and as inputs."""

import copy
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from wiro_widgets import Images, TaskRecord
from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import InvalidParameter, OutputError
from wiro_widgets.protocol.replies import OutputInfo

COLOURS = ("red", "green", "blue")


@pytest.fixture
def result(tmp_path: Path) -> TaskResult:
    """Return the result of a run with three pictures on the disk, and a film."""
    paths = [tmp_path / f"a-b-7-{number}.png" for number in range(3)]
    for path, colour in zip(paths, COLOURS, strict=True):
        Image.new("RGB", (40, 30), colour).save(path)
    film = tmp_path / "a-b-7-3.mp4"
    film.write_bytes(b"\0\0\0\x18ftypmp42")
    return result_of(
        TaskRecord(
            "7",
            "a/b",
            outcome="succeeded",
            prompt="a fox / in the <b>snow</b>",
            seed=5,
            parameters={"steps": 20, "input-image": "x.png", "list": [1]},
            created_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
            output_paths=tuple(map(str, [*paths, film])),
        )
    )


def test_it_is_a_list(result: TaskResult) -> None:
    """Everything that a list does, and the files beside."""
    images = result.images
    assert isinstance(images, list)
    assert [image.getpixel((0, 0)) for image in images] == [(255, 0, 0), (0, 128, 0), (0, 0, 255)]
    assert [output.name for output in images.outputs] == ["a-b-7-0.png", "a-b-7-1.png", "a-b-7-2.png"]
    assert images.record is result.record
    assert images == list(images)
    assert images[-1] is list(images)[2]
    assert not Images()


def test_short_reprs(result: TaskResult) -> None:
    """One short line, whatever it holds."""
    assert repr(result.images) == "<Images: 3 pictures of 40 x 30, a/b, task 7>"
    assert repr(Images()) == "<Images: 0 pictures>"
    answer = TaskResult(TaskRecord("8", "a/llm", text="x" * 900), (), "x" * 900)
    assert repr(answer.images) == "<Images: 0 pictures, 900 characters, a/llm, task 8>"
    assert repr(Images([Image.new("L", (1, 1)), Image.new("L", (2, 1))])) == "<Images: 2 pictures>"


@pytest.mark.parametrize(
    "again",
    [
        copy.copy,
        copy.deepcopy,
        lambda images: images.copy(),
        lambda images: images[:],
        lambda images: pickle.loads(pickle.dumps(images)),  # noqa: S301 - our own
    ],
)
def test_a_copy_knows_the_files(result: TaskResult, again: Any) -> None:
    """Copied, pickled or cut, each picture knows its file."""
    images = again(result.images)
    assert type(images) is Images
    assert [output.name[-5] for output in images.outputs] == ["0", "1", "2"]
    assert [output.name[-5] for output in images[::-2].outputs] == ["2", "0"]
    assert images.record == result.record


def test_a_pickled_output_keeps_its_own_picture(result: TaskResult) -> None:
    """An output from another process shows its picture, not one that was decoded here before."""
    first, second = result.outputs[:2]

    foreign = copy.copy(first)
    # As another process may have numbered it.
    foreign.__setstate__({**first.__getstate__(), "_key": second._key})
    second.peek()
    assert foreign.image().getpixel((0, 0)) == (255, 0, 0)


def test_its_own_pictures_stay_its_own(result: TaskResult, tmp_path: Path) -> None:
    """A picture that was put into it has no file of the run, and is saved as it is."""
    images = result.images
    images[1] = Image.new("RGB", (8, 8), "white")
    assert [output.name[-5] for output in images.outputs] == ["0", "2"]
    inputs = images.__wiro_input__()
    assert inputs[1] is images[1]
    assert isinstance(inputs[0], Output)
    paths = images.save(tmp_path / "saved", name="{index}")
    assert [path.name for path in paths] == ["0.png", "1.png", "2.png"]
    with Image.open(paths[1]) as image:
        assert image.size == (8, 8)
    assert paths[0].read_bytes() == Path(result.record.output_paths[0]).read_bytes()


def test_save(result: TaskResult, tmp_path: Path) -> None:
    """The folder is made, names say what made the pictures, and nothing is overwritten."""
    folder = tmp_path / "new" / "folder"
    names = [path.name for path in result.images.save(folder)]
    assert names == [f"a-fox-in-the-b-snow-b-5-{number}.png" for number in range(3)]
    again = result.images.save(str(folder))
    assert [path.name for path in again] == [
        f"a-fox-in-the-b-snow-b-5-{number} (2).png" for number in range(3)
    ]
    assert len(list(folder.iterdir())) == 6


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{model}-{task_id}-{index:03}", "a-b-7-000.png"),
        ("{created_at:%Y-%m-%d} {steps}", "2026-05-01-20.png"),
        ("{input-image}", "x.png.png"),
        ("{index}.PNG", "0.png"),
        ("{index}.jpg", "0.png"),
        ("../../{index}", "0.png"),
        ("/etc/{prompt}", "etc-a-fox-in-the-b-snow-b.png"),
        ("..", "wiro.png"),
        ("", "wiro.png"),
        ("con", "_con.png"),
        ("NUL.txt", "_NUL.txt.png"),
        (".hidden", "hidden.png"),
        ("a\0b\nc\u202ed", "a-b-c-d.png"),
        ("{prompt!r:.5}", "a-fo.png"),
        ("{{x}}", "x.png"),
        ("C:\\x\\{index}", "C-x-0.png"),
        ("狐" * 200, "狐" * 48 + ".png"),
    ],
)
def test_names_are_safe(result: TaskResult, tmp_path: Path, pattern: str, name: str) -> None:
    """A name never leaves the folder and is valid on any system."""
    folder = tmp_path / "pictures"
    (path,) = result.images[:1].save(folder, name=pattern)
    assert path == folder / name
    assert path.is_file()


def test_what_a_run_does_not_have_is_left_out(tmp_path: Path) -> None:
    """A run without a seed or a prompt has names without them, in any format."""
    path = tmp_path / "1.png"
    Image.new("L", (4, 4)).save(path)
    images = result_of(TaskRecord("1", output_paths=(str(path),))).images
    assert images.save(tmp_path, name="{prompt:.40}-{seed:06d}-{index}")[0].name == "0.png"
    assert Images([Image.new("L", (4, 4))]).save(tmp_path)[0].name == "0 (2).png"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{sed}", "Did you mean 'seed'"),
        ("{index.__class__}", "no field"),
        ("{prompt[0]}", "no field"),
        ("{list}", "no field"),
        ("{}", "no field"),
        ("{0}", "no field"),
        ("{index", "no pattern"),
        ("{seed:q}", "no pattern"),
        ("{index!z}", "no pattern"),
    ],
)
def test_other_patterns_are_refused(result: TaskResult, tmp_path: Path, pattern: str, words: str) -> None:
    """The error names `name` and what is wrong, and nothing is made."""
    with pytest.raises(InvalidParameter, match=words) as caught:
        result.images.save(tmp_path / "none", name=pattern)
    assert caught.value.parameter == "name"
    assert not (tmp_path / "none").exists()


def test_links_are_not_written_through(result: TaskResult, tmp_path: Path) -> None:
    """A link that has the name already is left alone, also one that leads nowhere."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "0.png").symlink_to(tmp_path / "elsewhere.png")
    (path,) = result.images[:1].save(folder, name="{index}")
    assert path.name == "0 (2).png"
    assert not (tmp_path / "elsewhere.png").exists()


def test_a_missing_file_leaves_nothing(result: TaskResult, tmp_path: Path) -> None:
    """What cannot be saved raises, and leaves no empty file."""
    images = result.images
    Path(result.record.output_paths[1]).unlink()
    with pytest.raises(OutputError, match="cannot be read"):
        images.save(tmp_path / "saved", name="{index}")
    assert [path.name for path in (tmp_path / "saved").iterdir()] == ["0.png"]


def test_files_of_a_broken_download_say_so() -> None:
    """A picture that is missing raises as the outputs do."""
    missing = Output(OutputInfo("0.png", "image/png"), error=OutputError("has expired", output="0.png"))
    with pytest.raises(OutputError, match="has expired"):
        Images.of_outputs((missing,), None)


def test_in_a_notebook(result: TaskResult) -> None:
    """A row of pictures with what made them, escaped, and the names of other files."""
    text = result.images._repr_html_()
    assert text.count("<img") == 3
    assert "&lt;b&gt;snow" in text
    assert "task 7" in text
    assert "a-b-7-3.mp4" in text
    assert "<script" not in text
    assert result.images[:1]._repr_html_().count("<img") == 1
    assert Images([Image.new("L", (4, 4))] * 30)._repr_html_().count("and 6 more") == 1


def test_one_picture_is_larger_than_many(tmp_path: Path) -> None:
    """A single picture is shown large, and no wider than its column."""
    path = tmp_path / "1.png"
    Image.new("RGB", (1024, 512)).save(path)
    one = result_of(TaskRecord("1", output_paths=(str(path),))).images._repr_html_()
    six = result_of(TaskRecord("1", output_paths=(str(path),) * 6)).images._repr_html_()
    assert 'width="480" height="240"' in one
    assert "max-width:100%;height:auto" in one
    assert six.count('width="160" height="80"') == 6


def test_a_language_model_shows_its_answer() -> None:
    """A run without pictures shows its text."""
    record = TaskRecord("8", "a/llm", text="<i>Yes</i>")
    text = TaskResult(record, (), record.text).images._repr_html_()
    assert "&lt;i&gt;Yes" in text
