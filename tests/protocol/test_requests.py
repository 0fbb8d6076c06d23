"""One function for each endpoint: JSON or the parts of a form (docs/protocol.md, Run)."""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from wiro_widgets.protocol import requests
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.requests import Request, Upload
from wiro_widgets.protocol.schema.schema import ModelSchema

MODEL = "tencent/hunyuan-flux-srpo"
PHOTO = Upload("photo.jpg", "image/jpeg", b"\xff\xd8", 2)
SKETCH = Upload("sketch.png", "image/png", b"\x89PNG", 4)
URL = "https://example.com/image1.jpg"


def _with_files(kind: str) -> ModelSchema:
    items = [{"id": "prompt", "type": "text"}, {"id": "photos", "type": kind}]
    return ModelSchema.from_tool({"slugowner": "a", "slugproject": "b", "parameters": [{"items": items}]})


def _run(kind: str, files: object) -> Request:
    schema = _with_files(kind)
    return requests.run("a/b", schema.bind({"prompt": "x", "photos": files}), schema)


def test_a_run_without_files_is_json() -> None:
    """Values keep their types."""
    schema = ModelSchema.built_in(MODEL)
    assert schema is not None
    bound = schema.bind({"prompt": "a lighthouse", "seed": 7350148318, "scale": 3.5, "strength": "0.88"})
    request = requests.run(MODEL, bound, schema)
    assert request == Request(
        "/Run/tencent/hunyuan-flux-srpo",
        "run",
        json={"prompt": "a lighthouse", "scale": 3.5, "strength": 0.88, "seed": 7350148318},
    )
    assert '"seed": 7350148318' in json.dumps(request.json)


def test_a_run_with_a_file_is_a_form() -> None:
    """Every value is its shortest text: 3.5 is "3.5", and a seed keeps its digits."""
    schema = ModelSchema.built_in(MODEL)
    assert schema is not None
    values: dict[str, Any] = {"prompt": "x", "steps": 20, "scale": 3.5, "strength": 0.88, "seed": 7350148318}
    request = requests.run(MODEL, schema.bind({**values, "inputImage": PHOTO}), schema)
    assert request.json is None
    assert request.parts == (
        ("prompt", "x"),
        ("inputImage", PHOTO),
        ("steps", "20"),
        ("scale", "3.5"),
        ("strength", "0.88"),
        ("seed", "7350148318"),
    )


def test_an_image_by_address_needs_no_form() -> None:
    """Wiro fetches it by itself."""
    schema = ModelSchema.built_in(MODEL)
    assert schema is not None
    request = requests.run(MODEL, schema.bind({"prompt": "x", "inputImage": URL}), schema)
    assert request.json == {"prompt": "x", "inputImage": URL}


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (MODEL, "/Run/tencent/hunyuan-flux-srpo"),
        ("alibaba/wan 2.6", "/Run/alibaba/wan%202.6"),
        ("wiro/Virtual Try-On", "/Run/wiro/Virtual%20Try-On"),
        ("a/b?c#d%", "/Run/a/b%3Fc%23d%25"),
        ("ä/ö", "/Run/%C3%A4/%C3%B6"),
    ],
)
def test_path_segments_are_percent_encoded(model: str, path: str) -> None:
    """Slugs contain spaces and dots, which must not change the path."""
    assert requests.run(model, {}).path == path


def test_a_fileinput_is_one_part() -> None:
    """Or one URL, in the same field."""
    assert _run("fileinput", PHOTO).parts == (("prompt", "x"), ("photos", PHOTO))
    assert _run("fileinput", URL).json == {"prompt": "x", "photos": URL}


def test_a_multifileinput_has_files_and_addresses_apart() -> None:
    """Repeated parts in one field, a comma list of URLs in the other; both are always there."""
    assert _run("multifileinput", [PHOTO, URL, SKETCH, f"{URL}?a=1,2"]).parts == (
        ("prompt", "x"),
        ("photos", PHOTO),
        ("photos", SKETCH),
        ("photosUrl", f"{URL},{URL}?a=1%2C2"),
    )
    assert _run("multifileinput", [PHOTO]).parts == (("prompt", "x"), ("photos", PHOTO), ("photosUrl", ""))
    assert _run("multifileinput", URL).json == {"prompt": "x", "photos": "", "photosUrl": URL}


