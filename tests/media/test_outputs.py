from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.media.pictures import image_bytes, picture
from wiro_widgets.media import images
from wiro_widgets.media import output as output_module
from wiro_widgets.media.output import Output, images_of
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.text.text_content import TextContent

DATA = image_bytes(picture(), "PNG")
INFO = OutputInfo(
    name="0.png",
    content_type="image/png",
    size=202472,
    url="https://cdn1.wiro.ai/6a6af820/0.png?Signature=hidden",
    id="6bc392c9",
    access_key="dFKlMApaSgMeHKsJyaDeKrefcHahUK",
)


@pytest.fixture
def on_disk(tmp_path: Path) -> Output:
    """Return an output whose file is in its folder."""
    path = tmp_path / "outputs" / "model-1-0.png"
    path.parent.mkdir()
    path.write_bytes(DATA)
    return Output(INFO, path=path, task_id="1")


def test_output_on_disk(on_disk: Output) -> None:
    """An output on disk gives its bytes, its true size and a picture."""
    assert on_disk.bytes() == DATA
    assert on_disk.size == len(DATA)
    assert on_disk.image().size == (96, 64)


def test_output_in_memory() -> None:
    """An output in memory gives its bytes and a picture."""
    output = Output(INFO, data=DATA)
    assert (output.bytes(), output.image().size, output.size) == (DATA, (96, 64), len(DATA))


def test_output_has_the_fields_of_wiro() -> None:
    """Name, type, URL and, before the download, the size are Wiro's."""
    output = Output(INFO)
    assert (output.name, output.content_type, output.size) == ("0.png", "image/png", 202472)
    assert output.url == "https://cdn1.wiro.ai/6a6af820/0.png?Signature=hidden"


def test_output_that_failed_raises_why() -> None:
    """An output that could not be downloaded raises the reason from every method that needs the bytes."""
    failure = OutputError("the address has expired", output="0.png", task_id="1")
    output = Output(INFO, error=failure)
    for use in (output.bytes, output.image, lambda: output.save("x.png")):
        with pytest.raises(OutputError, match="has expired"):
            use()


def test_output_not_downloaded_says_so() -> None:
    """An output without a file raises that it was not downloaded."""
    with pytest.raises(OutputError, match=r"0.png of task 1: was not downloaded"):
        Output(INFO, task_id="1").bytes()


def test_output_whose_file_is_gone_names_the_path(on_disk: Output) -> None:
    """A missing file raises OutputError with the path."""
    assert on_disk.path is not None
    on_disk.path.unlink()
    with pytest.raises(OutputError, match=r"cannot be read from .*model-1-0.png: No such file"):
        on_disk.image()


def test_each_image_is_fresh(on_disk: Output) -> None:
    """Drawing on one decoded picture does not show in the next."""
    on_disk.image().paste(0, (0, 0, 96, 64))
    assert on_disk.image().tobytes() == picture().tobytes()


def test_save_into_a_folder(on_disk: Output, tmp_path: Path) -> None:
    """Saving into a folder uses the output's own name, and a free one the second time."""
    assert [on_disk.save(tmp_path).name for _ in range(2)] == ["model-1-0.png", "model-1-0 (2).png"]


def test_save_to_a_path(on_disk: Output, tmp_path: Path) -> None:
    """Saving to a path replaces the file there and leaves no temporary file."""
    target = tmp_path / "mine.png"
    target.write_bytes(b"old")
    assert on_disk.save(str(target)).read_bytes() == DATA
    assert sorted(item.name for item in tmp_path.iterdir()) == ["mine.png", "outputs"]


def test_save_onto_itself(on_disk: Output) -> None:
    """Saving an output onto its own file keeps it."""
    assert on_disk.path is not None
    assert on_disk.save(on_disk.path).read_bytes() == DATA


@pytest.mark.parametrize(
    ("name", "content_type", "file_name"),
    [
        ("../../evil.png", None, "wiro-12-0.png"),
        ("sitecustomize.py", "text/x-python", "wiro-12-0.bin"),
        ("con.png", "image/png", "wiro-12-0.png"),
        (".bashrc", None, "wiro-12-0.bin"),
    ],
)
def test_save_into_a_folder_takes_no_name_of_the_server(
    tmp_path: Path, name: str, content_type: str | None, file_name: str
) -> None:
    """In a folder an output gets a name of our own: the server's could mean something there."""
    output = Output(OutputInfo(name=name, content_type=content_type), data=DATA, task_id="12")
    assert output.save(tmp_path) == tmp_path / file_name
    assert output.save(tmp_path / "mine.py") == tmp_path / "mine.py"


