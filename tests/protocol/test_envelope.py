"""What counts as success, and the error for each refusal (docs/protocol.md, Envelope)."""

import json
from typing import Any

import pytest

from wiro_widgets.protocol import replies
from wiro_widgets.protocol.errors import (
    ApiError,
    AuthenticationError,
    ConcurrencyLimit,
    InsufficientBalance,
    InvalidParameter,
    NotFound,
    RateLimited,
)
from wiro_widgets.protocol.replies import AddressRefused, ParameterRefused, WrongState


def _read(reply: object, http_status: int = 200) -> Any:
    data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    return replies.payload(data, http_status=http_status, endpoint="/Run/a/b")


def _refusal(reply: object, http_status: int = 200) -> ApiError:
    with pytest.raises(ApiError) as failure:
        _read(reply, http_status)
    return failure.value


def _code(code: object, message: object = "no") -> dict[str, Any]:
    return {"result": False, "errors": [{"code": code, "message": message}]}


@pytest.mark.parametrize("result", [True, "true", "1", 1])
def test_result_is_true_in_any_spelling(result: object) -> None:
    """`true`, `"1"` and `1` are success, with the payload beside them."""
    assert _read({"result": result, "errors": [], "taskid": "5"})["taskid"] == "5"


@pytest.mark.parametrize("errors", [{}, [], None, "", "[]"])
def test_a_missing_result_without_errors_is_success(errors: object) -> None:
    """A missing `result` is success if `errors` is empty in any form."""
    assert _read({"errors": errors, "result": "", "taskid": "5"})["taskid"] == "5"
    assert _read({"errors": errors, "taskid": "5"})["taskid"] == "5"
    assert _read({"taskid": "5"})["taskid"] == "5"


@pytest.mark.parametrize(
    "errors", [["no"], [{"message": "no"}], {"message": "no"}, "no", '[{"message": "no"}]']
)
def test_a_missing_result_with_errors_is_none(errors: object) -> None:
    """A list, an object, a text or JSON text in `errors`: each is a refusal with its message."""
    assert _refusal({"errors": errors}).message == "no"


@pytest.mark.parametrize("result", [False, "false", "0", 0])
def test_result_is_false_in_any_spelling(result: object) -> None:
    """HTTP 200 with `result: false` is an error, even without a reason."""
    assert _refusal({"result": result}).http_status == 200


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0, ApiError),
        (1, NotFound),
        (96, ConcurrencyLimit),
        (97, InsufficientBalance),
        (98, AuthenticationError),
        (99, AuthenticationError),
        (12345, ApiError),
        (None, ApiError),
    ],
)
def test_the_error_table(code: int | None, kind: type[ApiError]) -> None:
    """Each documented code has its error, as a number and as text."""
    for wire_code in {code, None if code is None else str(code)}:
        error = _refusal(_code(wire_code))
        assert type(error) is kind
        assert (error.code, error.message, error.endpoint) == (code, "no", "/Run/a/b")


@pytest.mark.parametrize(
    ("http_status", "kind"),
    [
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, NotFound),
        (429, RateLimited),
        (400, ApiError),
        (500, ApiError),
        (503, ApiError),
    ],
)
def test_the_http_status_speaks_where_there_is_no_code(http_status: int, kind: type[ApiError]) -> None:
    """An envelope without a code is judged by its status."""
    error = _refusal(b'{"result": false, "errors": []}', http_status)
    assert type(error) is kind
    assert error.message == f"the server answered with HTTP {http_status}"


@pytest.mark.parametrize(
    ("http_status", "kind"), [(401, ApiError), (403, ApiError), (404, ApiError), (429, RateLimited)]
)
def test_a_gateways_page_says_nothing_of_keys_and_tasks(http_status: int, kind: type[ApiError]) -> None:
    """An HTML page is no refused key and no missing task: only Wiro's own JSON is."""
    error = _refusal(b"<html>sorry</html>", http_status)
    assert type(error) is kind
    assert error.http_status == http_status
    assert error.message.startswith(f"the server answered with HTTP {http_status}")


@pytest.mark.parametrize(
    ("http_status", "kind"), [(401, AuthenticationError), (429, RateLimited), (500, ApiError)]
)
def test_code_1_says_less_than_the_http_status(http_status: int, kind: type[ApiError]) -> None:
    """Code 1 has many uses; a rate limit or a failing server is not "not found"."""
    assert type(_refusal(_code(1, "slow down"), http_status)) is kind


def test_a_success_with_an_error_status_is_an_error() -> None:
    """`result: true` with HTTP 500 is an error."""
    assert _refusal({"result": True}, 500).http_status == 500


@pytest.mark.parametrize(
    "message",
    [
        "Project authorization is not founded.",
        "Project authorization is not valid.",
        "Project requires signature authentication. x-signature and x-nonce headers are required.",
        "Authorization bearer token is invalid.",
    ],
)
@pytest.mark.parametrize("http_status", [200, 401])
def test_authentication_messages(message: str, http_status: int) -> None:
    """Wiro's messages for a wrong key are an AuthenticationError with either status."""
    error = _refusal({"result": False, "errors": [{"code": 0, "message": message}]}, http_status)
    assert type(error) is AuthenticationError
    assert "WIRO_API_SECRET" in str(error)


