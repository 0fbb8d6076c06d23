"""Copy as Python: the program that repeats what the controls say."""

import ast
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import wiro_widgets as wiro
from tests.call_parameters import call_parameters
from tests.sandbox_clients import FLUX, SMALL, environment
from tests.widget.models import flux, many
from wiro_widgets import Client, ModelSchema, Panel, Sandbox
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.python_call import python_call

Call = tuple[str, object, dict[str, Any]]
FILES = ModelSchema.from_tool(
    {
        "slugowner": "a",
        "slugproject": "b",
        "parameters": [{"items": [{"id": name, "type": "combinefileinput"} for name in ("image", *"abcd")]}],
    }
)


class _Recording:
    """A client that notes its arguments."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def generate(
        self, model: str, params: dict[str, Any] | None = None, /, *, timeout: object = None, **values: Any
    ) -> str:
        self.calls.append((model, timeout, {**(params or {}), **values}))
        return "images"


def _program(model: str, values: dict[str, Any], schema: ModelSchema | None = None) -> str:
    return python_call(model, values, {}, schema)


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Call]:
    """Run a program and return the call that it has made."""

    def run(text: str) -> Call:
        client = _Recording()
        monkeypatch.setattr(wiro, "connect", lambda: client)
        exec(text, {})  # noqa: S102 - our own
        (call,) = client.calls
        return call

    return run


def test_a_short_call_is_one_line() -> None:
    """Few values fit into one line; the imports and the client come first, and the result is shown."""
    assert _program("wiro/sketch", {"prompt": "hi"}).splitlines() == [
        "import wiro_widgets as wiro",
        "",
        "client = wiro.connect()",
        "images = client.generate('wiro/sketch', prompt='hi')",
        "images",
    ]


def test_a_long_call_is_one_argument_a_line() -> None:
    """Many values have a line each, as a formatter writes them, and the prompt is the first."""
    text = _program(FLUX, {"steps": 3, "prompt": "x" * 80})
    start = text.index("images = client.generate(")
    assert text[start:].splitlines()[2:] == [f"    prompt={'x' * 80!r},", "    steps=3,", ")", "images"]


def test_a_model_without_pictures_is_run() -> None:
    """A language or video model has a result, not a list of pictures."""
    chat = ModelSchema("a/chat", categories=("tool", "llm"))
    assert "result = client.run('a/chat', prompt='hi').wait()\nresult" in _program(
        "a/chat", {"prompt": "hi"}, chat
    )
    clip = ModelSchema("a/clip", categories=("image-to-video",))
    assert "client.run(" in _program("a/clip", {"prompt": "x" * 90}, clip)
    both = ModelSchema("a/both", categories=("image-to-video", "text-to-image"))
    assert "client.generate(" in _program("a/both", {}, both)


@pytest.mark.parametrize(
    "prompt", ["", "two\nlines", 'it\'s "quoted"', "\\ back", "{braces}", "界 \N{GRINNING FACE}", "x" * 500]
)
def test_texts_come_back_as_they_are(evaluate: Callable[[str], Call], prompt: str) -> None:
    """The call has the text exactly as typed."""
    assert evaluate(_program("a/b", {"prompt": prompt}))[2] == {"prompt": prompt}


@pytest.mark.parametrize(
    "name",
    ["\ufb01le", "\u017fteps", "\u2115", "x\u00b2", "self", "timeout", "class", "a b", "params", "__debug__"],
)
def test_names_that_python_reads_otherwise(evaluate: Callable[[str], Call], name: str) -> None:
    """An id that Python would fold, refuse or take for its own goes into the dict of values."""
    assert evaluate(_program("a/b", {name: 3, "prompt": "x"}))[2] == {name: 3, "prompt": "x"}


@pytest.mark.parametrize("method", [Client.generate, Client.sweep, Client.run])
def test_names_of_the_calls_own_arguments(method: Callable[..., Any]) -> None:
    """An id that the call itself has as an argument goes into the dict of values."""
    parameters = call_parameters(method).values()
    own = {item.name for item in parameters if item.kind is item.KEYWORD_ONLY}
    values = dict.fromkeys(own, 3)
    axes = {"steps": (1, 2)} if method is Client.sweep else {}
    schema = ModelSchema("a/b", categories=("llm",)) if method is Client.run else None
    calls = [
        node
        for node in ast.walk(ast.parse(python_call("a/b", values, axes, schema)))
        if isinstance(node, ast.Call)
    ]
    name = method.__name__
    (call,) = [node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr == name]
    assert own
    assert not own & {item.arg for item in call.keywords}


def test_the_call_binds_to_the_same_values(evaluate: Callable[[str], Call]) -> None:
    """The model binds the arguments of the call to the values of the controls."""
    values = {**flux().defaults, "prompt": "x", "seed": 2**70, "scale": 0.1}
    model, _, arguments = evaluate(_program(FLUX, values))
    assert (model, flux().bind(arguments)) == (FLUX, flux().bind(values))


def test_ids_that_are_no_python_names(evaluate: Callable[[str], Call]) -> None:
    """Ids with a hyphen, keywords, and the arguments of `generate` itself go into the dict of parameters."""
    values = {"top-p": 0.5, "from": "here", "timeout": 3, "title": "x"}
    _, timeout, arguments = evaluate(_program("wiro/many", values))
    assert (timeout, arguments) == (None, values)
    assert many().bind(arguments)


def test_files_by_their_path(tmp_path: Path) -> None:
    """A file is named by its path; one from the browser by its name, with a line that says where to put it."""
    path = tmp_path / "photo.png"
    path.write_bytes(b"PNG")
    with path.open("rb") as handle:
        values = {"a": path, "b": handle, "c": NamedBytes(b"1", "sent.png"), "d": "https://example.org/x.png"}
        text = _program("a/b", values, FILES)
    assert f"a={str(path)!r}" in text
    assert f"b={str(path)!r}" in text
    assert "c='sent.png'" in text
    assert "# 'sent.png' came from the browser" in text
    assert "d='https://example.org/x.png'" in text


def test_short_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is relative to the working folder or to the home folder, where that is shorter."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def path_of(path: Path | str) -> str:
        return _program("a/b", {"image": path}, FILES).partition("image=")[2].splitlines()[0].rstrip(",)")

    assert path_of(tmp_path / "work" / "in" / "photo.png") == "'in/photo.png'"
    assert path_of(str(tmp_path / "photo.png")) == "'~/photo.png'"
    assert path_of(tmp_path / "work" / "~x.png") == "'./~x.png'"
    assert path_of("photo.png") == "'photo.png'"
    assert path_of("/etc/x") == "'/etc/x'"


def test_a_file_of_an_unknown_model_is_a_path(evaluate: Callable[[str], Call]) -> None:
    """Without a schema only its type says that a value is a file."""
    assert evaluate(_program("a/b", {"image": Path("/photo.png"), "text": "/photo.png"}))[2] == {
        "image": Path("/photo.png"),
        "text": "/photo.png",
    }


def test_an_output_by_its_path(evaluate: Callable[[str], Call], tmp_path: Path) -> None:
    """An earlier result is a path."""
    output = Output(OutputInfo("0.png"), path=tmp_path / "kept.png")
    assert evaluate(_program("a/b", {"image": output}, FILES))[2] == {"image": str(tmp_path / "kept.png")}


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
def test_what_is_only_in_memory_is_called_picture(evaluate: Callable[[str], Call], value: object) -> None:
    """The call stays readable, and a line says that the picture has to be saved; two pictures have two names."""
    text = _program("a/b", {"image": value}, FILES)
    assert "picture = Path('picture.png')  # it is only in memory" in text
    assert evaluate(text)[2] == {"image": Path("picture.png")}
    several = _program("a/b", {"a": [value, b"other"], "b": value}, FILES)
    assert evaluate(several)[2] == {
        "a": [Path("picture.png"), Path("picture_2.png")],
        "b": Path("picture.png"),
    }


def test_what_the_journal_has_of_a_file_is_its_name() -> None:
    """A run of the history names its input, as text alone; what was only in memory is called picture."""
    in_journal = {"file": "a\n'b.png", "size": 3, "sha256": "0"}
    text = _program("a/b", {"image": in_journal}, FILES)
    assert '# The run was made with "a\\n\'b.png": put it in this folder, or change the path.' in text
    assert "it is only in memory" in _program("a/b", {"image": {"file": "array 4x4", "size": 16}}, FILES)


def _run_fresh(program: str, sandbox: Sandbox, folder: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment(sandbox),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr


def test_the_copy_runs_in_a_fresh_interpreter(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is copied from a panel, single or a sweep, with a file or without pictures, runs as it is."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64), "red").save("photo.png")
    start = len(sandbox.requests)
    with sandbox.client() as client:
        panel = Panel(
            FLUX, client=client, prompt="it's a\nlighthouse", inputImage=tmp_path / "photo.png", **SMALL
        )
        assert "inputImage='photo.png'" in panel.code()
        _run_fresh(panel.code(), sandbox, tmp_path)
        panel.vary(seed="1, 2")
        _run_fresh(panel.code(), sandbox, tmp_path)
        panel.close()
        chat = Panel("wiro/sandbox-chat", client=client, prompt="hello")
        _run_fresh(chat.code(), sandbox, tmp_path)
        chat.close()
    runs = [request for request in sandbox.requests[start:] if "/Run/" in request.path]
    assert [request.path.rpartition("/Run/")[2] for request in runs] == [FLUX] * 3 + ["wiro/sandbox-chat"]
    assert dict(runs[0].fields)["prompt"] == "it's a\nlighthouse"
