"""What the text of a file parameter means, and what is refused in a short line."""

import base64
import os
import sys
from pathlib import Path

import pytest

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema import file_texts
from wiro_widgets.protocol.schema.parameters import Option, Parameter
from wiro_widgets.protocol.schema.scalars import UntrustedText
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
BASE64 = base64.b64encode(PNG).decode()
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))
MP4 = b"\0\0\0\x20ftypisom" + bytes(300)
PICTURE = Parameter("inputImage", kind="file", file_style="single", accept="image")
posix = pytest.mark.skipif(sys.platform == "win32", reason="paths of Windows differ")


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (f"data:image/png;base64,{BASE64}", PNG),
        (f"  DATA:image/png;name=x.png;BASE64,{BASE64}\n", PNG),
        (f"data:image/png;base64,{BASE64.rstrip('=')}", PNG),
        (f"data:image/png;base64,{BASE64.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}", PNG),
        (f"data:;base64,{base64.urlsafe_b64encode(PNG).decode()}", PNG),
        ("data:image/svg+xml,%3Csvg%3E caf%C3%A9", b"<svg> caf\xc3\xa9"),
        (BASE64, PNG),
        ("\n".join(BASE64[i : i + 76] for i in range(0, len(BASE64), 76)), PNG),
        (base64.b64encode(JPEG).decode(), JPEG),
        (base64.b64encode(MP4).decode(), MP4),
    ],
)
def test_a_file_in_the_text_itself(text: str, content: bytes) -> None:
    """data: URLs and bare base64 of a known kind are the bytes that they mean."""
    assert PICTURE.convert(text) == content


@posix
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:///pictures/my%20picture.png", "/pictures/my picture.png"),
        ("file:///pictures/my picture#1?.png", "/pictures/my picture#1?.png"),
        ("file://localhost/x.png", "/x.png"),
        ("FILE:/x.png", "/x.png"),
        ("file://~/x.png", "~/x.png"),
        ("file:///caf%E9.png", os.fsdecode(b"/caf\xe9.png")),
        ("file:///café.png", "/café.png"),
    ],
)
def test_a_file_address_is_a_path(text: str, path: str) -> None:
    """file: names a path of this machine, whatever bytes its name has."""
    assert PICTURE.convert(text) == Path(path)


@pytest.mark.parametrize(
    "text",
    [
        "x.png",
        "~/x.png",
        "C:\\x.png",
        "c:/x.png",
        "sub/iVBORw0KGgo",
        "iVBORw0KGgo",
        "/9j/x.jpg",
        "a:b.png",
        "data",
    ],
)
def test_a_path_stays_a_path(text: str) -> None:
    """What may be the name of a file is left for the file system."""
    assert PICTURE.convert(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data:image/png;base64", "no comma"),
        ("data:image/png;base64,", "is empty"),
        (f"data:image/png;base64,{BASE64}!!", "no valid base64"),
        (f"data:image/png;base64,{BASE64[:-5]}" + "\N{SNOWMAN}", "no valid base64"),
        ("data:" + "x" * 300_000, "no comma"),
        ("s3://bucket/x.png", "s3: cannot be fetched"),
        ("blob:https://wiro.ai/1", "blob: cannot be fetched"),
        ("ftp://host/" + "x" * 300_000, "ftp: cannot be fetched"),
        ("x" * 292_476, "292,476 characters is no path"),
        (BASE64 * 300 + "\N{SNOWMAN}", "is no path"),
        ("https://", "incomplete"),
        ("http:///x.png", "incomplete"),
        ("https://[", "incomplete"),
    ],
)
def test_a_short_line_says_what_is_wrong(text: str, reason: str) -> None:
    """What is no file is refused in one line that does not repeat it."""
    with pytest.raises(InvalidParameter, match=reason) as error_info:
        PICTURE.convert(text)
    assert len(str(error_info.value)) < 200
    assert "\n" not in str(error_info.value)


@posix
def test_another_machine() -> None:
    """A file: address of another machine is refused, except by Windows, which can read it."""
    with pytest.raises(InvalidParameter, match="another machine"):
        PICTURE.convert("file://server/x.png")


def test_too_large_for_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data: URL above the limit is refused before it is decoded."""
    monkeypatch.setattr(file_texts, "MAX_INLINE_BYTES", 600)
    with pytest.raises(InvalidParameter, match="give the path of a file"):
        PICTURE.convert(f"data:image/png;base64,{BASE64}")


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "~/x.png", "/etc/passwd", "data:text/plain,x", BASE64]
)
def test_a_recipe_names_no_file(text: str) -> None:
    """A text out of somebody's picture is a file only if it is a web address."""
    with pytest.raises(InvalidParameter, match="give the file itself"):
        PICTURE.convert(UntrustedText(text))
    with pytest.raises(InvalidParameter, match="give the file itself"):
        PICTURE.read_file(UntrustedText(text))


@pytest.mark.parametrize(
    ("url", "wire_url"),
    [
        (" https://a.example/my picture.png\n", "https://a.example/my%20picture.png"),
        (
            "https://a.example/caf\N{LATIN SMALL LETTER E WITH ACUTE}.png?q=ü",
            "https://a.example/caf%C3%A9.png?q=%C3%BC",
        ),
        ("https://a.example/a%20b.png?x=1&y=%2F#z", "https://a.example/a%20b.png?x=1&y=%2F#z"),
        ("https://bücher.example:8443/x", "https://xn--bcher-kva.example:8443/x"),
        ("https://me:pw@bücher.example/x", "https://me:pw@xn--bcher-kva.example/x"),
        ('https://a.example/"<x>"\\{}|', "https://a.example/%22%3Cx%3E%22%5C%7B%7D%7C"),
        ("https://a.example/lo\n  ng", "https://a.example/lo%20%20ng"),
        ("https://[::1]:8/x?y[]=1", "https://[::1]:8/x?y[]=1"),
        ("https://a.example/" + os.fsdecode(b"caf\xe9"), "https://a.example/caf%E9"),
    ],
)
def test_a_web_address_as_a_server_fetches_it(url: str, wire_url: str) -> None:
    """Blanks and letters outside ASCII are percent-encoded, what is encoded already stays."""
    assert file_texts.web_address(url) == wire_url


LONG = "x" * 300_000


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (PICTURE, LONG),
        (PICTURE, [LONG, LONG]),
        (PICTURE, UntrustedText(LONG)),
        (PICTURE, {"x": LONG}),
        (Parameter("steps", kind="range"), LONG),
        (Parameter("steps", kind="number"), 10**4000),
        (Parameter("fast", kind="boolean"), LONG),
        (Parameter("size", kind="select", options=(Option(LONG, LONG), Option("a", "a"))), LONG + "y"),
        (Parameter("prompt"), {"x": LONG}),
    ],
)
def test_no_error_repeats_a_long_value(parameter: Parameter, value: object) -> None:
    """Whatever is refused is quoted shortly."""
    with pytest.raises(InvalidParameter) as error_info:
        parameter.convert(value)
    assert len(str(error_info.value)) < 1000


def test_no_error_repeats_a_long_name() -> None:
    """Neither a parameter's name nor a model's is repeated without limit."""
    schema = ModelSchema.built_in("tencent/hunyuan-flux-srpo")
    assert schema is not None
    with pytest.raises(InvalidParameter) as error_info:
        schema.bind({LONG: 1})
    assert len(str(error_info.value)) < 1000
    with pytest.raises(InvalidParameter) as error_info:
        split_model(LONG)
    assert len(str(error_info.value)) < 300
