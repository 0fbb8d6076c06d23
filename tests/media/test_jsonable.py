import io
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wiro_widgets.media.jsonable import plain, without_files
from wiro_widgets.protocol.requests import Upload


def test_values_survive_json() -> None:
    """Texts, numbers, booleans and lists of them survive a round trip through JSON."""
    values = {"prompt": "Zürich", "seed": 2**80, "scale": 3.5, "on": True, "none": None, "many": [1, "a"]}
    assert json.loads(json.dumps(plain(values))) == values


def test_files_become_name_and_size(tmp_path: Path) -> None:
    """A file value of any type becomes a name and a size, never its content."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"12345")
    with path.open("rb") as file:
        values = {
            "path": path,
            "upload": Upload("cat.png", "image/png", b"1234"),
            "bytes": b"123",
            "image": Image.new("RGB", (4, 3)),
            "array": np.zeros((2, 2), dtype=np.uint8),
            "object": file,
        }
        result = plain(values)
    assert result == {
        "path": {"file": "photo.jpg", "size": 5},
        "upload": {"file": "cat.png", "size": 4},
        "bytes": {"file": "bytes", "size": 3},
        "image": {"file": "image 4x3", "size": None},
        "array": {"file": "array 2x2", "size": 4},
        "object": {"file": "photo.jpg", "size": None},
    }


def test_odd_values_become_text() -> None:
    """Numbers of other libraries become numbers, infinite ones nothing, other objects their type."""
    values = {"np": np.int64(7), "inf": float("inf"), "decimal": Decimal("0.1"), "object": object()}
    assert plain(values) == {"np": 7, "inf": None, "decimal": "0.1", "object": "<object>"}


def test_lone_surrogates_can_be_stored() -> None:
    """A lone surrogate, which no file can store, becomes a question mark."""
    assert plain({"prompt": "a\ud800b"})["prompt"].encode() == b"a?b"


def test_endless_nesting_ends() -> None:
    """A value that contains itself ends."""
    endless: list[object] = []
    endless.append(endless)
    assert "<list>" in json.dumps(plain({"x": endless}))


@pytest.mark.parametrize("name", ["api_key", "openaiApiKey", "client-secret", "password", "hfToken"])
def test_credentials_are_left_out(name: str) -> None:
    """A text under the name of a credential is left out, at any depth."""
    assert plain({name: "n32r4bx1", "nested": {name: "n32r4bx1"}}) == {"nested": {}}


def test_token_counts_are_kept() -> None:
    """A number is no credential, whatever it is called."""
    assert plain({"max_token": "512", "tokens": 3}) == {"max_token": "512", "tokens": 3}


def test_published_values_hold_names_only() -> None:
    """Published values have no sizes, no URLs with access keys, and no callback URL."""
    values = {
        "inputImage": "https://user:pw@cdn.example/a/b/my%20cat.png?X-Signature=abc",
        "mask": io.BytesIO(b"1"),
        "callbackUrl": "https://me.example/hook",
        "images": [b"1", "https://host.example"],
        "prompt": "like https://example.com but red",
    }
    assert without_files(values) == {
        "inputImage": "my cat.png",
        "mask": "file",
        "images": ["bytes", "host.example"],
        "prompt": "like https://example.com but red",
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/srv/private/photo.png", "photo.png"),
        ("~/photo.png", "photo.png"),
        ("C:\\Users\\me\\photo.png", "photo.png"),
        ("/imagine a cat, 4.5k", "/imagine a cat, 4.5k"),
        ("and/or", "and/or"),
    ],
)
def test_a_path_is_reduced_to_its_name_for_others(text: str, name: str) -> None:
    """A recipe contains no folder names of this machine; a prompt stays a prompt."""
    assert without_files({"inputImage": text}) == {"inputImage": name}
