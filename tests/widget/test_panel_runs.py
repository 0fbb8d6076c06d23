"""A panel's runs from Python, and what goes wrong with them."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import SECONDS, Wire
from wiro_widgets import (
    AuthenticationError,
    Client,
    ConfigurationError,
    InvalidParameter,
    NotFound,
    OutputError,
    Panel,
    Sandbox,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    WiroError,
)


def test_run_and_wait(panel: Panel) -> None:
    """`run` returns its task at once, `wait` the result; everything is there in the next cell."""
    task = panel.run()
    result = panel.wait(SECONDS)
    assert panel.status == "succeeded"
    assert panel.progress == 1.0
    assert (panel.task, panel.tasks) == (task, (task,))
    assert [image.size for image in panel.images] == [(64, 64)]
    assert panel.image is not None
    assert panel.outputs == result.outputs
    assert panel.record == result.record
    assert panel.records == [result.record]
    assert panel.events == task.events_so_far()


def test_run_does_not_wait_for_wiro(panel: Panel, sandbox: Sandbox) -> None:
    """`run` returns before the receipt of the Run."""
    sandbox.faults = {"delay": 0.3}
    task = panel.run()
    assert (task.id, panel.status) == (None, "submitting")
    panel.wait(SECONDS)
    assert task.id is not None


def test_a_text(panel_of: MakePanel) -> None:
    """A language model's answer is `text`, and there are no pictures."""
    panel = panel_of("wiro/sandbox-chat", prompt="why?")
    assert panel.text is None
    panel.run()
    assert panel.wait(SECONDS).text == panel.text
    assert (panel.images, panel.image) == ([], None)


def test_before_the_first_run(panel: Panel) -> None:
    """There are no results, and `wait` says what to do."""
    assert (panel.task, panel.tasks, panel.outputs, panel.images, panel.image) == (None, (), (), [], None)
    assert (panel.text, panel.record, panel.records, panel.events) == (None, None, [], [])
    assert (panel.status, panel.progress) == ("idle", None)
    with pytest.raises(WiroError, match=r"press Run in the panel, or call panel\.run\(\)"):
        panel.wait()
    panel.stop()


def test_the_last_pictures_stay_while_the_next_run_goes_on(panel: Panel, sandbox: Sandbox) -> None:
    """`images` are those of the newest run that has outputs."""
    panel.run()
    panel.wait(SECONDS)
    before = panel.outputs
    sandbox.faults = {"stuck": "run"}
    task = panel.run()
    assert panel.outputs == before
    task.stop()


def test_stop(panel: Panel, wire: Wire, sandbox: Sandbox, sandbox_client: Client) -> None:
    """`stop` returns at once, the remote task is cancelled, `wait` says so, and the panel can run again."""
    sandbox.faults = {"stuck": "run"}
    task = panel.run()
    wire.until(lambda: wire.traits.get("status") == "running")
    panel.stop()
    with pytest.raises(TaskCancelled):
        panel.wait(SECONDS)
    assert panel.status == "cancelled"
    assert sandbox_client.detail(task.id or "").status == "task_cancel"
    sandbox.faults = None
    panel.run()
    assert panel.wait(SECONDS).images


def test_a_wait_that_takes_too_long(panel: Panel, sandbox: Sandbox) -> None:
    """TaskTimeout names the task, which goes on."""
    sandbox.faults = {"stuck": "queue"}
    task = panel.run()
    with pytest.raises(TaskTimeout) as error:
        panel.wait(0.2)
    assert error.value.task_id == task.id
    sandbox.faults = None
    assert panel.wait(SECONDS).images


def test_several_runs_at_once(panel: Panel) -> None:
    """Runs may go side by side; the newest is the current one."""
    tasks = [panel.run() for _ in range(4)]
    panel.wait(SECONDS)
    for task in tasks:
        assert task.wait(SECONDS).images
    assert panel.tasks == tuple(tasks)


