"""A panel of a model that keeps sessions: its runs are a conversation."""

from typing import Any

import pytest

from tests.sandbox_clients import wait_for
from tests.widget.conftest import MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import Client, Panel

CHAT = "wiro/sandbox-chat"


@pytest.fixture
def chat(panel_of: MakePanel) -> Panel:
    """Make a panel with the sandbox's language model."""
    return panel_of(CHAT, thinking=False)


def _ask(panel: Panel, prompt: str) -> str:
    panel.set(prompt=prompt)
    panel.run()
    return panel.wait(60).text or ""


def _talks(panel: Panel) -> list[dict[str, Any]]:
    assert isinstance(panel.comm, Wire)
    return [message["talk"] for message in panel.comm.messages("delta", "snapshot") if "talk" in message]


def test_runs_are_turns(chat: Panel) -> None:
    """The first run begins a session, which the control shows; the page gets the earlier turns with each run."""
    assert not chat.values.get("session_id")
    first = _ask(chat, "Why is the sky blue?")
    session = chat.values["session_id"]
    second = _ask(chat, "And at dusk?")
    assert "1. *Why is the sky blue?*" in second
    assert chat.values["session_id"] == session
    talks = _talks(chat)
    assert talks[0] == {"run": 1, "prompt": "Why is the sky blue?", "turns": []}
    assert talks[-1] == {
        "run": 2,
        "prompt": "And at dusk?",
        "turns": [{"prompt": "Why is the sky blue?", "answer": first}],
    }


def test_turns_are_told_once_a_view(chat: Panel) -> None:
    """Not with every piece of an answer; a late view gets them with its snapshot, an earlier run its own."""
    for prompt in ("first", "second"):
        _ask(chat, prompt)
    wire = chat.comm
    assert isinstance(wire, Wire)
    assert len(_talks(chat)) == 2
    assert [turn["prompt"] for turn in wire.ask("sync", epoch="", next=0)["talk"]["turns"]] == ["first"]
    wire.say("show", run=1)
    wire.until(lambda: _talks(chat)[-1]["run"] == 1)
    assert _talks(chat)[-1]["turns"] == []


def test_another_session_is_another_conversation(chat: Panel) -> None:
    """An empty control begins a new one with the next run; one that is typed goes on with it."""
    _ask(chat, "first")
    session = chat.values["session_id"]
    chat.set(session_id=None)
    assert "Earlier" not in _ask(chat, "second")
    assert chat.values["session_id"] != session
    chat.set(session_id=session)
    assert "1. *first*" in _ask(chat, "third")
    assert [turn["prompt"] for turn in _talks(chat)[-1]["turns"]] == ["first"]


def test_a_preset_keeps_no_session(chat: Panel, sandbox_client: Client) -> None:
    """What is loaded tomorrow does not go on with today's conversation."""
    _ask(chat, "first")
    chat.save_preset("short")
    assert "session_id" not in chat.presets["short"]
    assert "prompt" in sandbox_client.presets(CHAT)["short"]


def test_a_sweep_is_no_conversation(chat: Panel) -> None:
    """Its prompts are independent of each other."""
    chat.vary(prompt=["first", "second"])
    chat.run_sweep().wait(60)
    assert not chat.values.get("session_id")
    assert _talks(chat) == []


def test_other_models_have_none(panel: Panel) -> None:
    """Nothing is said of a conversation."""
    panel.run()
    panel.wait(60)
    assert _talks(panel) == []


def test_the_page_asks_for_the_writer(chat: Panel) -> None:
    """The module is not in the bundle: the kernel sends its source, and no other file."""
    wire = chat.comm
    assert isinstance(wire, Wire)
    assert "drawMarkdown" in wire.ask("module", rev=3, name="markdown")["text"]
    wire.say("module", rev=4, name="../../secret")
    assert len(wire.messages("reply")) == 1


def _prompts(panel: Panel, *expected: str) -> None:
    """Wait until these are the earlier turns that the page was told last."""
    assert isinstance(panel.comm, Wire)
    panel.comm.until(lambda: [turn["prompt"] for turn in _talks(panel)[-1]["turns"]] == list(expected))


def _wait_for_journal(client: Client, count: int) -> None:
    """Return once so many runs are written down as succeeded, which is a moment after they can be waited for."""
    wait_for(lambda: len(client.history.find(model=CHAT, outcome="succeeded")) >= count)


def test_a_session_of_the_history_goes_on_with_its_turns(panel_of: MakePanel, sandbox_client: Client) -> None:
    """A new panel that is given the session shows what was said before, and each turn once."""
    old = panel_of(CHAT, thinking=False)
    answers = [_ask(old, prompt) for prompt in ("first", "second")]
    _wait_for_journal(sandbox_client, 2)
    session = old.values["session_id"]
    new = panel_of(CHAT, thinking=False, session_id=session)
    assert "1. *first*" in _ask(new, "third")
    _prompts(new, "first", "second")
    assert [turn["answer"] for turn in _talks(new)[-1]["turns"]] == answers
    _ask(new, "fourth")
    _prompts(new, "first", "second", "third")
    new.set(session_id=None)
    _ask(new, "another")
    _prompts(new)
    new.set(session_id=session)
    _ask(new, "fifth")
    _prompts(new, "first", "second", "third", "fourth")


def test_a_run_of_the_history_stands_in_its_conversation(panel_of: MakePanel, sandbox_client: Client) -> None:
    """A panel of a record shows the turns before it, and goes on behind those that followed."""
    old = panel_of(CHAT, thinking=False)
    for prompt in ("first", "second", "third"):
        _ask(old, prompt)
    _wait_for_journal(sandbox_client, 3)
    [record] = sandbox_client.history.find(model=CHAT, text="second", limit=1)
    panel = Panel.from_record(record, client=sandbox_client)
    _prompts(panel, "first")
    _ask(panel, "fourth")
    _prompts(panel, "first", "second", "third")
    panel.close()
