"""The errors: fields, messages that say what to do, and pickling."""

import pickle

import pytest

from wiro_widgets.protocol import errors
from wiro_widgets.protocol.errors import (
    ApiError,
    AuthenticationError,
    BudgetExceeded,
    ConcurrencyLimit,
    ConfigurationError,
    InsufficientBalance,
    InvalidParameter,
    NotFound,
    OutputError,
    RateLimited,
    RunOutcomeUnknown,
    SetUpFailed,
    TaskCancelled,
    TaskError,
    TaskFailed,
    TaskTimeout,
    TransportError,
    WiroError,
)
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.replies import AddressRefused, ParameterRefused, WrongState

RECORD = TaskRecord(task_id="90311", outcome="failed")
PLACE = {"code": 0, "http_status": 200, "endpoint": "/Task/Kill"}

EVERY: list[WiroError] = [
    WiroError("Something happened. Do something."),
    ConfigurationError("No key. Set WIRO_API_KEY."),
    InvalidParameter("steps", "a whole number is needed, not 'many'"),
    TransportError("the connection was cut", endpoint="/Task/Detail", safe_to_retry=True),
    RunOutcomeUnknown("tencent/hunyuan-flux-srpo", "the time ran out", journal_id="j1"),
    ApiError("out of order", code=0, http_status=200, endpoint="/Task/Kill"),
    AuthenticationError("Project authorization is not valid.", code=None, http_status=401, endpoint="/Run"),
    InsufficientBalance("no money", code=97, endpoint="/Run"),
    ConcurrencyLimit("too many", code=96, endpoint="/Run"),
    RateLimited("slow down", http_status=429, endpoint="/Run"),
    NotFound("There is no task yet.", code=1, endpoint="/Task/Detail"),
    WrongState("Task is not in a cancellable state.", code=1, endpoint="/Task/Cancel"),
    ParameterRefused("steps", "must be between 1 and 50", code=0, endpoint="/Run"),
    TaskError("Task 90311 is lost.", task_id="90311", record=RECORD),
    TaskFailed(task_id="90311", exit_code=1, error_text="one\nMemoryError", record=RECORD),
    TaskCancelled(task_id="90311", record=RECORD),
    TaskTimeout(task_id="90311", timeout=2.5, record=RECORD),
    BudgetExceeded(limit=2.0, spent=1.99, estimate=0.0035),
    OutputError("the link has expired", output="0.png", task_id="90311", hint="Run it again."),
    AddressRefused("Requested ip 203.0.113.8 is not allowed.", http_status=401, endpoint="/Run"),
    SetUpFailed(task_id="90311", patience=600, error_text="no GPU was free", record=RECORD),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_an_error_survives_a_pickle(error: WiroError) -> None:
    """Type, message and fields come back from a worker process."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_error_is_tried_here() -> None:
    """A new class of error is added to the list above."""
    everyone = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WiroError)
    }
    assert everyone <= {type(error) for error in EVERY}


def test_an_invalid_parameter_is_a_value_error() -> None:
    """`except ValueError` catches it, and it names the field."""
    error = InvalidParameter("steps", "is required")
    assert isinstance(error, ValueError)
    assert (error.parameter, str(error)) == ("steps", "steps: is required")


def test_a_refused_parameter_is_an_api_error_too() -> None:
    """A value that Wiro refuses names its field as the schema's refusals do, and has a code."""
    error = ParameterRefused("steps", "must be between 1 and 50", code=0, endpoint="/Run/a/b")
    assert isinstance(error, InvalidParameter)
    assert isinstance(error, ApiError)
    assert (error.parameter, error.reason, error.code) == ("steps", "must be between 1 and 50", 0)
    assert "steps: must be between 1 and 50" in str(error)
    assert "No task was created" in str(error)


def test_an_api_error_says_where_what_and_what_next() -> None:
    """Endpoint, message, code and advice make one text with one full stop each."""
    error = InsufficientBalance("Not enough balance.", code=97, endpoint="/Run/a/b")
    assert str(error) == (
        "/Run/a/b: Not enough balance (code 97). "
        "No task was created. Add credit to your Wiro balance and run again."
    )


def test_an_api_error_names_the_http_status_of_a_failure() -> None:
    """HTTP 200 is not mentioned."""
    assert "(HTTP 503)" in str(ApiError("away", http_status=503))
    assert "HTTP" not in str(ApiError("no", http_status=200))


def test_an_api_error_without_a_message_still_says_something() -> None:
    """An empty message is replaced."""
    assert str(ApiError("", endpoint="/Run/a/b")) == "/Run/a/b: the request was refused without a reason."


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (EVERY[3], "safe to try again"),
        (TransportError("cut", endpoint="/Run", safe_to_retry=False), "may have been received"),
        (EVERY[4], r"client\.recover\(\)"),
        (EVERY[6], "WIRO_API_SECRET"),
        (EVERY[8], "Wait for one of your tasks to end"),
        (EVERY[9], "try again"),
        (EVERY[10], "Check the spelling"),
        (EVERY[11], "look at its status"),
        (EVERY[14], "Task 90311 failed with exit code 1: MemoryError. Failed tasks are not billed"),
        (EVERY[15], "Task 90311 was stopped"),
        (EVERY[16], r"client\.attach\('90311'\)"),
        (EVERY[17], "Nothing was sent"),
        (EVERY[18], "Output 0.png of task 90311: the link has expired. Run it again"),
    ],
    ids=lambda item: type(item).__name__ if isinstance(item, Exception) else "",
)
def test_a_sentence_says_what_to_do(error: WiroError, says: str) -> None:
    """What happened, then what to do next."""
    with pytest.raises(type(error), match=says):
        raise error


def test_a_failure_without_stderr_says_so() -> None:
    """Without stderr the message says that there is no reason."""
    error = TaskFailed(task_id="90311", exit_code=None, error_text=" \n")
    assert "failed without an exit code: the model gave no reason" in str(error)


def test_a_timeout_is_a_timeout_error() -> None:
    """`except TimeoutError` catches it, and the task goes on."""
    error = TaskTimeout(task_id="90311", timeout=2.5)
    assert isinstance(error, TimeoutError)
    assert (error.task_id, error.timeout) == ("90311", 2.5)
    assert "goes on" in str(error)


def test_small_money_is_not_rounded_away() -> None:
    """A limit of half a cent is not $0.01, and two dollars are not $2.0000."""
    text = str(BudgetExceeded(limit=0.005, spent=0.0, estimate=0.0035))
    assert "may cost $0.0035" in text
    assert "$0.00 of $0.005" in text
    assert "$2.00" in str(BudgetExceeded(limit=2, spent=0, estimate=None))
    assert "an unknown amount" in str(BudgetExceeded(limit=2, spent=0, estimate=None))
