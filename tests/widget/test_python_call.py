"""The Python call that repeats what the controls say."""

import ast
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.call_parameters import call_parameters
from tests.widget.models import flux, many
from wiro_widgets import Client
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.python_call import python_call


class _Recording:
    """A client that returns its arguments."""

    def generate(
        self, model: str, params: dict[str, Any] | None = None, /, *, timeout: object = None, **values: Any
    ) -> tuple[str, object, dict[str, Any]]:
        return model, timeout, {**(params or {}), **values}


def _call(model: str, values: dict[str, Any]) -> str:
    return python_call(model, values, {})


def _evaluate(text: str, **names: Any) -> tuple[str, object, dict[str, Any]]:
    arguments: tuple[str, object, dict[str, Any]] = eval(text, {"client": _Recording(), **names})  # noqa: S307 - our own
    return arguments


def test_a_short_call_is_one_line() -> None:
    """Few values fit into one line."""
    assert _call("wiro/sandbox-chat", {"prompt": "hi"}) == "client.generate('wiro/sandbox-chat', prompt='hi')"


def test_a_long_call_is_one_argument_a_line() -> None:
    """Many values have a line each, as a formatter writes them."""
    text = _call("tencent/hunyuan-flux-srpo", {"prompt": "x" * 80, "steps": 3})
    assert text.splitlines()[0] == "client.generate("
    assert text.splitlines()[-2:] == ["    steps=3,", ")"]


@pytest.mark.parametrize(
    "prompt", ["", "two\nlines", 'it\'s "quoted"', "\\ back", "{braces}", "界 \N{GRINNING FACE}", "x" * 500]
)
def test_texts_come_back_as_they_are(prompt: str) -> None:
    """The call has the text exactly as typed."""
    assert _evaluate(_call("a/b", {"prompt": prompt}))[2] == {"prompt": prompt}


@pytest.mark.parametrize(
    "name", ["\ufb01le", "\u017fteps", "\u2115", "x\u00b2", "self", "timeout", "class", "two words"]
)
def test_names_that_python_reads_otherwise(name: str) -> None:
    """An id that Python would fold, refuse or take for its own goes into the dict of values."""
    assert _evaluate(_call("a/b", {name: 3, "prompt": "x"}))[2] == {name: 3, "prompt": "x"}


@pytest.mark.parametrize("method", [Client.generate, Client.sweep])
def test_names_of_the_calls_own_arguments(method: Callable[..., Any]) -> None:
    """An id that the call itself has as an argument goes into the dict of values."""
    parameters = call_parameters(method).values()
    own = {item.name for item in parameters if item.kind is item.KEYWORD_ONLY}
    values = dict.fromkeys(own, 3)
    axes = {"steps": (1, 2)} if method is Client.sweep else {}
    (call,) = ast.parse(python_call("a/b", values, axes)).body
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert own
    assert not own & {item.arg for item in call.value.keywords}


def test_the_call_binds_to_the_same_values() -> None:
    """The model binds the arguments of the call to the values of the controls."""
    values = {**flux().defaults, "prompt": "x", "seed": 2**70, "scale": 0.1}
    model, _, arguments = _evaluate(_call("tencent/hunyuan-flux-srpo", values))
    assert (model, flux().bind(arguments)) == ("tencent/hunyuan-flux-srpo", flux().bind(values))


def test_ids_that_are_no_python_names() -> None:
    """Ids with a hyphen, keywords, and the arguments of `generate` itself go into the dict of parameters."""
    values = {"top-p": 0.5, "from": "here", "timeout": 3, "title": "x"}
    _, timeout, arguments = _evaluate(_call("wiro/many", values))
    assert (timeout, arguments) == (None, values)
    assert many().bind(arguments)


def test_files_by_their_name(tmp_path: Path) -> None:
    """A file is opened by its path, and one from the browser by its name."""
    path = tmp_path / "photo.png"
    path.write_bytes(b"PNG")
    with path.open("rb") as handle:
        values = {"a": path, "b": handle, "c": NamedBytes(b"1", "sent.png"), "d": "https://example.org/x.png"}
        text = ast.unparse(ast.parse(_call("a/b", values)))
    assert f"a={str(path)!r}" in text
    assert f"b=open({str(path)!r}, 'rb')" in text
    assert "c=open('sent.png', 'rb')" in text
    assert "d='https://example.org/x.png'" in text


def test_an_output_by_its_path(tmp_path: Path) -> None:
    """An earlier result is a path."""
    output = Output(OutputInfo("0.png"), path=tmp_path / "kept.png")
    assert _evaluate(_call("a/b", {"image": output}))[2] == {"image": str(tmp_path / "kept.png")}


@pytest.mark.parametrize(
    "value",
    [
        Image.new("RGB", (4, 4)),
        np.zeros((4, 4), dtype=np.uint8),
        b"PNG",
        io.BytesIO(b"PNG"),
        Output(OutputInfo("0.png"), data=b"PNG"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_only_in_memory_is_called_picture(value: object) -> None:
    """The call stays readable, and works where `picture` is that picture."""
    assert _evaluate(_call("a/b", {"image": value}), picture=value)[2] == {"image": value}
    assert _evaluate(_call("a/b", {"images": [value, "x"]}), picture=value)[2] == {"images": [value, "x"]}
