import email.utils
import threading
import time

import httpx
import pytest

from tests.sandbox.raw import FLUX, Caller, wait_for


def statuses(caller: Caller, count: int) -> list[int]:
    """Call Task/List several times and return the statuses."""
    return [caller.post("Task/List").status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        ({"rate_limit": 2}, 429),
        ({"server_error": 2}, 503),
        ({"server_error": 2, "server_error_status": 500}, 500),
        ({"server_error_after": 2}, 503),
        ({"html_error": 2}, 502),
        ({"auth_error": 2}, 401),
        ({"redirect": 2}, 307),
        ({"echo_secrets": 2}, 400),
    ],
)
def test_the_first_calls_are_hit(caller: Caller, faults: dict[str, int], status: int) -> None:
    """Two calls are, the third is as always."""
    caller.server.faults = faults
    assert statuses(caller, 3) == [status, status, 200]


def test_each_endpoint_is_counted_by_itself(caller: Caller) -> None:
    """A hit on one does not spare another."""
    caller.server.faults = {"rate_limit": 1}
    answers = [caller.post(name).status_code for name in ("Task/List", "Tool/List", "Task/List", "Tool/List")]
    assert answers == [429, 429, 200, 200]


def test_a_fault_may_be_for_one_endpoint(caller: Caller) -> None:
    """The others are as always."""
    caller.server.faults = {"rate_limit": "Tool/List:1"}
    assert [caller.post(name).status_code for name in ("Task/List", "Tool/List")] == [200, 429]


def test_several_faults_take_turns(caller: Caller) -> None:
    """Each strikes its own number of times."""
    caller.server.faults = {"rate_limit": 1, "html_error": 1}
    assert statuses(caller, 3) == [429, 502, 200]


def test_setting_faults_begins_anew(caller: Caller) -> None:
    """The counts start at nothing."""
    for _ in range(2):
        caller.server.faults = {"rate_limit": 1}
        assert statuses(caller, 2) == [429, 200]


def test_retry_after_is_seconds_a_date_or_missing(caller: Caller) -> None:
    """All three are sent by real servers."""
    statuses = []
    for value in ("7", "date", ""):
        caller.server.faults = {"rate_limit": 1, "retry_after": value}
        statuses.append(caller.post("Task/List").headers.get("retry-after"))
    assert statuses[0] == "7"
    assert abs(email.utils.parsedate_to_datetime(statuses[1]).timestamp() - time.time()) < 60
    assert statuses[2] is None


