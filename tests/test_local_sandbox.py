"""The sandbox with its client, and the one line that connects."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wiro_widgets import Client, ConfigurationError, Sandbox, connect, connection

CHAT = "wiro/sandbox-chat"
WITHOUT_THE_EXTRA = "import sys\nsys.modules['starlette'] = None\nimport wiro_widgets as wiro\n"


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Let `connect` find a fast sandbox that ends with the test."""
    with Sandbox(speed=1000) as running:
        monkeypatch.setattr(connection, "shared_sandbox", lambda: running)
        yield running


def _python(program: str, **env: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", program], env={**env, "PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return process.stdout.strip()


def test_the_clients_of_a_sandbox_end_with_it() -> None:
    """Closing the sandbox closes its clients and takes their journal and outputs away."""
    with Sandbox(speed=1000) as sandbox:
        client = sandbox.client()
        task = client.run("tencent/hunyuan-flux-srpo", prompt="x", width=64, height=64)
        path = task.wait(60).outputs[0].path
        assert path is not None
        assert path.is_file()
    assert client.closed
    assert not path.exists()


def test_a_client_keeps_its_settings(tmp_path: Path) -> None:
    """Settings of the user replace those of the sandbox, except the address."""
    with Sandbox(speed=1000) as sandbox:
        client = sandbox.client(output_dir=tmp_path, journal=False, base_url="https://elsewhere.example/v1")
        result = client.run("tencent/hunyuan-flux-srpo", prompt="x", width=64, height=64).wait(60)
    assert result.outputs[0].path is not None
    assert result.outputs[0].path.is_relative_to(tmp_path)
    assert result.outputs[0].path.is_file()


def test_connecting_without_a_key(fast: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox answers, and one line says so."""
    client = connect()
    assert client.run(CHAT, prompt="x").wait(60).text
    assert capsys.readouterr().out.count("\n") == 1
    assert len(fast.requests) > 0


def test_connecting_with_settings_but_no_key(fast: Sandbox, tmp_path: Path) -> None:
    """Settings that name no project hold for the sandbox's client too."""
    client = connect(output_dir=tmp_path, timeout=5)
    client.generate("tencent/hunyuan-flux-srpo", prompt="x", width=64, height=64)
    assert len(list(tmp_path.rglob("*.png"))) == 1
    assert client.is_sandbox
    assert fast.requests


def test_connecting_with_a_key(fast: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key there is no sandbox, and nothing is printed."""
    monkeypatch.setenv("WIRO_API_KEY", "a-key-of-mine")
    with connect(journal=False) as client:
        assert "https://api.wiro.ai/v1" in repr(client)
    assert fast.requests == []


@pytest.mark.parametrize("settings", [{"api_key": "two words"}, {"base_url": "https://elsewhere.example/v1"}])
def test_connecting_to_a_project_that_is_set_up_wrongly(settings: dict[str, str], fast: Sandbox) -> None:
    """A project that is set up wrongly raises an error, and no sandbox takes its place."""
    with pytest.raises(ConfigurationError):
        connect(**settings)
    assert fast.requests == []


def test_a_project_needs_no_sandbox() -> None:
    """With a key `connect` works where the sandbox's packages are not installed."""
    output = _python(f"{WITHOUT_THE_EXTRA}print(wiro.connect(journal=False))", WIRO_API_KEY="a-key-of-mine")
    assert output == "<Client https://api.wiro.ai/v1, 0 tasks under way>"


def test_neither_a_key_nor_a_sandbox() -> None:
    """Without both, one error says how to get either."""
    program = f"{WITHOUT_THE_EXTRA}try:\n    wiro.connect()\nexcept wiro.ConfigurationError as error:\n    print(error)"
    output = _python(program)
    assert "set WIRO_API_KEY" in output
    assert 'pip install "wiro-widgets[sandbox]"' in output


def test_one_sandbox_for_a_process() -> None:
    """Connecting again does not start another one."""
    connection.shared_sandbox.cache_clear()
    first, second = connect(), connect()
    assert isinstance(first, Client)
    assert repr(first) == repr(second)
    connection.shared_sandbox().close()
    connection.shared_sandbox.cache_clear()
