import httpx
import pytest

from tests.sandbox.raw import Caller
from wiro_widgets.sandbox import SandboxServer
from wiro_widgets.sandbox.http.auth import expected_signature
from wiro_widgets.sandbox.settings import SandboxSettings


def refused(answer: httpx.Response) -> str:
    """Return the message of a 401."""
    assert answer.status_code == 401
    reply = answer.json()
    assert reply["result"] is False
    return str(reply["errors"][0]["message"])


def test_the_signature_is_the_one_of_the_check_value() -> None:
    """hex(HMAC-SHA256(key, secret + nonce)) gives the value that the official clients test with."""
    settings = SandboxSettings(api_key="test-api-key", api_secret="test-secret")
    expected = "2d99fa1b6934f66a712785d1b402997e1b13d9d7cd5e0085211dac133ae4a8ef"
    assert expected_signature(settings, "1700000000000") == expected


def test_an_unknown_key_is_refused(caller: Caller) -> None:
    """A key that is not the project's gets Wiro's 401."""
    headers = caller.headers() | {"x-api-key": "somebody-else"}
    answer = caller.http.post("/Task/List", headers=headers, json={})
    assert refused(answer) == "Project authorization is not founded."


def test_a_wrong_signature_is_refused(caller: Caller) -> None:
    """A signature over another nonce gets Wiro's 401."""
    headers = caller.headers() | {"x-nonce": "1"}
    assert refused(caller.http.post("/Task/List", headers=headers)) == "Project authorization is not valid."


def test_a_nonce_that_is_no_number_is_refused(caller: Caller) -> None:
    """A nonce is digits, even under a signature that matches it."""
    signature = expected_signature(caller.server.settings, "abc")
    headers = caller.headers() | {"x-nonce": "abc", "x-signature": signature}
    assert refused(caller.http.post("/Task/List", headers=headers)) == "Project authorization is not valid."


def test_a_signature_project_asks_for_a_signature(caller: Caller) -> None:
    """The key alone is not enough where the project signs."""
    headers = {"x-api-key": caller.server.api_key}
    assert refused(caller.http.post("/Task/List", headers=headers)) == (
        "Project requires signature authentication. x-signature and x-nonce headers are required."
    )


@pytest.mark.parametrize("prefix", ["SHA2-256(stdin)= ", "(stdin)= ", "HMAC-SHA256(stdin)= "])
def test_what_openssl_prints_before_the_signature_is_no_harm(caller: Caller, prefix: str) -> None:
    """The seed's command sends openssl's whole line."""
    headers = caller.headers()
    headers["x-signature"] = prefix + headers["x-signature"]
    assert caller.http.post("/Task/List", headers=headers).status_code == 200


def test_a_nonce_may_come_again(caller: Caller) -> None:
    """The seed signs once and then sends four commands."""
    headers = caller.headers()
    answers = [caller.http.post("/Task/List", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_key_only_project_takes_the_key_alone() -> None:
    """With signature=False the key is all."""
    with SandboxServer(speed=1000, signature=False) as server, Caller(server) as caller:
        headers = {"x-api-key": server.api_key}
        assert caller.http.post("/Task/List", headers=headers).json()["result"] is True


def test_files_need_no_authorization(caller: Caller) -> None:
    """Output addresses are public, as Wiro's are."""
    task = caller.finish()
    assert caller.http.get(task["outputs"][0]["url"]).status_code == 200
