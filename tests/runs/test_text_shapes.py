"""A language model's text grows live, and stays, in each shape of the wire (docs/protocol.md, Language models)."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.sandbox_clients import MakeClient, wait_for
from wiro_widgets import Client, Panel, Sandbox, from_pandas
from wiro_widgets.client.sync_client import Task
from wiro_widgets.protocol.events import Notice, TextSnapshot

CHAT = "wiro/sandbox-chat"
PROMPT = "Why is the sky blue?"
SNAPSHOTS = ("", "text", "segments", "progress", "raw", "tags", "calls")
CONTENTS = ("", "message", "text", "debug", "segments", "tags", "calls", "ends")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Start a sandbox whose frames do not come all at once."""
    with Sandbox(speed=10, workers=4) as running:
        yield running


def drift(snapshot: str = "", content: str = "", *, as_json: bool = False) -> dict[str, Any]:
    """Return the fault of these shapes."""
    kinds = [
        snapshot and f"snapshot_{snapshot}",
        content and f"content_{content}",
        as_json and "snapshot_json",
    ]
    return {"drift": ",".join(kind for kind in kinds if kind)}


def texts_of(task: Task) -> list[str]:
    """Wait for a task, and return the text of each of its states."""
    texts: list[str] = []
    task.watch(lambda: texts.append(task.state.text.text if task.state.text else ""))
    task.wait(60)
    return texts


@pytest.mark.parametrize("as_json", [False, True], ids=["object", "JSON"])
@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_the_text_grows(sandbox: Sandbox, sandbox_client: Client, snapshot: str, as_json: bool) -> None:
    """Each state has at least as much of the answer as the one before, and never a tag."""
    sandbox.faults = drift(snapshot, "calls" if snapshot == "calls" else "", as_json=as_json)
    task = sandbox_client.run(CHAT, prompt=PROMPT)
    texts = texts_of(task)
    assert [text for text, before in zip(texts[1:], texts, strict=False) if len(text) < len(before)] == []
    assert len({event.content.text for event in task.events_so_far() if isinstance(event, TextSnapshot)}) > 5
    assert len(set(texts)) > 2
    assert not any("<" in text for text in texts)
    assert "as a real model's does" in (task.wait().text or "")
    assert task.state.snapshot is not None
    assert "so I know nothing" in "".join(task.state.snapshot.thinking)
    assert (task.state.step is not None) == (snapshot == "progress")


def test_a_panel_shows_it_meanwhile(sandbox: Sandbox, sandbox_client: Client) -> None:
    """`panel.text` has what is there while the model still writes."""
    sandbox.faults = drift("progress")
    panel = Panel(CHAT, client=sandbox_client, prompt=PROMPT)
    with closing(panel):
        panel.run()
        lengths: set[int] = set()
        assert panel.task is not None
        panel.task.watch(lambda: lengths.add(len(panel.text or "")))
        panel.wait(timeout=20)
        assert len(lengths) > 2


@pytest.mark.parametrize("content", CONTENTS)
def test_the_result_has_the_text(make_sandbox_client: MakeClient, sandbox: Sandbox, content: str) -> None:
    """In result, record, table and history, live or read again."""
    sandbox.faults = drift(content=content)
    client = make_sandbox_client()
    result = client.run(CHAT, prompt=PROMPT).wait(60)
    text = result.text or ""
    if content == "calls":
        assert text.startswith('say({"text": "You asked: Why')
    else:
        assert text.startswith(f"You asked: {PROMPT}\n\nThis answer")
    assert text == result.record.text
    assert text == result.record.to_dict()["text"]
    table = client.history.to_pandas()
    assert table["text"].tolist() == [text]
    assert [record.text for record in from_pandas(table)] == [text]
    assert make_sandbox_client().history.result(result.record.task_id or "").text == text
    assert make_sandbox_client().attach(result.record.task_id or "").wait().text == text


@pytest.mark.parametrize("content", ["", "debug"])
def test_the_result_of_a_late_reader_has_it_too(
    make_sandbox_client: MakeClient, sandbox: Sandbox, content: str
) -> None:
    """Without any frame, from Task/Detail alone."""
    sandbox.faults = {**drift(content=content), "refuse_socket": 99}
    result = make_sandbox_client().run(CHAT, prompt=PROMPT).wait(60)
    assert (result.text or "").startswith(f"You asked: {PROMPT}\n\n")


@pytest.mark.parametrize("content", ["", "ends", "tags", "debug"])
def test_the_end_of_an_answer_is_kept(
    make_sandbox_client: MakeClient, sandbox: Sandbox, content: str
) -> None:
    """Finish reason and usage in result, record, table, history and for a run that is reused."""
    sandbox.faults = {**drift(content=content), "finish_reason": "length"}
    client = make_sandbox_client()
    task = client.run(CHAT, prompt=PROMPT)
    result = task.wait(60)
    if content == "debug":  # nothing says why it stopped
        assert (result.finish_reason, result.usage) == (None, None)
        return
    usage = {"prompt_tokens": 5, "completion_tokens": len((result.text or "").split())}
    record = result.record
    assert (result.finish_reason, result.usage) == ("length", usage)
    assert (record.finish_reason, record.usage, record.to_dict()["usage"]) == ("length", usage, usage)
    assert ("cut off (length)" in repr(record), "cut off" in repr(result)) == (True, True)
    assert "The answer is cut off" in result._repr_html_()
    assert any("limit of length" in event.text for event in task.events_so_far() if isinstance(event, Notice))
    table = client.history.to_pandas()
    assert table["finish_reason"].tolist() == ["length"]
    assert [json.loads(cell) for cell in table["usage"]] == [usage]
    assert [(item.finish_reason, item.usage) for item in from_pandas(table)] == [("length", usage)]
    later = make_sandbox_client()
    for again in (
        later.history.result(record.task_id or ""),
        later.attach(record.task_id or "").wait(),
        later.run(CHAT, prompt=PROMPT, reuse=True).wait(),
    ):
        assert (again.text, again.finish_reason, again.usage) == (result.text, "length", usage)


def test_a_complete_answer_needs_no_words(sandbox_client: Client) -> None:
    """Of an answer that ended by itself nothing is said; pictures have neither reason nor usage."""
    task = sandbox_client.run(CHAT, prompt=PROMPT)
    result = task.wait(60)
    assert result.finish_reason == "stop"
    assert "cut off" not in result._repr_html_() + repr(result)
    assert not [event for event in task.events_so_far() if isinstance(event, Notice)]
    picture = sandbox_client.run("wiro/sandbox-sketch", prompt="x", width=64, height=64).wait(60)
    assert (picture.finish_reason, picture.usage, picture.record.usage) == (None, None, None)


def test_a_table_of_answers_and_pictures(sandbox_client: Client) -> None:
    """`usage` is missing where there is none, in the journal's table as in that of the records."""
    sandbox_client.run(CHAT, prompt=PROMPT).wait(60)
    sandbox_client.run("wiro/sandbox-sketch", prompt="x", width=64, height=64).wait(60)
    wait_for(lambda: all(record.outcome == "succeeded" for record in sandbox_client.history.records()))
    table = sandbox_client.history.to_pandas()
    assert sorted(table["usage"].isna()) == [False, True]
    assert [record.usage for record in from_pandas(table)] == [
        record.usage for record in sandbox_client.history.records()
    ]
