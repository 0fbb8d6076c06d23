"""The seed's own commands, run by bash as they were given but for the addresses."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.raw import Caller, png
from wiro_widgets.sandbox import SandboxServer

SEED = Path(__file__).parent / "seed"
KEY = "n32r4bx1xmxxm2vjrah3lnczhmt7i7yg"
SECRET = "0d245f7034e999f613f9547972b93d661e65839aa06663c97633c360ae987904"
TOKEN = "eDcCm5yyUfIvMFspTwww49OUfgXkQt"


def bash(server: SandboxServer, folder: Path, command: str, **replacements: str) -> dict[str, Any]:
    """Sign and call as the seed does, without its commented lines, and return the reply."""
    lines = [(SEED / f"{name}.sh").read_text(encoding="utf-8") for name in ("sign", command)]
    script = "\n".join(
        line for line in "\n".join(lines).splitlines() if line.strip() and not is_comment(line)
    )
    script = script.replace("https://api.wiro.ai/v1", server.base_url)
    for text, real in replacements.items():
        script = script.replace({"token": TOKEN, "task": "634574"}[text], real)
    done = subprocess.run(
        ["/bin/bash", "-c", script.replace("curl ", "curl --silent --noproxy '*' ")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    reply: dict[str, Any] = json.loads(done.stdout)
    return reply


def is_comment(line: str) -> bool:
    """Say whether the seed means this line to be removed before running."""
    return re.match(r"\s*(#|//)", line) is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Lay out the picture that the seed's command uploads."""
    (tmp_path / "path/to").mkdir(parents=True)
    (tmp_path / "path/to/image1.jpg").write_bytes(png())
    return tmp_path


def test_the_seeds_commands_work(folder: Path) -> None:
    """With openssl to sign, curl runs the model with a file, and Task/Detail shows the finished task."""
    with SandboxServer(speed=1000, api_key=KEY, api_secret=SECRET) as server, Caller(server) as caller:
        receipt = bash(server, folder, "run")
        assert receipt == {
            "errors": [],
            "taskid": receipt["taskid"],
            "socketaccesstoken": receipt["socketaccesstoken"],
            "result": True,
        }
        caller.wait_until_settled(receipt)
        task = bash(server, folder, "detail", token=receipt["socketaccesstoken"])["tasklist"][0]
    assert (task["id"], task["status"], task["pexit"]) == (receipt["taskid"], "task_postprocess_end", "0")
    assert task["parameters"].pop("inputImage").endswith(".jpg")
    assert task["parameters"]["seed"] == "7350148318"
    assert task["parameters"]["scale"] == "3.5"
    assert task["parameters"]["strength"] == "0.88"
    assert task["outputs"][0]["name"] == "0.png"


def test_the_seeds_kill_works(folder: Path) -> None:
    """A sandbox's first task has the very id of the seed's sample."""
    faults = {"stuck": "run"}
    with (
        SandboxServer(speed=1000, faults=faults, api_key=KEY, api_secret=SECRET) as server,
        Caller(server) as caller,
    ):
        receipt = bash(server, folder, "run")
        caller.settled_at(receipt, "task_accept")
        reply = bash(server, folder, "kill")
    assert (reply["tasklist"][0]["id"], reply["tasklist"][0]["status"]) == ("534574", "task_cancel")


def test_the_seeds_cancel_works(folder: Path) -> None:
    """A queued task is taken back."""
    faults = {"stuck": "queue"}
    with SandboxServer(speed=1000, faults=faults, api_key=KEY, api_secret=SECRET) as server:
        receipt = bash(server, folder, "run")
        reply = bash(server, folder, "cancel", task=receipt["taskid"])
    assert reply["tasklist"][0]["status"] == "task_cancel"
