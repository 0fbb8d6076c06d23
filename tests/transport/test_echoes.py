"""No secret that a server repeats, in any spelling, gets into an error, a record, a log or the journal."""

import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.http_wire import Reply
from tests.hostile.server import KEY, SECRET, HostileServer
from tests.hostile.task_api import ok, refused
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import ApiError, TaskFailed
from wiro_widgets.protocol.replies import ParameterRefused

ESCAPED = KEY.replace("p", "\\u0070").replace("-", "\\u002d")


def _refusal(server: HostileServer, client: Client, answer: Reply) -> ApiError:
    server.script("Run", answer)
    with pytest.raises(ApiError) as error_info:
        client.run("a/b", prompt="x")
    return error_info.value


def test_an_escape_of_json_hides_no_secret(server: HostileServer, client: Client) -> None:
    """A key that is spelled with JSON escapes is hidden, because replies are redacted after parsing."""
    body = b'{"result": false, "errors": [{"code": 0, "message": "no %s"}]}' % ESCAPED.encode()
    assert _refusal(server, client, Reply(body)).message == "no [hidden]"


def test_half_a_secret_is_not_shown_either(server: HostileServer, client: Client) -> None:
    """A message is redacted before it is shortened."""
    error = _refusal(server, client, refused("y" * (2_000 - len(KEY) + 1) + KEY, 0))
    assert KEY[:6] not in str(error)


def test_a_refused_parameter_names_no_secret(server: HostileServer, client: Client) -> None:
    """The fields of the error are redacted like its message."""
    error = _refusal(server, client, refused(f"Request parameter [prompt] must be {SECRET}", 0))
    assert isinstance(error, ParameterRefused)
    assert KEY not in f"{vars(error)}{error.args}"


def _set_detail(server: HostileServer, **more: Any) -> None:
    task = server.task()
    task.status, task.pexit, task.more = "task_postprocess_end", "1", more


def test_a_token_that_a_task_repeats_is_hidden(server: HostileServer, client: Client, tmp_path: Path) -> None:
    """Error, record, detail, pickle and journal hold no token, whichever field of the task repeats it."""
    task = client.run("a/b", prompt="x")
    token = server.task().token
    echo = {"debugerror": f"e {token}", "debugoutput": token, "note": {token: 1}, "name": token}
    _set_detail(server, **echo, parameters=json.dumps({"p": token}), tasktoken=token)
    with pytest.raises(TaskFailed) as error_info:
        task.wait(60)
    detail = client.detail(task.id or "")
    assert error_info.value.error_text == "e [hidden]"
    assert detail.token == token
    texts = f"{vars(error_info.value)}{error_info.value.record}{task.record}{detail.extra}{detail.parameters}{detail}"
    assert token not in texts
    assert token.encode() not in pickle.dumps((error_info.value, detail))
    client.close()
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and token.encode() in path.read_bytes()
    ]


def test_a_token_is_hidden_where_its_own_field_is_missing(server: HostileServer, client: Client) -> None:
    """A reply without the field of the token is redacted with the token of the requested task."""
    task = client.run("a/b", prompt="x")
    _set_detail(server, debugerror=server.task().token, socketaccesstoken=None)
    with pytest.raises(TaskFailed, match=r"\[hidden\]"):
        task.wait(60)


def test_a_json_text_hides_no_secret(server: HostileServer, client: Client) -> None:
    """Parameters also come as JSON text, in which escapes are escaped once more."""
    task = server.add_task()
    task.more = {"parameters": f'{{"p": "{ESCAPED}", "{ESCAPED}": 1}}'}
    assert client.detail(task.id).parameters == {"p": "[hidden]", "[hidden]": 1}


def test_no_library_logs_what_a_server_repeats(
    server: HostileServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger at DEBUG, no log has the headers of a reply."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, name)
    task = server.add_task()
    server.script("Task/Detail", Reply(ok(tasklist=[task.entry()]).content, headers={"x-echo": KEY + SECRET}))
    client.detail(task.id)
    assert KEY not in caplog.text


def test_no_cookie_is_kept(server: HostileServer, client: Client) -> None:
    """A server that sets cookies gets none of them back; they could grow until no call goes through."""
    task = server.add_task()
    entry = ok(tasklist=[task.entry()]).content
    server.script("Task/Detail", Reply(entry, headers={"set-cookie": "a=b; Path=/"}))
    client.detail(task.id)
    client.detail(task.id)
    assert "cookie" not in server.calls[-1].headers
