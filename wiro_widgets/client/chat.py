"""Chat: a conversation with a language model that keeps sessions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from wiro_widgets.display.live_line import ProgressMode
from wiro_widgets.journal.history import History
from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.render.markdown import safe_markdown

MAX_TURNS = 1_000  # that are read from the journal


class Answer(str):
    """The answer of a language model: a text that a notebook shows as Markdown; `result` has all the rest."""

    __slots__ = ("result",)
    result: TaskResult

    @classmethod
    def of(cls, result: TaskResult) -> Self:
        """Return the answer of a result."""
        answer = cls(result.text or "")
        answer.result = result
        return answer

    @property
    def record(self) -> TaskRecord:
        """The run as one row."""
        return self.result.record

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": str(self), "text/markdown": safe_markdown(self)}


@dataclass(frozen=True, slots=True)
class Turn:
    """A prompt and its answer."""

    prompt: str
    answer: Answer

    @property
    def record(self) -> TaskRecord:
        """The run as one row."""
        return self.answer.record


@dataclass(slots=True)
class Conversation:
    """What one chat has: the model, the values of every prompt, and the turns so far.

    `parameter` is the one that takes the session.
    """

    model: str
    parameter: str
    session_id: str
    values: dict[str, Any] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)

    @classmethod
    def begin(
        cls, model: str, schema: ModelSchema | None, values: Mapping[str, Any], session_id: str | None
    ) -> Self:
        """Begin a conversation, with a new session unless it goes on with one; raises InvalidParameter."""
        name = "/".join(split_model(model))
        parameter = "session_id" if schema is None or schema.is_open else schema.session
        if parameter is None:
            raise InvalidParameter("model", f"{name} keeps no session, so it has no chat; use run")
        for key in values:
            if schema is not None:
                schema.require(key)
            if key in ("prompt", parameter):
                raise InvalidParameter(
                    key, "each turn of a chat has its own prompt, and all have one session_id"
                )
        return cls(name, parameter, session_id or uuid.uuid4().hex, dict(values))

    def read(self, history: History) -> None:
        """Read the turns of an earlier chat from the journal."""
        session = {self.parameter: self.session_id}
        records = history.find(self.model, parameters=session, outcome="succeeded", limit=MAX_TURNS)
        for record in reversed(records):
            self.add(result_of(record))

    def run_values(self, prompt: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a run; raises InvalidParameter for a prompt that is no text."""
        if not isinstance(prompt, str) or not prompt.strip():
            raise InvalidParameter("prompt", "a text is needed")
        return {**self.values, **values, "prompt": prompt, self.parameter: self.session_id}

    def add(self, result: TaskResult) -> Answer:
        """Add the turn of a result and return its answer."""
        answer = Answer.of(result)
        self.turns.append(Turn(result.record.prompt or "", answer))
        return answer


class _ChatFace:
    """What both faces of a conversation share."""

    def __init__(self, client: Any, conversation: Conversation) -> None:
        self.conversation = conversation
        self._client = client

    @property
    def model(self) -> str:
        """The model as "owner/name"."""
        return self.conversation.model

    @property
    def session_id(self) -> str:
        """What names the session at the model; `client.chat(model, session_id=...)` goes on with it."""
        return self.conversation.session_id

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The prompts with their answers so far, oldest first; a run that failed is none."""
        return tuple(self.conversation.turns)

    def __repr__(self) -> str:
        turns = f"{len(self.turns)} turn{'' if len(self.turns) == 1 else 's'}"
        return printable(f"<{type(self).__name__} with {self.model}: {turns}, session {self.session_id}>")

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        turns = (
            "\n".join(f"> {line}" for line in safe_markdown(turn.prompt).splitlines())
            + f"\n\n{safe_markdown(turn.answer)}"
            for turn in self.turns
        )
        return {"text/plain": repr(self), "text/markdown": "\n\n---\n\n".join(turns) or "No turns yet."}


class Chat(_ChatFace):
    """A conversation with a language model; calling it with a prompt returns the answer. Made by `Client.chat`.

    >>> chat = client.chat("wiro/sandbox-chat")
    >>> print(chat("Why is the sky blue?"))
    """

    def __call__(
        self, prompt: str, /, *, timeout: float | None = None, progress: ProgressMode = None, **values: Any
    ) -> Answer:
        """Send a prompt, wait, and return the answer; `values` are those of this turn alone.

        The history never answers it. Raises what `Client.run` and `Task.wait` raise; then there is no turn.
        """
        run_values = self.conversation.run_values(prompt, values)
        task = self._client.run(self.model, run_values, reuse=False)
        return self.conversation.add(task.wait(timeout, progress=progress))


class AsyncChat(_ChatFace):
    """A conversation whose calls are awaited. Made by `AsyncClient.chat`.

    >>> chat = await client.chat("wiro/sandbox-chat")
    >>> print(await chat("Why is the sky blue?"))
    """

    async def __call__(
        self,
        prompt: str,
        /,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - TaskTimeout is the answer
        progress: ProgressMode = None,
        **values: Any,
    ) -> Answer:
        """Send a prompt, wait, and return the answer, as `Chat` does."""
        run_values = self.conversation.run_values(prompt, values)
        task = await self._client.run(self.model, run_values, reuse=False)
        return self.conversation.add(await task.wait(timeout, progress=progress))