def test_a_value_that_is_missing(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Nothing is sent; the field is marked, and `wait` raises an error with its name."""
    panel.set(prompt=None)
    before = len(sandbox.requests)
    panel.run()
    with pytest.raises(InvalidParameter, match="prompt: is required"):
        panel.wait()
    assert (panel.status, wire.traits["_errors"]) == ("failed", {"prompt": "is required"})
    assert len(sandbox.requests) == before
    panel.set(prompt="x")
    _runs_again(panel)


def test_a_file_that_is_missing(panel: Panel, wire: Wire, tmp_path: Path) -> None:
    """The panel says which file it could not open."""
    panel.set(inputImage=tmp_path / "gone.png")
    panel.run()
    with pytest.raises(InvalidParameter, match=r"gone\.png.*there is no such file"):
        panel.wait(SECONDS)
    assert "gone.png" in _notice(wire)["text"]
    panel.set(inputImage=None)
    _runs_again(panel)


def test_a_file_that_is_no_picture(panel: Panel, wire: Wire, tmp_path: Path) -> None:
    """A file that the model does not take is refused, or fails with a reason."""
    (tmp_path / "notes.txt").write_text("not a picture")
    panel.set(inputImage=tmp_path / "notes.txt")
    panel.run()
    error = _error(panel)
    assert isinstance(error, InvalidParameter | TaskFailed)
    assert _notice(wire)["text"] == str(error)
    panel.set(inputImage=None)
    _runs_again(panel)


def test_missing_credentials(panel_of: MakePanel) -> None:
    """A panel without a key shows its form; Run says which variables to set."""
    panel = panel_of(client=None)
    assert isinstance(panel.comm, Wire)
    assert panel.comm.traits["_form"]["model"] == FLUX
    panel.run()
    with pytest.raises(ConfigurationError, match="WIRO_API_KEY"):
        panel.wait()
    assert "WIRO_API_KEY" in _notice(panel.comm)["text"]


def test_a_key_that_is_set_later(
    panel_of: MakePanel, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the variables are set, the same panel runs."""
    panel = panel_of(client=None)
    panel.run()
    for name, value in (
        ("WIRO_API_KEY", sandbox.api_key),
        ("WIRO_API_SECRET", sandbox.api_secret),
        ("WIRO_BASE_URL", sandbox.base_url),
    ):
        monkeypatch.setenv(name, value)
    _runs_again(panel)
    panel.client.close()


def test_a_wrong_key(panel_of: MakePanel, sandbox: Sandbox) -> None:
    """The notice says what to check, and does not show the key."""
    with Client("not-the-key-at-all", "nor-the-secret", base_url=sandbox.base_url, journal=False) as stranger:
        panel = panel_of(client=stranger)
        panel.run()
        with pytest.raises(AuthenticationError):
            panel.wait(SECONDS)
        assert isinstance(panel.comm, Wire)
        notice = _notice(panel.comm)
        assert notice["title"] == "Wiro refused"
        assert "Check WIRO_API_KEY" in notice["text"]
        assert "not-the-key-at-all" not in str(panel.comm.traffic)
        panel.run()
        assert panel.status in ("submitting", "failed")


def test_a_model_that_does_not_exist(panel_of: MakePanel) -> None:
    """The panel shows the error instead of a form; `wait` raises it, and the panel can switch to another model."""
    panel = panel_of("nobody/nothing")
    assert isinstance(panel.comm, Wire)
    assert panel.comm.traits["_form"] == {}
    wire = panel.comm
    wire.until(lambda: any(message.get("run") for message in wire.messages("delta")))
    assert "nobody/nothing" in _notice(wire)["text"]
    panel.run()
    with pytest.raises(NotFound):
        panel.wait(SECONDS)
    panel.switch_to(FLUX)
    panel.set(**SMALL)
    _runs_again(panel)


def test_a_closed_client(panel_of: MakePanel, sandbox: Sandbox) -> None:
    """A panel outlives its client: `wait` raises that it was closed."""
    stranger = sandbox.client()
    panel = panel_of(client=stranger)
    stranger.close()
    panel.run()
    with pytest.raises(ConfigurationError, match="closed"):
        panel.wait()


@pytest.mark.parametrize("kind", ["html", "truncated", "bomb"])
def test_an_output_that_is_not_what_it_says(kind: str, panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """The run succeeds; the panel and `images` name the broken output."""
    sandbox.faults = {"output_as": kind}
    panel.run()
    panel.wait(SECONDS)
    assert panel.status == "succeeded"
    with pytest.raises(OutputError, match=r"0\.png"):
        _ = panel.images
    assert "0.png" in _notice(wire)["text"]
    sandbox.faults = None
    _runs_again(panel)


@pytest.mark.parametrize(
    "faults",
    [
        {"broken_frames": 1},
        {"binary_frames": 1},
        {"unknown_frames": 1},
        {"foreign_frames": 1},
        {"huge_frame": 9_000_000},
        {"garbage_after": 2},
        {"silent_after": 1},
    ],
    ids=str,
)
def test_a_socket_that_talks_nonsense(faults: dict[str, Any], panel: Panel, sandbox: Sandbox) -> None:
    """Whatever the socket sends, this run and the next one end with their pictures."""
    sandbox.faults = faults
    panel.run()
    assert panel.wait(SECONDS).images
    sandbox.faults = None
    _runs_again(panel)


def test_half_a_character_from_wiro(panel_of: MakePanel, sandbox_client: Client) -> None:
    """An answer with half of a surrogate pair in it is shown with a question mark."""
    panel = panel_of("wiro/sandbox-chat", prompt="x")
    panel.run()
    panel.wait(SECONDS)
    assert isinstance(panel.comm, Wire)
    panel._publisher.send(
        {"v": 1, "type": "delta", "rows": [[0, 0.0, "output", "\ud83d"]], "next": 1, "epoch": ""}
    )
    assert panel.comm.messages("delta")[-1]["rows"] == [[0, 0.0, "output", "?"]]
    assert not sandbox_client.closed


def test_run_from_many_threads(panel: Panel) -> None:
    """Each run has a number and a task of its own, whoever starts it."""
    threads = [threading.Thread(target=panel.run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for task in panel.tasks:
        task.wait(SECONDS)
    assert len({task.id for task in panel.tasks}) == 8


def test_a_panel_from_a_record(panel: Panel, sandbox_client: Client) -> None:
    """A record becomes a panel with its model and its values; values that do not fit are left out."""
    panel.set(seed=42, steps=3)
    panel.run()
    again = Panel.from_record(panel.wait(SECONDS).record, client=sandbox_client)
    assert again.model == FLUX
    assert again.values == panel.values
    again.close()


def test_a_panel_from_a_record_shows_its_pictures(panel: Panel, sandbox_client: Client) -> None:
    """As if it had been run here, and without a question to Wiro; a record that the history lacks has values only."""
    panel.run()
    result = panel.wait(SECONDS)
    count = len(sandbox_client.history.records())
    again = Panel.from_record(result.record, client=sandbox_client)
    wire = again.comm
    assert isinstance(wire, Wire)
    assert [image.tobytes() for image in again.images] == [image.tobytes() for image in result.images]
    assert again.status == "succeeded"
    assert [record.task_id for record in again.records] == [result.record.task_id]
    wire.say("sync", epoch="", next=0)
    wire.until(lambda: wire.pictures("thumb"))
    assert len(sandbox_client.history.records()) == count
    again.close()
    other_record = replace(result.record, task_id="999999")
    elsewhere = Panel.from_record(other_record, client=sandbox_client)
    assert elsewhere.images == []
    assert elsewhere.values == panel.values
    elsewhere.close()


def test_another_model_in_place(panel: Panel, wire: Wire) -> None:
    """Values that fit stay; the form is that of the other model."""
    panel.set(prompt="kept")
    panel.switch_to("wiro/sandbox-chat")
    assert (panel.model, panel.values["prompt"]) == ("wiro/sandbox-chat", "kept")
    assert "steps" not in panel.values
    assert wire.traits["_form"]["name"] == "sandbox-chat"
    panel.run()
    assert panel.wait(SECONDS).text


def test_another_model_that_does_not_exist(panel: Panel) -> None:
    """The panel stays as it is."""
    with pytest.raises(NotFound):
        panel.switch_to("nobody/nothing")
    assert panel.model == FLUX
    _runs_again(panel)


def _runs_again(panel: Panel) -> None:
    """Run once more, with success."""
    panel.run()
    assert panel.wait(SECONDS).images
    assert panel.status == "succeeded"


def _error(panel: Panel) -> WiroError:
    with pytest.raises(WiroError) as error:
        panel.wait(SECONDS)
    return error.value


def _notice(wire: Wire) -> dict[str, str]:
    runs = [message["run"] for message in wire.messages("delta") if message.get("run")]
    notice: dict[str, str] = runs[-1]["notice"]
    return notice
