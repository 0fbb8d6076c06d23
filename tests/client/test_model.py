"""A model as a function: its signature, its help, its calls."""

import asyncio
import inspect
import pickle
import pydoc
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import wiro_widgets as wiro
from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import Client, Sandbox
from wiro_widgets.client import model as model_file
from wiro_widgets.client.async_client import AsyncClient
from wiro_widgets.protocol.errors import InvalidParameter, NotFound

SKETCH = "wiro/sandbox-sketch"


def _asked(sandbox: Sandbox, start: int = 0) -> int:
    return sum(request.path.endswith("Tool/Detail") for request in sandbox.requests[start:])


def test_nothing_is_asked_until_it_is_needed(sandbox: Sandbox, sandbox_client: Client) -> None:
    """Making a model and printing it asks nobody; its signature asks once, for all its calls."""
    sketch = sandbox_client.model(SKETCH)
    assert repr(sketch) == f"<Model {SKETCH}>"
    assert _asked(sandbox) == 0
    assert "prompt" in inspect.signature(sketch).parameters
    assert "prompt" in inspect.signature(sketch.run).parameters
    assert sketch.schema.get("prompt")
    assert _asked(sandbox) == 1
    assert repr(sketch) == f"<Model {SKETCH}: prompt, seed, width, height>"


def test_a_call_is_generate(sandbox_client: Client) -> None:
    """Calling the model returns pictures; `run`, `map`, `sweep` and `estimate` are the client's with the model."""
    flux = sandbox_client.model(FLUX)
    (picture,) = flux(prompt="a lighthouse", **SMALL)
    assert isinstance(picture, Image.Image)
    task = flux.run({"prompt": "x"}, **SMALL)
    assert (task.model, task.wait().record.prompt) == (FLUX, "x")
    assert len(flux.sweep(prompt="x", seed=[1, 2], **SMALL).wait().cells) == 2
    assert len(flux.map([{"prompt": "y", **SMALL}]).wait().cells) == 1
    assert flux.estimate(prompt="x").reason
    with pytest.raises(InvalidParameter, match="Did you mean 'steps'"):
        flux(prompt="x", step=3)


def test_a_panel_of_the_model(sandbox_client: Client) -> None:
    """The panel has the values, the client, and also what stands in the dict."""
    panel = sandbox_client.model(FLUX).panel({"steps": 3}, prompt="a lighthouse")
    assert (panel.model, panel.client) == (FLUX, sandbox_client)
    assert (panel.values["steps"], panel.values["prompt"], panel.values["scale"]) == (3, "a lighthouse", 3.5)
    panel.close()


@pytest.mark.parametrize("name", ["run", "sweep", "map", "estimate", "panel"])
def test_its_calls_know_what_they_take(sandbox_client: Client, name: str) -> None:
    """Each has a signature, a name and a help of its own."""
    call = getattr(sandbox_client.model(FLUX), name)
    parameters = inspect.signature(call).parameters
    assert "model" not in parameters
    assert next(iter(parameters)) == ("cells" if name == "map" else "params")
    assert (parameters["prompt"].default is inspect.Parameter.empty) == (name in ("run", "sweep"))
    assert ("on_interrupt" in parameters) == (name == "run")
    assert ("concurrency" in parameters) == (name in ("sweep", "map"))
    assert "prompt" in pydoc.render_doc(call)
    assert repr(call) == f"<{name} of {FLUX}>"


def test_help_lists_the_parameters(sandbox_client: Client) -> None:
    """`help(flux)` has labels, ranges, defaults and help; `help(wiro.Model)` the class."""
    text = pydoc.plain(pydoc.render_doc(sandbox_client.model(FLUX)))
    assert "steps (Steps): a whole number, 1 to 50, default 20" in text
    assert "How far to go from the input image." in text
    assert "made by `Client.model`" in (wiro.Model.__doc__ or "")
    assert list(inspect.signature(wiro.Model).parameters) == ["client", "model"]


def test_a_model_that_the_catalogue_does_not_show(sandbox: Sandbox, sandbox_client: Client) -> None:
    """It takes any value; the catalogue is not asked again with each key that is pressed."""
    other = sandbox_client.model("nobody/none")
    for _ in range(3):
        assert str(inspect.signature(other)) == "(params=None, /, **values)"
        assert "not known" in pydoc.render_doc(other)
    assert _asked(sandbox) == 1
    assert "not known" in other._repr_html_()
    with pytest.raises(NotFound):
        _ = other.schema


def test_a_name_that_is_none(sandbox_client: Client) -> None:
    """A text that is no "owner/name" is refused at once; the address of a model's page is its name."""
    with pytest.raises(InvalidParameter, match="owner/name"):
        sandbox_client.model("flux")
    assert sandbox_client.model(f"https://wiro.ai/models/{FLUX}").name == FLUX


def test_a_closed_client_and_its_own_thread(sandbox_client: Client) -> None:
    """Help never raises and never waits for itself: not in a callback, not after the client was closed."""
    sketch = sandbox_client.model(SKETCH)
    signatures: list[str] = []
    over = threading.Event()

    def look(_event: object) -> None:
        signatures.append(str(inspect.signature(sketch)))
        over.set()

    task = sandbox_client.run(FLUX, prompt="x", **SMALL)
    task.add_callback(look)
    assert over.wait(60)
    task.wait()
    sandbox_client.close()
    signatures.append(str(inspect.signature(sandbox_client.model(SKETCH))))
    assert set(signatures) == {"(params=None, /, **values)"}


def test_it_asks_again_later(
    sandbox: Sandbox, sandbox_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that did not come in time is asked for again after a pause."""
    monkeypatch.setattr(model_file, "_PAUSE", 0.0)
    other = sandbox_client.model("nobody/none")
    inspect.signature(other)
    inspect.signature(other)
    assert _asked(sandbox) == 2


def test_a_pickle(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model pickles as its client does, for workers."""
    monkeypatch.setenv("WIRO_API_KEY", "key")
    copy = pickle.loads(pickle.dumps(sandbox_client.model(FLUX)))  # noqa: S301 - our own
    assert copy.name == FLUX
    copy._client.close()


def test_the_awaitable_face(sandbox: Sandbox, tmp_path: Path) -> None:
    """The calls are awaited, and awaiting the model fetches its schema."""

    async def story() -> None:
        settings: dict[str, Any] = {
            "base_url": sandbox.base_url,
            "socket_url": sandbox.socket_url,
            "output_dir": tmp_path,
        }
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, journal=False, **settings) as client:
            sketch = client.model(SKETCH)
            assert str(inspect.signature(sketch)) == "(params=None, /, **values)"
            assert sketch.schema is None
            assert await sketch is sketch
            assert sketch.schema
            assert "prompt" in inspect.signature(sketch.run).parameters
            (picture,) = await sketch(prompt="x", width=64, height=64)
            assert isinstance(picture, Image.Image)
            task = await sketch.run(prompt="x", width=64, height=64)
            assert (await task.wait()).images
            assert (await sketch.estimate(prompt="x")).exact

    asyncio.run(story())
