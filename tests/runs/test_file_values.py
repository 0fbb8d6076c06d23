"""The files that people bring: names of any bytes, things that are no files, files that change under way."""

import io
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.hostile.server import HostileServer
from tests.sandbox_clients import FLUX, SMALL, MakeClient
from wiro_widgets import Client, Panel, Sandbox
from wiro_widgets.protocol.errors import InvalidParameter, TransportError
from wiro_widgets.runs import fingerprint
from wiro_widgets.runs.inputs import NamedBytes

NOT_UTF8 = os.fsdecode(b"caf\xe9.png")
posix = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names there are Unicode")


def _png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    """Share the sandbox."""
    return shared_sandbox


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """Make a folder whose name is not UTF-8."""
    folder = tmp_path / os.fsdecode(b"b\xfcro")
    folder.mkdir()
    return folder


class _OwnPath:
    """What another library calls a path."""

    def __init__(self, path: str | bytes) -> None:
        self._path = path

    def __fspath__(self) -> str | bytes:
        return self._path


def _run(client: Client, value: Any) -> Any:
    return client.run(FLUX, prompt="x", inputImage=value, **SMALL)


@posix
@pytest.mark.parametrize(
    "kind", ["path", "text", "own path", "own bytes", "open file", "file address", "named bytes"]
)
def test_a_name_that_is_no_utf8(
    odd_folder: Path, sandbox: Sandbox, sandbox_client: Client, kind: str
) -> None:
    """The file is sent and recorded, and what of its name can be said is said."""
    path = odd_folder / NOT_UTF8
    path.write_bytes(_png())
    with path.open("rb") as handle:
        value = {
            "path": path,
            "text": str(path),
            "own path": _OwnPath(str(path)),
            "own bytes": _OwnPath(os.fsencode(path)),
            "open file": handle,
            "file address": path.as_uri(),
            "named bytes": NamedBytes(_png(), NOT_UTF8),
        }[kind]
        task = _run(sandbox_client, value)
    assert task.wait(60).record.outcome == "succeeded"
    request = next(item for item in reversed(sandbox.requests) if "/Run/" in item.path)
    assert [(name, size) for _field, name, _type, size in request.files] == [("caf_.png", len(_png()))]
    assert sandbox_client.history[str(task.id)].outcome == "succeeded"


@posix
def test_folders_that_are_no_utf8(odd_folder: Path, make_sandbox_client: MakeClient, tmp_path: Path) -> None:
    """Journal and outputs in such a folder are found again, and every export can be spelling."""
    settings = {"journal": odd_folder / "journal.sqlite3", "output_dir": odd_folder / "outputs"}
    client = make_sandbox_client(**settings)
    task = client.run(FLUX, prompt="x", seed=1, **SMALL)
    (path,) = task.wait(60).record.output_paths
    again = make_sandbox_client(**settings)
    assert again.history[str(task.id)].output_paths == (path,)
    assert Path(path).exists()
    answer = again.run(FLUX, prompt="x", seed=1, reuse=True, **SMALL)
    assert answer.wait(60).record.reused_from == task.id
    for ending in ("csv", "parquet", "jsonl"):
        again.history.export_to(tmp_path / f"runs.{ending}")
    assert json.loads(again.history.to_pandas().output_paths.iloc[-1]) == [path]


@posix
def test_a_panel_with_a_name_that_is_no_utf8(odd_folder: Path, sandbox_client: Client) -> None:
    """The panel shows the file, runs with it and writes the call that opens it."""
    path = odd_folder / NOT_UTF8
    path.write_bytes(_png())
    for value in (path, str(path), _OwnPath(str(path)), NamedBytes(_png(), NOT_UTF8)):
        panel = Panel(FLUX, client=sandbox_client, prompt="x", inputImage=value, **SMALL)
        (reference,) = panel.get_state()["values"]["inputImage"]
        reference["name"].encode()
        assert reference["name"].startswith("caf")
        panel.code().encode()
        panel.run()
        panel.wait(60)
        assert panel.record is not None
        assert panel.record.outcome == "succeeded"
        panel.close()


