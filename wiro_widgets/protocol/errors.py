"""Every error a user can meet, drawn as a tree; each carries fields and builds its sentence from them.

::

    WiroError
      ConfigurationError
      InvalidParameter (also ValueError)
      TransportError
      RunOutcomeUnknown
      ApiError
        AuthenticationError, InsufficientBalance, ConcurrencyLimit, RateLimited, NotFound
      TaskError
        TaskFailed, TaskCancelled, TaskTimeout (also TimeoutError)
      BudgetExceeded
      OutputError
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.redact import printable

if TYPE_CHECKING:
    from wiro_widgets.protocol.record import TaskRecord


ERRORS_FROM = 400  # the first HTTP status that is an error
SERVER_ERRORS_FROM = 500  # the first that is the server's own fault
_MAX_NAME = 100  # characters of a parameter's name in a sentence
_MAX_SENTENCE, _MAX_HEAD, _MAX_TAIL = 2_000, 1_600, 300  # characters; the tail has the advice


class WiroError(Exception):
    """Anything this package raises on purpose."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(_shorten(sentence)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by message and fields, because errors come back from worker processes."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _shorten(sentence: str) -> str:
    """Return the sentence, without its middle if it is too long to be read: a value or a server may be in it."""
    return (
        sentence if len(sentence) <= _MAX_SENTENCE else f"{sentence[:_MAX_HEAD]} ... {sentence[-_MAX_TAIL:]}"
    )


def _rebuild(kind: type[WiroError], args: tuple[Any, ...], fields: dict[str, Any]) -> WiroError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error


class WiroWarning(UserWarning):
    """Something went wrong, and the work goes on without it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(_shorten(sentence)))


class ConfigurationError(WiroError):
    """The client cannot work with its settings: no key, a malformed address."""


class InvalidParameter(WiroError, ValueError):
    """The model's schema refuses a value; nothing was sent."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(
            f"{parameter if len(parameter) <= _MAX_NAME else f'{parameter[:_MAX_NAME]}...'}: {reason}"
        )
        self.parameter = parameter
        self.reason = reason


class TransportError(WiroError):
    """Nothing reached the server, or nothing came back.

    `retry_helps` is False if only another setting can help, such as of a proxy or of certificates.
    """

    def __init__(self, reason: str, *, endpoint: str, safe_to_retry: bool, retry_helps: bool = True) -> None:
        advice = "It is safe to try again." if safe_to_retry else "It may have been received."
        super().__init__(f"{endpoint}: {reason}. {advice}")
        self.endpoint = endpoint
        self.safe_to_retry = safe_to_retry
        self.retry_helps = retry_helps


class RunOutcomeUnknown(WiroError):
    """A Run was sent and its reply was lost: a task may exist and may be billed.

    `candidates` are the ids of tasks in Wiro's list that may be this run's.
    """

    def __init__(
        self, model: str, reason: str, *, journal_id: str | None, candidates: tuple[str, ...] = ()
    ) -> None:
        if len(candidates) == 1:
            advice = f"Task {candidates[0]} may be its task: client.attach({candidates[0]!r}) picks it up."
        elif candidates:
            advice = f"One of {', '.join(candidates)} may be its task: client.attach(id) picks it up."
        else:
            advice = "client.recover() looks for its task; to send it again all the same, run it anew."
        super().__init__(
            f"The run of {model} was sent but its reply was lost ({reason.rstrip('.')}). "
            f"A task may exist and be billed, so it was not sent again. {advice} "
            'In a sweep, resume(unknown="send") sends it again.'
        )
        self.model = model
        self.reason = reason
        self.journal_id = journal_id
        self.candidates = candidates


class ApiError(WiroError):
    """Wiro refused the request."""

    retry_after: float | None = None  # seconds that the server asks to wait
    advice = ""

    def __init__(
        self, message: str, *, code: int | None = None, http_status: int = 200, endpoint: str = ""
    ) -> None:
        where = f"{endpoint}: " if endpoint else ""
        number = f" (code {code})" if code is not None else ""
        status = f" (HTTP {http_status})" if http_status >= ERRORS_FROM else ""
        advice = f" {self.advice}" if self.advice else ""
        reason = message.strip().rstrip(".") or "the request was refused without a reason"
        # Not super(): ParameterRefused is an InvalidParameter as well.
        WiroError.__init__(self, f"{where}{reason}{number}{status}.{advice}")
        self.code = code
        self.message = message
        self.http_status = http_status
        self.endpoint = endpoint


class AuthenticationError(ApiError):
    """Wiro does not accept the key, the secret or the signature."""

    advice = "Check WIRO_API_KEY and WIRO_API_SECRET; a key-only project has no secret."


