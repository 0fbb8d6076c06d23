"""Models whose parameters Tool/Detail does not tell: OpenAPI is asked, or else values are sent as given."""

import inspect
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.hostile.http_wire import Reply
from tests.hostile.server import HostileServer
from wiro_widgets import Client, InvalidParameter, Sandbox
from wiro_widgets.sandbox.world import ReceivedRequest

COLLAGE = "wiro/sandbox-collage"
RIDDLE = "wiro/sandbox-riddle"
URLS = ["https://example.com/a.pdf", "https://example.com/b,c.pdf"]


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    return buffer.getvalue()


def _received(sandbox: Sandbox, client: Client, model: str, **values: Any) -> ReceivedRequest:
    """Run to the end, and return the Run as it arrived."""
    client.run(model, prompt="a fox", **values).wait(60)
    return next(item for item in reversed(sandbox.requests) if "/Run/" in item.path)


def _files(request: ReceivedRequest) -> list[tuple[str, str]]:
    return [(name, content_type) for name, _, content_type, _ in request.files]


def test_openapi_tells_what_tool_detail_does_not(sandbox: Sandbox, sandbox_client: Client) -> None:
    """The schema is whole, and asked for once; title and categories are Tool/Detail's."""
    schema = sandbox_client.schema(COLLAGE)
    assert {item.id: item.kind for item in schema.parameters} == {
        "prompt": "textarea",
        "inputImage": "file",
        "inputImageUrl": "text",
        "inputDocumentMultiple": "file",
        "inputDocumentUrlMultiple": "text",
        "seed": "number",
        "callbackUrl": "text",
    }
    assert (schema.title, schema.categories) == ("Sandbox Collage", ("tool", "image-to-image"))
    seed = schema.get("seed")
    assert seed is not None
    assert (seed.label, seed.help) == ("Input seed", "")
    sandbox_client.schema(COLLAGE)
    assert sum("DetailOpenAPI" in request.path for request in sandbox.requests) == 1


@pytest.mark.parametrize("drift", ["schema_null", "schema_list", "schema_empty", "schema_missing"])
def test_parameters_that_are_not_told(sandbox: Sandbox, sandbox_client: Client, drift: str) -> None:
    """Null, an empty list, an empty text and nothing at all are the same, whatever the model."""
    sandbox.faults = {"drift": drift}
    ratio = sandbox_client.schema("wiro/sandbox-poster").get("resolution")
    assert ratio is not None
    assert [option.value for option in ratio.options] == ["480p", "720p", "1080p"]
    with pytest.raises(InvalidParameter, match="resolution"):
        sandbox_client.run("wiro/sandbox-poster", prompt="x", resolution="4k")


@pytest.mark.parametrize("drift", ["items_text", "slug_spaces", "all"])
def test_other_shapes_of_an_entry(sandbox: Sandbox, sandbox_client: Client, drift: str) -> None:
    """Items as JSON text, and slugs with a space in front."""
    sandbox.faults = {"drift": drift}
    schema = sandbox_client.schema("wiro/sandbox-poster")
    assert (schema.model, schema.defaults["resolution"]) == ("wiro/sandbox-poster", "720p")
    assert all(model.model == model.model.replace(" ", "") for model in sandbox_client.models())


@pytest.mark.parametrize("kind", ["bytes", "path", "text", "file", "picture"])
def test_a_hidden_file_arrives(sandbox: Sandbox, sandbox_client: Client, tmp_path: Path, kind: str) -> None:
    """However it is given: one part of its own name, and the field for its URL empty."""
    path = tmp_path / "in.png"
    path.write_bytes(_picture())
    value = {
        "bytes": path.read_bytes(),
        "path": path,
        "text": str(path),
        "file": io.BytesIO(path.read_bytes()),
        "picture": Image.new("RGB", (8, 8)),
    }[kind]
    request = _received(sandbox, sandbox_client, COLLAGE, inputImage=value)
    assert _files(request) == [("inputImage", "image/png")]
    assert dict(request.fields) == {"prompt": "a fox", "inputImageUrl": ""}


@pytest.mark.parametrize("name", ["inputImage", "inputImageUrl"])
def test_the_url_of_a_hidden_file(sandbox: Sandbox, sandbox_client: Client, name: str) -> None:
    """It arrives in the field for URLs, whichever of the two it is given as."""
    request = _received(sandbox, sandbox_client, COLLAGE, **{name: URLS[0]})
    assert request.files == ()
    assert dict(request.fields)["inputImageUrl"] == URLS[0]
    assert dict(request.fields).get("inputImage", "") == ""


