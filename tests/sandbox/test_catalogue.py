import json
from typing import Any

import pytest

from tests.sandbox.raw import FLUX, Caller


def items(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parameters by id."""
    return {item["id"]: item for group in entry["parameters"] for item in group["items"]}


def test_the_seeds_model_has_the_seeds_parameters(caller: Caller) -> None:
    """Their order, types and defaults are those of the seed's command."""
    parameters = items(caller.tool(FLUX))
    assert {
        name: (item["type"], item["default"]) for name, item in parameters.items() if name != "prompt"
    } == {
        "inputImage": ("combinefileinput", ""),
        "steps": ("range", "20"),
        "scale": ("range", "3.5"),
        "strength": ("range", "0.88"),
        "samples": ("range", "1"),
        "seed": ("number", "7350148318"),
        "width": ("number", "1024"),
        "height": ("number", "1024"),
        "callbackUrl": ("text", ""),
    }
    assert (parameters["prompt"]["type"], parameters["prompt"]["required"]) == ("textarea", True)


def test_limits_are_the_ones_a_run_is_checked_by(caller: Caller) -> None:
    """What the catalogue promises, the Run accepts, and nothing beyond."""
    caller.server.faults = {"stuck": "queue"}
    for name, item in items(caller.tool(FLUX)).items():
        if "min" not in item:
            continue
        for value in (item["min"], item["max"]):
            receipt = caller.run(**{name: value})
            caller.call("Task/Cancel", {"taskid": receipt["taskid"]})
        for value in (item["min"] - 1, item["max"] + 1):
            assert caller.call(f"Run/{FLUX}", {"prompt": "x", name: value})["result"] is False


def test_the_callback_is_advanced(caller: Caller) -> None:
    """The callback is out of the way, prompt is not."""
    parameters = items(caller.tool(FLUX))
    assert (parameters["callbackUrl"]["advanced"], parameters["prompt"]["advanced"]) == (True, False)


def test_an_unknown_model_is_refused(caller: Caller) -> None:
    """Tool/Detail and Tool/DetailOpenAPI have Wiro's message."""
    body = {"slugowner": "nobody", "slugproject": "nothing"}
    for endpoint in ("Tool/Detail", "Tool/DetailOpenAPI"):
        assert caller.call(endpoint, body)["errors"][0]["message"] == "slug-owner-project-not-exist"


@pytest.mark.parametrize(
    ("body", "projects"),
    [
        (
            {},
            [
                "hunyuan-flux-srpo",
                "sandbox-sketch",
                "sandbox-poster",
                "sandbox-upscale",
                "sandbox-chat",
                "sandbox-fail",
                "sandbox-collage",
                "sandbox-riddle",
            ],
        ),
        ({"search": "flux"}, ["hunyuan-flux-srpo"]),
        ({"search": "FLUX srpo"}, ["hunyuan-flux-srpo"]),
        ({"search": "nothing at all"}, []),
        ({"slugowner": "tencent"}, ["hunyuan-flux-srpo"]),
        ({"categories": ["image-to-image"]}, ["hunyuan-flux-srpo", "sandbox-upscale", "sandbox-collage"]),
        ({"start": "3", "limit": "2"}, ["sandbox-upscale", "sandbox-chat"]),
    ],
)
def test_the_catalogue_is_searched(caller: Caller, body: dict[str, Any], projects: list[str]) -> None:
    """Words, categories and pages choose."""
    reply = caller.call("Tool/List", {"summary": True, "hideworkflows": True, "sort": "relevance", **body})
    assert [entry["slugproject"] for entry in reply["tool"]] == projects


def test_a_summary_has_no_parameters(caller: Caller) -> None:
    """Only the whole entry has."""
    short, whole = (caller.call("Tool/List", {"summary": summary})["tool"][0] for summary in (True, False))
    assert ("parameters" in short, "parameters" in whole) == (False, True)


def test_openapi_is_a_bare_array(caller: Caller) -> None:
    """One document, with the parameters as the schema of its Run."""
    body = {"slugowner": "tencent", "slugproject": "hunyuan-flux-srpo"}
    reply = caller.post("Tool/DetailOpenAPI", body).json()
    assert [entry["type"] for entry in reply] == ["signature"]
    schema = reply[0]["spec"]["components"]["schemas"]["RunToolSchema"]
    assert schema["required"] == ["prompt"]
    assert schema["properties"]["seed"]["default"] == 7350148318
    assert schema["properties"]["scale"] == {
        "title": "Guidance scale",
        "description": "Guidance scale",
        "type": "number",
        "minimum": 0,
        "maximum": 10,
        "multipleOf": 0.1,
        "default": 3.5,
    }


def test_only_openapi_tells_what_a_model_takes(caller: Caller) -> None:
    """Tool/Detail says null, and OpenAPI calls the files plain strings beside fields for their URLs."""
    assert caller.tool("wiro/sandbox-collage")["parameters"] is None
    body = {"slugowner": "wiro", "slugproject": "sandbox-collage"}
    [reply] = caller.post("Tool/DetailOpenAPI", body).json()
    properties = reply["spec"]["components"]["schemas"]["RunToolSchema"]["properties"]
    files = ["inputImage", "inputImageUrl", "inputDocumentMultiple", "inputDocumentUrlMultiple"]
    assert [name for name in properties if name.startswith("input")] == files
    assert [set(properties[name]) for name in files] == [{"title", "description", "type"}] * 4


def test_nothing_tells_what_a_model_takes(caller: Caller) -> None:
    """Tool/Detail says null, and OpenAPI knows only the callback; a Run is checked all the same."""
    assert caller.tool("wiro/sandbox-riddle")["parameters"] is None
    body = {"slugowner": "wiro", "slugproject": "sandbox-riddle"}
    [reply] = caller.post("Tool/DetailOpenAPI", body).json()
    assert list(reply["spec"]["components"]["schemas"]["RunToolSchema"]["properties"]) == ["callbackUrl"]
    message = caller.call("Run/wiro/sandbox-riddle", {"seed": "1"})["errors"][0]["message"]
    assert message == "Request parameter [prompt] required"


def test_what_is_told_of_models_has_the_shapes_of_the_wire(caller: Caller) -> None:
    """Lists, their JSON text or null; a readme in HTML; pictures that are there."""
    origin = caller.server.base_url.removesuffix("/v1")
    flux, sketch, fail = (caller.tool(name) for name in (FLUX, "wiro/sandbox-sketch", "wiro/sandbox-fail"))
    assert flux["inspire"][2]["inputImage"][0].startswith(origin)
    assert flux["readme"].startswith("<h2>")
    assert json.loads(sketch["inspire"])[0]["prompt"]
    assert (fail["inspire"], fail["samples"], fail["readme"], fail["image"]) == (None, None, None, None)
    for url in (flux["image"], *flux["samples"], *json.loads(sketch["samples"])):
        answer = caller.http.get(url)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (
        caller.http.get(f"{caller.server.base_url.removesuffix('/v1')}/uploads/models/none.png").status_code
        == 404
    )