class InsufficientBalance(ApiError):
    """The balance does not cover the run; no task was created."""

    advice = "No task was created. Add credit to your Wiro balance and run again."


class ConcurrencyLimit(ApiError):
    """The balance allows no further task at the same time; no task was created."""

    advice = "No task was created. Wait for one of your tasks to end, or stop one, and run again."


class RateLimited(ApiError):
    """Too many calls in a short time; nothing was done."""

    advice = "Nothing was done. Wait a moment and try again."


class NotFound(ApiError):
    """The model, task or path does not exist or is not yours."""

    advice = "Check the spelling, and that this project has access."


class TaskError(WiroError):
    """A task did not give a result."""

    def __init__(self, message: str, *, task_id: str | None, record: TaskRecord | None = None) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.record = record


class TaskFailed(TaskError):
    """The model ended with an error; failed tasks are not billed."""

    def __init__(
        self, *, task_id: str | None, exit_code: int | None, error_text: str, record: TaskRecord | None = None
    ) -> None:
        code = "without an exit code" if exit_code is None else f"with exit code {exit_code}"
        last = error_text.strip().splitlines()[-1:] or ["the model gave no reason"]
        text = f"Task {task_id} failed {code}: {last[0].strip()[:300]}. Failed tasks are not billed."
        super().__init__(text, task_id=task_id, record=record)
        self.exit_code = exit_code
        self.error_text = error_text


class SetUpFailed(TaskFailed):
    """Wiro could not set the task up, and no further sign of it came for a long time; it may start all the same."""

    def __init__(
        self, *, task_id: str | None, patience: float, error_text: str, record: TaskRecord | None = None
    ) -> None:
        last = error_text.strip().splitlines()[-1:] or ["Wiro gives no reason"]
        reason = last[0].strip()[:300].rstrip(".")
        text = (
            f"Wiro could not set task {task_id} up, and {patience:g} s brought no other sign of it: {reason}. "
            f"It may start all the same; client.attach({task_id!r}) follows it again."
        )
        TaskError.__init__(self, text, task_id=task_id, record=record)
        self.exit_code = None
        self.error_text = error_text


class TaskCancelled(TaskError):
    """The task was cancelled or killed before it finished."""

    def __init__(self, *, task_id: str | None, record: TaskRecord | None = None) -> None:
        name = f"Task {task_id}" if task_id else "The run"
        super().__init__(f"{name} was stopped before it finished.", task_id=task_id, record=record)


class TaskTimeout(TaskError, TimeoutError):
    """The wait ended before the task did; the task goes on."""

    def __init__(self, *, task_id: str | None, timeout: float, record: TaskRecord | None = None) -> None:
        advice = f"Wait again, or use client.attach({task_id!r}) later."
        text = f"Task {task_id} has not ended after {timeout:g} s and goes on. {advice}"
        super().__init__(text, task_id=task_id, record=record)
        self.timeout = timeout


class BudgetExceeded(WiroError):
    """A run or a sweep could cost more than the budget has left; nothing was sent.

    `estimate` is in USD. For a run, and for the cheapest run of a sweep, it is what the run may cost; with `in_all`
    it is the least that all `runs` of the sweep cost together.
    """

    def __init__(
        self, *, limit: float, spent: float, estimate: float | None, runs: int = 1, in_all: bool = False
    ) -> None:
        cost = "an unknown amount" if estimate is None else dollars(estimate)
        if runs == 1:
            what = f"This run may cost {cost}"
        elif in_all:
            what = f"The {runs:,} runs of this sweep cost at least {cost}"
        else:
            what = f"Any of the {runs:,} runs of this sweep may cost {cost}{'' if estimate is None else ' or more'}"
        super().__init__(
            f"{what}, and {dollars(spent)} of {dollars(limit)} is spent or in flight. "
            f"Nothing was sent. Raise the budget or make the {'run' if runs == 1 else 'sweep'} smaller."
        )
        self.limit = limit
        self.spent = spent
        self.estimate = estimate
        self.runs = runs


class OutputError(WiroError):
    """An output could not be downloaded or decoded; the task itself succeeded.

    `may_come` is True if it may be downloaded later.
    """

    def __init__(
        self,
        reason: str,
        *,
        output: str | None = None,
        task_id: str | None = None,
        hint: str | None = None,
        may_come: bool = False,
    ) -> None:
        of_task = f" of task {task_id}" if task_id else ""
        advice = f" {hint}" if hint else ""
        super().__init__(f"Output {output or 'without a name'}{of_task}: {reason}.{advice}")
        self.reason = reason
        self.may_come = may_come
        self.output = output
        self.task_id = task_id