@pytest.mark.parametrize("http_status", [200, 401, 403])
def test_a_refused_ip_address_is_no_wrong_key(http_status: int) -> None:
    """The error names the address and where it is allowed, and does not send the user to look at the key."""
    words = "Requested ip 203.0.113.8 is not allowed."
    error = _refusal({"result": False, "errors": [{"code": 0, "message": words}]}, http_status)
    assert type(error) is AddressRefused
    assert "203.0.113.8" in str(error)
    assert "allowed IPs" in str(error)
    assert "WIRO_API_KEY" not in str(error)


@pytest.mark.parametrize(
    ("reply", "http_status", "kind"),
    [
        ({"result": False, "message": "no"}, 200, ApiError),
        ({"result": False, "errors": [], "message": "no"}, 200, ApiError),
        ({"result": False, "errors": [{}], "message": "no"}, 200, ApiError),
        ({"result": False, "message": "no", "code": "97"}, 200, InsufficientBalance),
        ({"message": "no"}, 401, AuthenticationError),
        ({"message": "no"}, 429, RateLimited),
        ({"message": "no"}, 500, ApiError),
    ],
)
def test_a_message_at_the_top_is_the_reason(
    reply: dict[str, Any], http_status: int, kind: type[ApiError]
) -> None:
    """Without words in `errors` the reply's own message and code count."""
    error = _refusal(reply, http_status)
    assert type(error) is kind
    assert error.message == "no"


def test_words_in_errors_are_the_reason_before_a_message_at_the_top() -> None:
    """A general message does not hide the special one."""
    assert _refusal({**_code(0, "steps is wrong"), "message": "Bad request"}).message == "steps is wrong"


def test_a_message_beside_a_payload_is_no_refusal() -> None:
    """A reply with success or with a payload may carry any message."""
    assert _read({"result": True, "message": "done"})["message"] == "done"
    assert _read({"tasklist": [], "message": "done"})["message"] == "done"


def test_a_message_alone_is_a_refusal_but_not_of_a_run() -> None:
    """Task/Detail says so that there is no task; a Run that says as little may have created one."""
    body = b'{"message": "There is no task yet."}'
    with pytest.raises(NotFound):
        replies.payload(body, http_status=200, endpoint="/Task/Detail")
    assert replies.payload(body, http_status=200, endpoint="/Run/a/b")


@pytest.mark.parametrize(
    "message",
    [
        "There is no task yet.",
        "task-not-founded",
        "task-not-exist",
        "slug-owner-project-not-exist",
        "tool-not-accessible",
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_missing_things(message: str, code: int) -> None:
    """Wiro's messages for missing things are a NotFound with any code."""
    assert type(_refusal(_code(code, message))) is NotFound


@pytest.mark.parametrize(
    "message",
    [
        "Task is not in a cancellable state.",
        "Task could not be killed: it has no container",
        "Task must be completed or cancelled before deleting files",
    ],
)
def test_wrong_states(message: str) -> None:
    """A task in the wrong state is not reported as missing."""
    assert type(_refusal(_code(1, message))) is WrongState


@pytest.mark.parametrize(
    ("message", "parameter", "reason"),
    [
        ("Request parameter [prompt] required", "prompt", "required"),
        ("Request parameter [steps] must be integer or float", "steps", "must be integer or float"),
        ("Request parameter [steps] must be between 1 and 50", "steps", "must be between 1 and 50"),
        ("Request files [inputImage] required", "inputImage", "required"),
    ],
)
def test_field_errors_name_their_field(message: str, parameter: str, reason: str) -> None:
    """A value that Wiro refuses is an InvalidParameter with the field's name."""
    error = _refusal(_code(0, message))
    assert isinstance(error, ParameterRefused)
    assert isinstance(error, InvalidParameter)
    assert (error.parameter, error.reason, error.code) == (parameter, reason, 0)


def test_all_of_several_errors_are_in_the_message() -> None:
    """The messages are joined; the first code counts."""
    error = _refusal(
        {"result": False, "errors": ["one", {"message": "two"}, {"code": "97", "message": "three"}]}
    )
    assert error.message == "one; two; three"
    assert type(error) is InsufficientBalance


@pytest.mark.parametrize("errors", [[None], [[]], [{}], [{"code": [], "message": {}}], 5, True])
def test_senseless_errors_are_still_errors(errors: object) -> None:
    """Wrong types in `errors` still give an ApiError, without a message."""
    assert isinstance(_refusal({"result": False, "errors": errors}), ApiError)


def test_an_endless_message_is_cut() -> None:
    """A long message does not fill the notebook."""
    assert len(str(_refusal(_code(0, "x" * 1_000_000)))) < 3_000


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"ok"', b"5", b"ok", b"\x80", b"[" * 100_000])
def test_a_reply_that_is_no_object_is_an_error(body: bytes) -> None:
    """HTTP 200 without a JSON object is an ApiError."""
    assert _refusal(body).message == replies.NO_OBJECT