@pytest.mark.parametrize(("name", "code"), [("concurrency_limit", 96), ("no_balance", 97)])
def test_a_refused_run_makes_no_task(caller: Caller, name: str, code: int) -> None:
    """Codes 96 and 97 come with 200, and nothing was created."""
    before = caller.call("Task/List")["total"]
    caller.server.faults = {name: {"Run": 1}}
    answer = caller.post(f"Run/{FLUX}", {"prompt": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (200, code)
    assert caller.call("Task/List")["total"] == before


@pytest.mark.parametrize(
    ("faults", "created"), [({"cut_before": 1}, 0), ({"cut_after": 1}, 1), ({"lose_run_reply": 1}, 1)]
)
def test_a_cut_run_may_have_made_a_task(caller: Caller, faults: dict[str, int], created: int) -> None:
    """Cut before, it has not; cut after, it has, and the caller cannot tell."""
    before = int(caller.call("Task/List")["total"])
    caller.server.faults = faults
    with pytest.raises(httpx.RemoteProtocolError):
        caller.run()
    caller.server.faults = None
    assert int(caller.call("Task/List")["total"]) == before + created


def test_only_runs_that_made_a_task_lose_their_reply(caller: Caller) -> None:
    """A refused Run is answered; the next good one is not."""
    caller.server.faults = {"lose_run_reply": 1}
    assert caller.call(f"Run/{FLUX}", {"prompt": ""})["result"] is False
    with pytest.raises(httpx.RemoteProtocolError):
        caller.run()


def test_a_server_error_after_the_effect_leaves_a_task(caller: Caller) -> None:
    """5xx says nothing about whether a task was made."""
    before = int(caller.call("Task/List")["total"])
    caller.server.faults = {"server_error_after": {"Run": 1}}
    assert caller.post(f"Run/{FLUX}", {"prompt": "x", "width": "64", "height": "64"}).status_code == 503
    assert int(caller.call("Task/List")["total"]) == before + 1


def test_an_answer_cut_midway_is_incomplete(caller: Caller) -> None:
    """The head came, the body did not."""
    caller.server.faults = {"cut_midway": 1}
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        caller.call("Tool/List")


@pytest.mark.parametrize("name", ["hang_before", "hang_after"])
def test_a_hanging_call_is_never_answered(caller: Caller, name: str) -> None:
    """The caller's own patience ends it."""
    caller.server.faults = {name: 1}
    with pytest.raises(httpx.ReadTimeout):
        caller.post("Task/List", json={}, timeout=0.1)
    assert statuses(caller, 1) == [200]


def test_broken_json_is_no_json(caller: Caller) -> None:
    """The answer ends too early under an honest length."""
    caller.server.faults = {"broken_json": 1}
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        caller.call("Task/List")


def test_a_huge_reply_is_over_16_mib(caller: Caller) -> None:
    """And JSON all the same."""
    caller.server.faults = {"huge_reply": 1}
    answer = caller.post("Task/List")
    assert len(answer.content) > 16 * 1024 * 1024
    assert answer.json()["result"] is True


def test_secrets_are_echoed(caller: Caller) -> None:
    """The message repeats key and secret: callers must redact what servers say."""
    caller.server.faults = {"echo_secrets": 1}
    text = caller.post("Task/List").text
    assert caller.server.api_key in text
    assert caller.server.api_secret in text


def test_a_delayed_answer_has_had_its_effect(caller: Caller) -> None:
    """The task is there before the receipt."""
    before = int(caller.call("Task/List")["total"])
    caller.server.faults = {"delay": 30}
    assert caller.server._world is not None
    tasks = caller.server._world.tasks
    impatient = threading.Thread(target=_run_impatiently, args=(caller,))
    impatient.start()
    wait_for(lambda: len(tasks), lambda count: count == before + 1)
    impatient.join()


def _run_impatiently(caller: Caller) -> None:
    with pytest.raises(httpx.ReadTimeout):
        caller.post(f"Run/{FLUX}", json={"prompt": "x", "width": 64, "height": 64}, timeout=0.2)


def test_an_answer_may_trickle(caller: Caller) -> None:
    """It is whole in the end, and was long in coming."""
    caller.server.faults = {"trickle": 0.2}
    started = time.monotonic()
    assert caller.call("Tool/List")["result"] is True
    assert time.monotonic() - started > 0.15


def test_refused_connections_reach_nobody(caller: Caller) -> None:
    """The port is closed until the faults change."""
    caller.server.faults = {"refuse_connections": True}
    with pytest.raises(httpx.ConnectError):
        caller.post("Task/List")
    caller.server.faults = None
    assert statuses(caller, 1) == [200]


def test_reset_connections_are_cut_at_once(caller: Caller) -> None:
    """The first two are, the third is served."""
    caller.server.faults = {"reset_connections": 2}
    with Caller(caller.server) as fresh:
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                fresh.post("Task/List")
        assert statuses(fresh, 1) == [200]


DOWNLOADS = [
    "fail_downloads",
    "cut_downloads",
    "truncate_downloads",
    "corrupt_downloads",
    "mislabel_downloads",
]


@pytest.mark.parametrize("name", DOWNLOADS)
def test_the_first_download_is_bad_and_the_second_good(caller: Caller, name: str) -> None:
    """Each in its own way."""
    task = caller.finish()
    url, size = task["outputs"][0]["url"], int(task["outputs"][0]["size"])
    whole = caller.http.get(url).content
    caller.server.faults = {name: 1}
    try:
        answer = caller.http.get(url)
    except httpx.RemoteProtocolError:
        assert name == "cut_downloads"
    else:
        good = answer.status_code == 200 and answer.headers["content-type"] == "image/png"
        assert not (good and answer.content == whole)
        assert name != "corrupt_downloads" or len(answer.content) == size
    assert caller.http.get(url).content == whole


def test_a_cut_download_can_be_resumed(caller: Caller) -> None:
    """Unless ranges are off, and then the whole comes again."""
    url = caller.finish()["outputs"][0]["url"]
    whole = caller.http.get(url).content
    headers = {"range": "bytes=100-"}
    assert caller.http.get(url, headers=headers).content == whole[100:]
    caller.server.faults = {"no_ranges": True}
    answer = caller.http.get(url, headers=headers)
    assert (answer.status_code, answer.content) == (200, whole)


def test_expired_addresses_answer_404(caller: Caller) -> None:
    """Task/Detail still lists them."""
    task = caller.finish()
    caller.server.faults = {"expire_urls": True}
    assert caller.http.get(task["outputs"][0]["url"]).status_code == 404
    assert caller.detail({"taskid": task["id"]})["outputs"] == task["outputs"]
