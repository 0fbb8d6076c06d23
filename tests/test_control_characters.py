"""No text of a server, a model or a prompt controls a terminal: not in reprs, nor in errors, warnings or commands."""

from __future__ import annotations

import traceback
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.server import HostileServer
from tests.hostile.task_api import refused
from wiro_widgets import Panel
from wiro_widgets.commands import history_table
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.media.output import Output
from wiro_widgets.protocol import errors, events
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ApiError, WiroWarning
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.replies import ModelSummary, OutputInfo, Receipt
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.protocol.text.text_content import TextContent
from wiro_widgets.runs.inputs import NamedBytes

# Sets the window's title, moves the cursor, colours (C0 and C1), turns the direction of writing, breaks a line.
EVIL = "x\x1b]0;title\x07\x1b[2J\x9b31m\u202egnp\r\u2028\x00\ud800y"
NOW = datetime(2026, 5, 1, tzinfo=UTC)
INFO = OutputInfo(name=EVIL, content_type=EVIL, url=f"https://example.com/{EVIL}", id=EVIL)
RECORD = TaskRecord(task_id=EVIL, model=EVIL, status=EVIL, prompt=EVIL, seed=EVIL, error=EVIL, text=EVIL)
SCHEMA = ModelSchema.from_tool(
    {
        "slugowner": "a",
        "slugproject": "b",
        "title": EVIL,
        "parameters": [
            {"title": EVIL, "items": [{"id": EVIL, "type": "select", "options": [{"value": EVIL}]}]}
        ],
    }
)
VALUES: list[object] = [
    RECORD,
    TaskResult(RECORD, (Output(INFO, task_id=EVIL),), EVIL),
    Output(INFO, task_id=EVIL),
    Output(INFO, error=errors.OutputError(EVIL, output=EVIL, task_id=EVIL)),
    INFO,
    TextContent(answer=(EVIL,), raw=EVIL),
    Receipt(EVIL),
    JournalRow("1", EVIL, EVIL, {EVIL: EVIL}, NOW, task_id=EVIL, error=EVIL, record=RECORD),
    TaskDetail(EVIL, EVIL, name=EVIL, model=EVIL, extra={EVIL: EVIL}),
    ModelSummary(EVIL, EVIL, EVIL),
    SCHEMA,
    Estimate(0.0, 1.0, exact=False, reason=EVIL),
    NamedBytes(b"x", EVIL),
    events.Lifecycle(EVIL, 0.0),
    events.Log("output", EVIL, 0.0),
    events.Progress(0.0, speed=EVIL, elapsed=EVIL, remaining=EVIL, label=EVIL),
    events.Unknown(EVIL, 0.0, EVIL),
    events.Notice(EVIL, 0.0),
]
ERRORS: list[errors.WiroError] = [
    errors.ConfigurationError(EVIL),
    errors.InvalidParameter(EVIL, EVIL),
    errors.TransportError(EVIL, endpoint=EVIL, safe_to_retry=True),
    errors.RunOutcomeUnknown(EVIL, EVIL, journal_id=EVIL, candidates=(EVIL, EVIL)),
    errors.ApiError(EVIL, code=1, endpoint=EVIL),
    errors.NotFound(EVIL),
    errors.TaskError(EVIL, task_id=EVIL),
    errors.TaskFailed(task_id=EVIL, exit_code=1, error_text=EVIL),
    errors.TaskCancelled(task_id=EVIL),
    errors.TaskTimeout(task_id=EVIL, timeout=1.0),
    errors.OutputError(EVIL, output=EVIL, task_id=EVIL, hint=EVIL),
]


class Printer:
    """What IPython hands to `_repr_pretty_`."""

    def __init__(self) -> None:
        self.words = ""

    def text(self, words: str) -> None:
        """Print."""
        self.words += words


def is_harmless(text: str) -> bool:
    """Return True if nothing in the text controls a terminal."""
    return all(letter.isprintable() or letter in "\n\t" for letter in text)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_reprs(value: Any) -> None:
    """A repr has every character that prints, and no other."""
    assert is_harmless(repr(value))
    if hasattr(value, "_repr_pretty_"):
        for cycle in (True, False):
            printer = Printer()
            value._repr_pretty_(printer, cycle)
            assert is_harmless(printer.words)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors(error: errors.WiroError) -> None:
    """Neither the sentence nor the traceback of an error controls the terminal that prints it."""
    assert is_harmless(str(error))
    assert is_harmless(repr(error))
    assert is_harmless("".join(traceback.format_exception(error)))
    assert "gnp" in str(error)


def test_warnings() -> None:
    """A warning is as harmless as an error."""
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        warnings.warn(EVIL, WiroWarning, stacklevel=1)
    assert is_harmless(str(records[0].message))


def test_words_of_a_server(server: HostileServer, make_client: MakeClient) -> None:
    """What a hostile server says of a model, a task and a refusal is shown without its controls."""
    client = make_client()
    evil = EVIL.replace("\ud800", "")
    server.script("Run", refused(evil, 0))
    with pytest.raises(ApiError) as refusal:
        client.run("a/b", prompt=evil)
    assert is_harmless(str(refusal.value))
    task = client.run("a/b", prompt=evil)
    server.task().more |= {"modelslugproject": evil, "debugerror": evil, "debugoutput": evil}
    server.finish(
        server.task(), [server.serve_file(b"words", name="0.txt", contenttype=evil) | {"name": evil}]
    )
    result = task.wait(60)
    for value in (task, result, result.record, *result.outputs, *task.events_so_far(), client.history):
        assert is_harmless(repr(value))
    other = make_client(journal=False).attach(task.id or "")
    assert is_harmless(repr(other))
    panel = Panel("a/b", client=client)
    assert is_harmless(repr(panel))
    panel.close()


def test_the_table_of_the_history(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    server: HostileServer,
    make_client: MakeClient,
) -> None:
    """`wiro-widgets history` prints what was prompted, without its controls, and a run on one line."""
    client: Any = make_client()
    client.run("a/b", prompt=EVIL.replace("\ud800", "") + "\nsecond line")
    server.finish(server.task())
    monkeypatch.setattr(history_table, "Client", lambda: client)
    history_table.main(csv=None, limit=5, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert is_harmless(lines[0])
    assert "second line" in lines[0]
