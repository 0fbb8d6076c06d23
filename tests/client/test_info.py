"""What a client and a model as a function say of a model besides its parameters."""

import asyncio
from typing import Any

import pytest

from wiro_widgets import AsyncClient, Client, Sandbox
from wiro_widgets.protocol.errors import NotFound

FLUX, SKETCH, UPSCALE = "tencent/hunyuan-flux-srpo", "wiro/sandbox-sketch", "wiro/sandbox-upscale"


def uploads(sandbox: Sandbox) -> list[str]:
    """Return the pictures of the catalogue that were fetched."""
    return [item.path for item in sandbox.requests if item.path.startswith("/uploads/")]


def test_a_client_tells_of_a_model(sandbox: Sandbox, sandbox_client: Client) -> None:
    """Also of the one that is built in; asked once, and nothing that it names is fetched."""
    info = sandbox_client.info(FLUX)
    assert info is not None
    assert "**prompt**" in info.readme
    assert "<" not in info.readme
    assert info.cover
    assert info.cover.startswith("http://127.0.0.1")
    assert info.examples[1] == {
        "prompt": "A lighthouse in a storm, waves over the rocks", "steps": 30, "width": 768, "height": 512
    }  # fmt: skip
    before = len(sandbox.requests)
    assert sandbox_client.info(FLUX) == info
    assert len(sandbox.requests) == before
    assert uploads(sandbox) == []


@pytest.mark.parametrize(
    ("model", "example_count", "has_cover"),
    [
        (SKETCH, 2, True),  # its lists are JSON text
        ("wiro/sandbox-fail", 0, False),  # null
        ("wiro/sandbox-collage", 1, True),  # its parameters are in OpenAPI alone
        ("wiro/sandbox-riddle", 1, False),  # nothing tells its parameters
    ],
)
def test_each_shape_of_the_sandbox(
    sandbox_client: Client, model: str, example_count: int, has_cover: bool
) -> None:
    """Lists, their JSON text, and null."""
    info = sandbox_client.info(model)
    assert (len(info.examples), info.cover is not None) == (example_count, has_cover)


def test_an_example_runs(sandbox: Sandbox, sandbox_client: Client) -> None:
    """`model(**model.examples[0])`: a file goes as its URL, which Wiro fetches."""
    upscale = sandbox_client.model(UPSCALE)
    [image] = upscale(**upscale.examples[0])
    assert image.width == 3 * 640
    [run] = [item for item in sandbox.requests if item.path.endswith(f"Run/{UPSCALE}")]
    assert (run.files, uploads(sandbox)) == ((), [])
    assert upscale.info.price == "about $0.0008 a run"


def test_no_model(sandbox_client: Client) -> None:
    """It is not there."""
    with pytest.raises(NotFound, match="there is no model tencent/nothing"):
        sandbox_client.info("tencent/nothing")


def test_an_async_client_tells_of_a_model(sandbox: Sandbox) -> None:
    """The same, awaited."""

    async def price() -> str:
        settings: dict[str, Any] = {"base_url": sandbox.base_url, "socket_url": sandbox.socket_url}
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, journal=False, **settings) as client:
            return (await client.info(SKETCH)).price

    assert asyncio.run(price()) == "$0.002 a run"


def test_an_async_model_tells_of_itself(sandbox: Sandbox) -> None:
    """`info` and `examples` of an AsyncModel are awaited, and ask once together."""
    settings: dict[str, Any] = {"base_url": sandbox.base_url, "socket_url": sandbox.socket_url}

    async def story() -> None:
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, journal=False, **settings) as client:
            upscale, before = client.model(UPSCALE), len(sandbox.requests)
            [example] = await upscale.examples
            assert example == (await upscale.info).examples[0]
            assert len(sandbox.requests) == before + 1
            [image] = await upscale(**example)
            assert image.width == 3 * 640
            with pytest.raises(NotFound, match="there is no model wiro/nothing"):
                await client.model("wiro/nothing").examples

    asyncio.run(story())
