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
        TaskFailed, TaskCancelled, TaskTimeout
      BudgetExceeded
      OutputError
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wiro_widgets.protocol.prices.dollars import dollars

if TYPE_CHECKING:
    from wiro_widgets.protocol.record import TaskRecord


ERRORS_FROM = 400  # the first HTTP status that is an error


class WiroError(Exception):
    """Anything this package raises on purpose."""

    def __init__(self, sentence: str, /, **fields: object) -> None:
        super().__init__(sentence)
        self.__dict__.update(fields)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by message and fields, because errors come back from worker processes."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[WiroError], args: tuple[Any, ...], fields: dict[str, Any]) -> WiroError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error


class WiroWarning(UserWarning):
    """Something went wrong that the work survived."""


class ConfigurationError(WiroError):
    """The client cannot work as it is set up: no key, a malformed address."""


class InvalidParameter(WiroError, ValueError):
    """A value that the model's schema refuses; nothing was sent."""

    parameter: str
    reason: str

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}", parameter=parameter, reason=reason)


class TransportError(WiroError):
    """Nothing reached the server, or nothing came back."""

    safe_to_retry: bool
    endpoint: str

    def __init__(self, reason: str, *, endpoint: str, safe_to_retry: bool) -> None:
        advice = "It is safe to try again." if safe_to_retry else "It may have been received."
        super().__init__(f"{endpoint}: {reason}. {advice}", safe_to_retry=safe_to_retry, endpoint=endpoint)


class RunOutcomeUnknown(WiroError):
    """A Run was sent and its reply was lost: a task may exist and may be billed.

    `candidates` are the ids of tasks in Wiro's list that may be the one.
    """

    model: str
    reason: str
    journal_id: str | None
    candidates: tuple[str, ...]

    def __init__(
        self, model: str, reason: str, *, journal_id: str | None, candidates: tuple[str, ...] = ()
    ) -> None:
        super().__init__(
            f"The run of {model} was sent but its reply was lost ({reason}). "
            f"A task may exist and may be billed, so it was not sent again. {_where_to_look(candidates)}",
            model=model,
            reason=reason,
            journal_id=journal_id,
            candidates=candidates,
        )


def _where_to_look(candidates: tuple[str, ...]) -> str:
    if len(candidates) == 1:
        found = candidates[0]
        return f"Wiro lists one task that fits, {found}: client.attach({found!r}) picks it up."
    if candidates:
        return f"Wiro lists tasks that fit: {', '.join(candidates)}. client.attach(id) picks one up."
    return (
        "Wiro lists no task that fits so far. client.history.unfinished() keeps the run; "
        "client.recover() looks for its task again."
    )


class ApiError(WiroError):
    """Wiro answered, and the answer is no."""

    code: int | None
    message: str
    http_status: int
    endpoint: str
    retry_after: float | None = None  # seconds that the server asks to wait
    advice = ""

    def __init__(
        self, message: str, *, code: int | None = None, http_status: int = 200, endpoint: str = ""
    ) -> None:
        where = f"{endpoint}: " if endpoint else ""
        number = f" (code {code})" if code is not None else ""
        status = f" (HTTP {http_status})" if http_status >= ERRORS_FROM else ""
        advice = f" {self.advice}" if self.advice else ""
        said = message.strip().rstrip(".") or "the request was refused without a reason"
        WiroError.__init__(  # by name, for a refused parameter is an InvalidParameter too
            self,
            f"{where}{said}{number}{status}.{advice}",
            code=code,
            message=message,
            http_status=http_status,
            endpoint=endpoint,
        )


class AuthenticationError(ApiError):
    """The key, the secret or the signature was not accepted."""

    advice = (
        "Check WIRO_API_KEY and WIRO_API_SECRET; a project with signature authentication needs both, "
        "a key-only project needs the secret left out."
    )


class InsufficientBalance(ApiError):
    """The balance does not cover the run; no task was made."""

    advice = "Nothing was run. Add credit to your Wiro balance and run again."


class ConcurrencyLimit(ApiError):
    """The balance allows no further task at the same time; no task was made."""

    advice = "No task was made. Wait for one of your tasks to end, or stop one, and run again."


class RateLimited(ApiError):
    """Too many calls in a short time; nothing was done."""

    advice = "Nothing was done. Wait a moment and try again."


class NotFound(ApiError):
    """The model, task or path does not exist or is not yours."""

    advice = "Check the spelling, and that this project may see it."


class TaskError(WiroError):
    """A task did not give what was asked of it."""

    task_id: str | None
    record: TaskRecord | None

    def __init__(
        self, message: str, *, task_id: str | None, record: TaskRecord | None = None, **fields: object
    ) -> None:
        super().__init__(message, task_id=task_id, record=record, **fields)


class TaskFailed(TaskError):
    """The model stopped with an error; failed tasks are not billed."""

    exit_code: int | None
    error_text: str

    def __init__(
        self, *, task_id: str | None, exit_code: int | None, error_text: str, record: TaskRecord | None = None
    ) -> None:
        code = "without an exit code" if exit_code is None else f"with exit code {exit_code}"
        last = error_text.strip().splitlines()[-1:] or ["The model gave no reason"]
        super().__init__(
            f"Task {task_id} stopped {code}: {last[0].strip()[:300]}. Failed tasks are not billed.",
            task_id=task_id,
            record=record,
            exit_code=exit_code,
            error_text=error_text,
        )


class TaskCancelled(TaskError):
    """The task was cancelled or killed before it finished."""

    def __init__(self, *, task_id: str | None, record: TaskRecord | None = None) -> None:
        name = f"Task {task_id}" if task_id else "The run"
        super().__init__(f"{name} was stopped before it finished.", task_id=task_id, record=record)


class TaskTimeout(TaskError, TimeoutError):
    """The wait ended before the task did; the task goes on."""

    timeout: float

    def __init__(self, *, task_id: str | None, timeout: float, record: TaskRecord | None = None) -> None:
        super().__init__(
            f"Task {task_id} had not ended after {timeout:g} s and goes on. "
            f"Wait again, or client.attach({task_id!r}) later.",
            task_id=task_id,
            record=record,
            timeout=timeout,
        )


class BudgetExceeded(WiroError):
    """The run, or even the cheapest way through a sweep, could cost more than the budget has left; nothing was sent.

    `estimate` is what the run may cost; of a sweep with that many `runs` what all of them cost at least (`in_all`), or
    what the cheapest may cost.
    """

    limit: float
    spent: float
    estimate: float | None
    runs: int

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
            f"Nothing was sent. Raise the budget or make the {'run' if runs == 1 else 'sweep'} smaller.",
            limit=limit,
            spent=spent,
            estimate=estimate,
            runs=runs,
        )


class OutputError(WiroError):
    """An output could not be downloaded or decoded; the task itself is fine."""

    reason: str
    output: str | None
    task_id: str | None

    def __init__(
        self, reason: str, *, output: str | None = None, task_id: str | None = None, hint: str | None = None
    ) -> None:
        of_task = f" of task {task_id}" if task_id else ""
        more = f" {hint}" if hint else ""
        super().__init__(
            f"Output {output or 'without a name'}{of_task}: {reason}.{more}",
            reason=reason,
            output=output,
            task_id=task_id,
        )