def test_paths_of_every_kind(sandbox_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder and a file address mean the file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path = tmp_path / "my picture é.png"
    path.write_bytes(_png())
    for value in (Path("~/my picture é.png"), "~/my picture é.png", path.as_uri(), _OwnPath(str(path))):
        assert _run(sandbox_client, value).wait(60).record.outcome == "succeeded"


def test_paths_of_other_libraries_without_a_schema(
    server: HostileServer, client: Client, tmp_path: Path
) -> None:
    """For a model without a schema a path of any kind is a file, and a text is text."""
    (tmp_path / "x.png").write_bytes(_png())
    client.run("a/b", file=_OwnPath(str(tmp_path / "x.png")), text="data:image/png;base64,AAAA")
    run = next(call for call in server.calls if "/Run/" in call.path)
    assert b'filename="x.png"' in run.body
    assert b"data:image/png;base64,AAAA" in run.body


def test_a_web_address_is_sent_as_it_can_be_fetched(sandbox: Sandbox, sandbox_client: Client) -> None:
    """Blanks and other letters are encoded; the record has what was given."""
    task = _run(sandbox_client, "https://a.example/my picture é.png")
    request = next(item for item in reversed(sandbox.requests) if "/Run/" in item.path)
    assert "https://a.example/my%20picture%20%C3%A9.png" in dict(request.fields).values()
    assert task.values["inputImage"] == "https://a.example/my picture é.png"
    task.stop()


def _no_files(folder: Path) -> Iterator[tuple[str, object]]:
    (folder / "empty.png").touch()
    (folder / "locked.png").write_bytes(_png())
    (folder / "locked.png").chmod(0)
    os.mkfifo(folder / "pipe.png")
    yield "it is a pipe", folder / "pipe.png"
    yield "it is a pipe", str(folder / "pipe.png")
    yield "it is a device", "/dev/zero"
    yield "it is a device", Path("/dev/null")
    yield "it is a folder", folder
    yield "empty.png is empty", folder / "empty.png"
    yield "is empty", "/proc/self/environ"
    yield "no such file", folder / "gone.png"
    yield "no such home", "~nobody-of-this-name/x.png"
    yield "no file can have this name", "a\0b.png"
    yield "no file can have this name", "a\ud800b.png"
    yield "ame too long", "x" * 300
    yield "ymbolic", folder / "loop"
    if os.geteuid():
        yield "ermission denied", folder / "locked.png"
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(folder)  # the path of a socket has at most 100 characters
        listener.bind("socket.png")
        yield "it is a socket", folder / "socket.png"


@posix
def test_what_is_no_file(sandbox_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes, devices, folders and the rest are refused at once, in one short line; nothing is sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    for reason, value in _no_files(tmp_path):
        with pytest.raises(InvalidParameter, match=reason) as error_info:
            _run(sandbox_client, value)
        assert len(str(error_info.value)) < 500
    assert sandbox_client.history.unfinished() == []


@posix
def test_a_panel_does_not_wait_for_a_pipe(sandbox_client: Client, tmp_path: Path) -> None:
    """A panel that is given a pipe has no preview of it, and says why it cannot run."""
    os.mkfifo(tmp_path / "pipe.png")
    panel = Panel(FLUX, client=sandbox_client, prompt="x", inputImage=tmp_path / "pipe.png", **SMALL)
    with pytest.raises(InvalidParameter, match="it is a pipe"):
        panel.run().wait(60)
    panel.close()


def test_a_file_that_vanishes(sandbox_client: Client, tmp_path: Path) -> None:
    """A file that was there when the panel got it is named when it is gone."""
    path = tmp_path / "x.png"
    path.write_bytes(_png())
    panel = Panel(FLUX, client=sandbox_client, prompt="x", inputImage=path, **SMALL)
    path.unlink()
    with pytest.raises(InvalidParameter, match=r"x\.png' cannot be opened: there is no such file"):
        panel.run().wait(60)
    panel.close()


def test_a_file_that_is_rewritten_while_it_is_sent(
    server: HostileServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal has noted the bytes that were read first, so others are not sent under their name."""
    path = tmp_path / "clip.bin"
    path.write_bytes(b"x" * 100_000)
    files_of = fingerprint.files_of

    def rewrite_after(ready: Any) -> Any:
        described = files_of(ready)
        path.write_bytes(b"y" * 100_000)
        os.utime(path, ns=(1, 1))
        return described

    monkeypatch.setattr(fingerprint, "files_of", rewrite_after)
    with pytest.raises(TransportError, match=r"clip\.bin was changed while it was sent"):
        client.run("a/b", file=path)
    assert server.tasks == {}
    assert client.history.unfinished() == []