def test_several_hidden_files_and_urls(sandbox: Sandbox, sandbox_client: Client) -> None:
    """Files are repeated parts, URLs one text in the sibling that the description lists."""
    documents = [b"%PDF-1.4 one", URLS[0], b"%PDF-1.4 two", URLS[1]]
    request = _received(sandbox, sandbox_client, COLLAGE, inputDocumentMultiple=documents)
    assert _files(request) == [("inputDocumentMultiple", "application/pdf")] * 2
    url_text = "https://example.com/a.pdf,https://example.com/b%2Cc.pdf"
    assert dict(request.fields)["inputDocumentUrlMultiple"] == url_text
    request = _received(sandbox, sandbox_client, COLLAGE, inputDocumentMultiple=URLS)
    assert dict(request.fields) == {
        "prompt": "a fox",
        "inputDocumentMultiple": "",
        "inputDocumentUrlMultiple": url_text,
    }
    request = _received(sandbox, sandbox_client, COLLAGE, inputDocumentUrlMultiple=URLS)
    assert dict(request.fields)["inputDocumentUrlMultiple"] == url_text


def test_a_model_that_nothing_describes(sandbox: Sandbox, sandbox_client: Client) -> None:
    """Its schema is open, and every value is sent as it is; files are known by their type."""
    schema = sandbox_client.schema(RIDDLE)
    assert schema.is_open
    assert schema.bind({"anything": "5", "nothing": None}) == {"anything": "5"}
    assert schema.problems({"anything": 5}) == {}
    request = _received(sandbox, sandbox_client, RIDDLE, seed=7, style="ink")
    assert request.fields == (("prompt", "a fox"), ("seed", "7"), ("style", "ink"))
    request = _received(sandbox, sandbox_client, RIDDLE, inputImage=_picture(), seed="007")
    assert _files(request) == [("inputImage", "image/png")]
    assert dict(request.fields)["seed"] == "007"
    request = _received(sandbox, sandbox_client, RIDDLE, inputImage=URLS[0])
    assert dict(request.fields)["inputImage"] == URLS[0]


def test_wiro_checks_what_nothing_describes(sandbox_client: Client) -> None:
    """Its refusal names the field."""
    with pytest.raises(InvalidParameter, match="prompt: required"):
        sandbox_client.run(RIDDLE, seed=1)


def test_a_sweep_of_a_model_that_nothing_describes(sandbox_client: Client) -> None:
    """Lists are axes, as everywhere."""
    sweep = sandbox_client.sweep(RIDDLE, prompt=["a fox", "a cat"], seed=[1, 2])
    sweep.wait(30)
    assert sweep.counts == {"succeeded": 4}


def test_the_price_of_a_model_that_nothing_describes(sandbox_client: Client) -> None:
    """The catalogue knows it, though not its parameters."""
    assert sandbox_client.estimate(RIDDLE, prompt="x").high == pytest.approx(0.002)


SPEC = {
    "paths": {
        "/Run/a/ b": {
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"properties": {"words": {"type": "string"}}}}}
                }
            }
        }
    }
}


def _tool() -> bytes:
    return json.dumps({"result": True, "errors": [], "tool": [{"title": "B", "parameters": None}]}).encode()


@pytest.mark.parametrize(
    "reply", [{"result": True, "errors": [], "list": [{"spec": SPEC}]}, [{"type": "apikey", "spec": SPEC}]]
)
def test_shapes_of_the_description(server: HostileServer, client: Client, reply: object) -> None:
    """A bare list, or one in an envelope."""
    server.script("Tool/Detail", Reply(_tool()))
    server.script("Tool/DetailOpenAPI", Reply(json.dumps(reply).encode()))
    assert [item.id for item in client.schema("a/b").parameters] == ["words"]


REFUSAL = json.dumps({"result": False, "errors": [{"code": 98, "message": "Sign in first."}]}).encode()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"[]"),
        (200, b"null"),
        (200, b"<html>"),
        (200, b'{"result": true}'),
        (200, REFUSAL),
        (404, b"{}"),
    ],
)
def test_a_description_that_is_refused_or_empty(
    server: HostileServer, client: Client, status: int, body: bytes
) -> None:
    """The model runs all the same, and nobody asks again."""
    server.script("Tool/Detail", Reply(_tool()))
    server.always("Tool/DetailOpenAPI", Reply(body, status))
    client.run("a/b", words="x")
    client.run("a/b", words="y")
    assert server.count("Tool/DetailOpenAPI") == 1
    assert client.schema("a/b").is_open


def test_a_server_that_fails_is_asked_again(server: HostileServer, client: Client) -> None:
    """Its error says nothing about the model."""
    server.always("Tool/Detail", Reply(_tool()))
    server.always("Tool/DetailOpenAPI", Reply(b"{}", 503))
    client.run("a/b", words="x")
    server.always("Tool/DetailOpenAPI", Reply(json.dumps([{"spec": SPEC}]).encode()))
    with pytest.raises(InvalidParameter, match="other"):
        client.run("a/b", other="x")


def test_a_model_that_nothing_describes_as_a_function(sandbox_client: Client) -> None:
    """It takes any value, and says so."""
    riddle = sandbox_client.model(RIDDLE)
    assert len(riddle(prompt="a fox", seed=3, anything="else")) == 1
    assert str(inspect.signature(riddle)) == "(params=None, /, **values)"
    assert repr(riddle) == f"<Model {RIDDLE}>"
    assert "any value can be given" in (riddle.__doc__ or "")