def test_a_combinefileinput_mixes_them_in_their_order() -> None:
    """Repeated parts and repeated texts of one name."""
    request = _run("combinefileinput", [PHOTO, URL, SKETCH])
    assert request.parts == (("prompt", "x"), ("photos", PHOTO), ("photos", URL), ("photos", SKETCH))
    assert _run("combinefileinput", [URL, URL]).json == {"prompt": "x", "photos": [URL, URL]}


@pytest.mark.parametrize("files", [[PHOTO, SKETCH], (PHOTO, SKETCH)])
def test_files_of_a_model_without_a_schema(files: object) -> None:
    """They are repeated parts."""
    assert requests.run("a/b", {"photos": files}).parts == (("photos", PHOTO), ("photos", SKETCH))


@pytest.mark.parametrize(
    ("value", "as_json", "as_text"),
    [
        (True, True, "true"),
        (None, None, ""),
        (20.0, 20.0, "20"),
        (np.int64(5), 5, "5"),
        (np.float32(0.88), 0.88, "0.88"),
        (np.True_, True, "true"),
        (Decimal("3.50"), 3.5, "3.5"),
        ({"a": [1]}, {"a": [1]}, '{"a": [1]}'),
        ("words", "words", "words"),
    ],
)
def test_values_of_a_model_without_a_schema(value: object, as_json: object, as_text: str) -> None:
    """Values keep their types, numpy's become Python's, structures in a form become JSON text."""
    assert requests.run("a/b", {"x": value}).json == {"x": as_json}
    assert requests.run("a/b", {"x": value, "f": PHOTO}).parts == (("x", as_text), ("f", PHOTO))


@pytest.mark.parametrize(
    "value", [float("nan"), 2**2000, object(), b"bytes", "half\ud83d", [np.nan], {"a": {1, 2}}]
)
def test_values_that_json_cannot_carry_are_refused(value: object) -> None:
    """The error names the field, before anything is sent."""
    with pytest.raises(InvalidParameter, match="cannot be sent") as refusal:
        requests.run("a/b", {"x": value})
    assert refusal.value.parameter == "x"


def test_a_run_without_a_model_is_refused() -> None:
    """The name is checked first."""
    with pytest.raises(InvalidParameter, match="owner/name"):
        requests.run("hunyuan", {})


def test_a_task_is_asked_for_by_id_or_token() -> None:
    """The id goes first."""
    assert requests.task_detail(task_id="5").json == {"taskid": "5"}
    assert requests.task_detail(token="t").json == {"tasktoken": "t"}
    assert requests.task_detail(task_id="5", token="t").json == {"taskid": "5"}


@pytest.mark.parametrize(
    ("request_", "path", "safety", "body"),
    [
        (requests.task_detail(task_id="5"), "/Task/Detail", "read", {"taskid": "5"}),
        (requests.cancel("5"), "/Task/Cancel", "control", {"taskid": "5"}),
        (requests.kill("5"), "/Task/Kill", "control", {"taskid": "5"}),
        (requests.delete_files("t"), "/Task/InputOutputDelete", "control", {"tasktoken": "t"}),
        (
            requests.tool_detail("alibaba/wan 2.6"),
            "/Tool/Detail",
            "read",
            {"slugowner": "alibaba", "slugproject": "wan 2.6"},
        ),
        (
            requests.task_list(start=20, limit=5),
            "/Task/List",
            "read",
            {"type": "model", "sort": "id", "order": "DESC", "start": "20", "limit": "5"},
        ),
        (
            requests.tool_list(),
            "/Tool/List",
            "read",
            {"start": "0", "limit": "20", "hideworkflows": True, "summary": True},
        ),
        (
            requests.tool_list(search="flux", categories=("tool",)),
            "/Tool/List",
            "read",
            {"start": "0", "limit": "20", "hideworkflows": True, "summary": True}
            | {"search": "flux", "sort": "relevance", "categories": ["tool"]},
        ),
    ],
)
def test_the_other_endpoints(request_: Request, path: str, safety: str, body: dict[str, Any]) -> None:
    """Their paths, bodies and safety."""
    assert (request_.path, request_.safety, request_.json, request_.parts) == (path, safety, body, ())


def test_only_a_run_costs_money() -> None:
    """It is the only request that is never repeated on a guess."""
    assert requests.run("a/b", {}).safety == "run"


def test_a_request_shows_neither_values_nor_tokens() -> None:
    """Its repr is the path; an upload's is its name, not its content."""
    assert (
        repr(requests.delete_files("PlantedToken"))
        == "Request(path='/Task/InputOutputDelete', safety='control')"
    )
    assert "xff" not in repr(PHOTO)