def test_text_is_saved_as_text(tmp_path: Path) -> None:
    """A language model's answer is saved as .txt, whatever the server calls it."""
    info = OutputInfo(name="sitecustomize.py", content_type="raw", content=TextContent(answer=("42",)))
    assert Output(info, task_id="12").save(tmp_path) == tmp_path / "wiro-12-0.txt"
    with_name = Output(info, task_id="12", file_name="owner-chat-12-3.txt")
    assert with_name.save(tmp_path) == tmp_path / "owner-chat-12-3.txt"


def test_text_output() -> None:
    """A language model's output is its text; asking it for a picture says so."""
    output = Output(OutputInfo(name="raw", content_type="raw", content=TextContent(answer=("42",))))
    assert (output.text, output.bytes(), output.is_image) == ("42", b"42", False)
    with pytest.raises(OutputError, match=r"is text, not an image. Read .text"):
        output.image()


@pytest.mark.parametrize(
    ("info", "data", "expected"),
    [
        (OutputInfo("0.png", "image/jpeg"), None, True),
        (OutputInfo("0.bin", "application/octet-stream"), DATA, True),
        (OutputInfo("0.png", None), None, True),
        (OutputInfo("0.mp4", "video/mp4"), None, False),
        (OutputInfo("0.svg", "image/svg+xml"), None, False),
        (OutputInfo("0", None), b"hello", False),
    ],
)
def test_is_image(info: OutputInfo, data: bytes | None, expected: bool) -> None:
    """A picture is recognised by its type, else by its bytes, else by its name."""
    assert Output(info, data=data).is_image is expected


def test_repr_hides_the_query(on_disk: Output) -> None:
    """A repr has the name and the place, without the query of the URL and without the access key."""
    assert repr(on_disk).startswith(f"<Output 0.png image/png, {len(DATA):,} bytes, /")
    assert repr(Output(INFO)) == (
        "<Output 0.png image/png, 202,472 bytes, https://cdn1.wiro.ai/6a6af820/0.png>"
    )


def test_access_key_is_not_stored() -> None:
    """The access key of a file is nowhere in the object."""
    assert "dFKlMApaSgMeHKsJyaDeKrefcHahUK" not in str(vars(Output(INFO)))


def test_a_peek_saves_the_next_decoding(on_disk: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next caller of `image` gets the image of the peek, the one after it a new one: no two share an image."""
    calls: list[object] = []
    original = images.decode

    def decode(data: bytes, **options: Any) -> Image.Image:
        calls.append(data)
        return original(data, **options)

    monkeypatch.setattr(images, "decode", decode)
    peeked_at = on_disk.peek()
    first, second = on_disk.image(), on_disk.image()
    assert first is peeked_at
    assert second is not first
    assert second.tobytes() == first.tobytes()
    assert len(calls) == 2


def test_a_peek_is_for_one_output() -> None:
    """Two outputs of the same bytes share no image."""
    one, other = (Output(INFO, data=DATA) for _ in range(2))
    image = one.peek()
    assert other.image() is not image
    assert one.image() is image


def test_few_peeks_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first, and an image that is too large by itself is not kept."""
    monkeypatch.setattr(output_module, "_recent", type(output_module._recent)())
    monkeypatch.setattr(output_module, "MAX_RECENT_PIXELS", 2 * 96 * 64)
    outputs = [Output(INFO, data=DATA) for _ in range(3)]
    peeks = [output.peek() for output in outputs]
    assert [output.image() is image for output, image in zip(outputs, peeks, strict=True)] == [
        False,
        True,
        True,
    ]
    monkeypatch.setattr(output_module, "MAX_RECENT_PIXELS", 96 * 64 - 1)
    assert outputs[0].peek() is not outputs[0].image()


def test_the_images_of_several_outputs() -> None:
    """Pictures among the outputs come as images, in order; other files and texts are left out."""
    film = Output(OutputInfo("film.mp4", "video/mp4"), data=b"....ftyp")
    small = Output(OutputInfo("1.png"), data=image_bytes(picture(10, 10), "PNG"))
    assert [image.size for image in images_of([Output(INFO, data=DATA), film, small])] == [(96, 64), (10, 10)]
