"""Chats: one session for several prompts, with the turns so far."""

import asyncio
from typing import Any

import pytest

from tests.sandbox_clients import FLUX, MakeClient, RunCount
from wiro_widgets import AsyncClient, Client, InvalidParameter, ModelSchema, Sandbox, TaskFailed
from wiro_widgets.client.chat import Answer, Chat

CHAT = "wiro/sandbox-chat"


def test_the_model_remembers(sandbox_client: Client) -> None:
    """Each prompt goes into one session; the answer is a text with its run behind it."""
    chat = sandbox_client.chat(CHAT)
    first = chat("Why is the sky blue?")
    assert first.startswith("You asked: Why is the sky blue?")
    assert "Earlier" not in first
    second = chat("And at dusk?")
    assert "1. *Why is the sky blue?*" in second
    assert [(turn.prompt, turn.answer) for turn in chat.turns] == [
        ("Why is the sky blue?", first),
        ("And at dusk?", second),
    ]
    assert chat.turns[1].record.task_id == second.record.task_id
    assert second.result.text == second
    assert second.record.parameters["session_id"] == chat.session_id
    assert repr(chat) == f"<Chat with {CHAT}: 2 turns, session {chat.session_id}>"


def test_two_chats_know_nothing_of_each_other(sandbox_client: Client) -> None:
    """Each has a session of its own."""
    one, other = sandbox_client.chat(CHAT), sandbox_client.chat(CHAT)
    one("first")
    assert "Earlier" not in other("second")
    assert one.session_id != other.session_id


def test_a_chat_goes_on_in_another_kernel(make_sandbox_client: MakeClient) -> None:
    """By its session; the turns come from the journal, in their order."""
    chat = make_sandbox_client().chat(CHAT)
    answers = [chat("first"), chat("second")]
    later = make_sandbox_client().chat(CHAT, session_id=chat.session_id)
    assert [turn.answer for turn in later.turns] == answers
    assert [turn.prompt for turn in later.turns] == ["first", "second"]
    assert "2. *second*" in later("third")
    assert len(later.turns) == 3


def test_nothing_of_it_is_answered_from_the_history(
    make_sandbox_client: MakeClient, run_count: RunCount
) -> None:
    """The same prompt means something else in the next turn, also with `reuse`."""
    chat = make_sandbox_client(reuse=True).chat(CHAT)
    assert chat("again") != chat("again")
    assert run_count() == 2


def test_values_of_the_chat_and_of_a_turn(sandbox_client: Client) -> None:
    """Those of the turn come first, and unknown ones are refused before anything is sent."""
    chat = sandbox_client.chat(CHAT, thinking=False, user_id="me")
    record = chat("hello", thinking=True).record
    assert (record.parameters["thinking"], record.parameters["user_id"]) == (True, "me")
    with pytest.raises(InvalidParameter, match="thinking"):
        sandbox_client.chat(CHAT, thinkng=False)
    for values in ({"prompt": "x"}, {"session_id": "x"}):
        with pytest.raises(InvalidParameter, match="its own prompt"):
            sandbox_client.chat(CHAT, values)
    with pytest.raises(InvalidParameter, match="a text is needed"):
        chat(" ")


def test_a_model_without_sessions(sandbox_client: Client, run_count: RunCount) -> None:
    """It is refused, and the error says what to use."""
    with pytest.raises(InvalidParameter, match="keeps no session, so it has no chat; use run"):
        sandbox_client.chat(FLUX)
    assert run_count() == 0


def test_a_turn_that_fails_is_none(sandbox_client: Client, sandbox: Sandbox) -> None:
    """The chat goes on after it."""
    chat = sandbox_client.chat(CHAT)
    sandbox.faults = {"fail_tasks": 1}
    with pytest.raises(TaskFailed):
        chat("first")
    assert chat.turns == ()
    assert chat("second").startswith("You asked: second")
    assert len(chat.turns) == 1


def test_it_shows_itself_as_markdown(sandbox_client: Client) -> None:
    """An answer, and the whole conversation, without the markup that somebody wrote into it."""
    chat = sandbox_client.chat(CHAT)
    assert chat._repr_mimebundle_()["text/markdown"] == "No turns yet."
    answer = chat("<b>bold</b>")
    bundle = answer._repr_mimebundle_()
    assert bundle["text/plain"] == answer
    assert "&lt;b>bold" in bundle["text/markdown"]
    assert chat._repr_mimebundle_()["text/markdown"].startswith("> &lt;b>bold&lt;/b>\n\nYou asked:")
    assert "&lt;b>bold" in answer.result._repr_mimebundle_()["text/markdown"]
    assert "text/html" in answer.result._repr_mimebundle_()


def test_an_awaited_chat(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """The same names, awaited."""

    async def talk() -> list[Answer]:
        settings: dict[str, Any] = {"base_url": sandbox.base_url, "socket_url": sandbox.socket_url}
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, journal=False, **settings) as client:
            chat = await client.chat(CHAT)
            return [await chat("first"), await chat("second")]

    first, second = asyncio.run(talk())
    assert first.startswith("You asked: first")
    assert "1. *first*" in second
    assert isinstance(make_sandbox_client().chat(CHAT), Chat)


@pytest.mark.parametrize("name", ["session_id", "sessionId", "Session-ID", "conversation_id"])
def test_what_names_a_session(name: str) -> None:
    """However the model writes it."""
    items = [{"id": "prompt", "type": "textarea"}, {"id": name, "type": "text"}]
    tool = {"slugowner": "a", "slugproject": "b", "parameters": [{"title": "Input", "items": items}]}
    assert ModelSchema.from_tool(tool).session == name
    assert (
        ModelSchema.from_tool({**tool, "parameters": [{"title": "Input", "items": items[:1]}]}).session
        is None
    )
