"""Pictures as inputs: rare formats are converted, broken ones refused by the name of their field."""

import io
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest
from PIL import Image

from tests.media.pictures import image_bytes, picture
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.requests import Upload
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.protocol.schema.tool_detail import Group
from wiro_widgets.runs import inputs

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400)
AVIF = image_bytes(picture(), "AVIF")
JPEG = image_bytes(picture(300, 300), "JPEG")


def upload_of(value: object, help_text: str = "", accept: bool = True) -> Upload:
    """Return what is sent for this value of a field of images."""
    parameter = Parameter("inputImage", kind="file", help=help_text, accept="image" if accept else None)
    schema = ModelSchema("a/b", groups=(Group("", (parameter,)),))
    with ExitStack() as files:
        upload = inputs.prepare({"inputImage": value}, schema, files)["inputImage"]
    assert isinstance(upload, Upload)
    return upload


def content(upload: Upload) -> bytes:
    """Return the bytes that are sent."""
    return cast("BinaryIO", upload.content).read()


def test_avif_is_sent_as_png() -> None:
    """An AVIF is converted for a model that says nothing of it: few models read it."""
    upload = upload_of(inputs.NamedBytes(AVIF, "photo.avif"))
    assert (upload.filename, upload.content_type) == ("photo.png", "image/png")
    with Image.open(io.BytesIO(content(upload))) as image:
        assert image.tobytes() == Image.open(io.BytesIO(AVIF)).tobytes()


@pytest.mark.parametrize("help_text", ["JPG, PNG, AVIF or HEIC", "Formats: png, heif, avif. No GIF."])
def test_a_model_that_takes_a_rare_format_gets_it(help_text: str) -> None:
    """A model whose own words name the format gets the file as it is."""
    assert content(upload_of(AVIF, help_text)) == AVIF
    assert content(upload_of(HEIC, help_text)) == HEIC


def test_a_field_of_any_file_gets_the_file() -> None:
    """A field that is not for images gets the file as it is."""
    assert content(upload_of(HEIC, accept=False)) == HEIC


@pytest.mark.parametrize("help_text", ["", "JPG and PNG", "HEIC is not supported."])
def test_heic_without_a_decoder_names_one(
    tmp_path: Path, help_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without pillow-heif, a HEIC is refused with its name, its type and the package that reads it."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "IMG_1.HEIC").write_bytes(HEIC)
    with pytest.raises(InvalidParameter, match=r"IMG_1.HEIC is image/heic.*pillow-heif") as info:
        upload_of(tmp_path / "IMG_1.HEIC", help_text)
    assert info.value.parameter == "inputImage"


def test_an_array_of_floats_is_a_picture_or_names_its_field() -> None:
    """Floats from 0 to 1 are sent as a PNG; others are refused with field, type, range and advice."""
    white = np.ones((2, 3, 3), np.float32)
    with Image.open(io.BytesIO(content(upload_of(white)))) as image:
        assert image.tobytes() == b"\xff" * 18
    with pytest.raises(
        InvalidParameter, match=r"this float32 one has 255.0 to 255.0; where 255 is white"
    ) as info:
        upload_of(white * 255)
    assert info.value.parameter == "inputImage"


def test_heic_is_converted_where_it_can_be() -> None:
    """With pillow-heif, a HEIC is sent as an upright PNG."""
    pillow_heif = pytest.importorskip("pillow_heif")
    target = io.BytesIO()
    pillow_heif.from_pillow(picture(mode="RGB")).save(target, quality=95)
    upload = upload_of(inputs.NamedBytes(target.getvalue(), "IMG_1.HEIC"))
    assert upload.filename == "IMG_1.png"
    with Image.open(io.BytesIO(content(upload))) as image:
        assert image.size == (96, 64)


def test_a_damaged_rare_format_is_refused() -> None:
    """An AVIF that cannot be converted is not sent."""
    with pytest.raises(
        InvalidParameter, match=r"photo.avif is image/avif.*Convert it to PNG or JPEG"
    ) as info:
        upload_of(inputs.NamedBytes(AVIF[:-200], "photo.avif"))
    assert info.value.parameter == "inputImage"


@pytest.mark.parametrize("with_schema", [True, False])
def test_broken_pictures_name_their_field(with_schema: bool) -> None:
    """A picture that is cut short, closed or has no agreed white is refused by its field, with a schema or without."""
    no_file = Image.open(io.BytesIO(JPEG))
    no_file.close()
    parameter = Parameter("inputImage", kind="file", accept="image")
    schema = ModelSchema("a/b", groups=(Group("", (parameter,)),)) if with_schema else None
    bad_values = (
        Image.open(io.BytesIO(JPEG[:-300])),
        no_file,
        Image.new("F", (4, 4), 1.5),
        np.full((4, 4), 2.5),
    )
    for value in bad_values:
        with pytest.raises(InvalidParameter) as info:
            inputs.prepare({"inputImage": [value]}, schema, ExitStack())
        assert info.value.parameter == "inputImage"
