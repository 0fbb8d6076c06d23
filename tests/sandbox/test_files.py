import pytest

from tests.sandbox.raw import Caller


@pytest.fixture
def output(caller: Caller) -> tuple[str, bytes]:
    """Make one picture and return its address and bytes."""
    url = caller.finish()["outputs"][0]["url"]
    return url, caller.http.get(url).content


def test_an_output_says_what_it_is(caller: Caller) -> None:
    """Type, length and size agree with Task/Detail."""
    task = caller.finish()
    answer = caller.http.get(task["outputs"][0]["url"])
    assert answer.headers["content-type"] == task["outputs"][0]["contenttype"] == "image/png"
    assert int(answer.headers["content-length"]) == int(task["outputs"][0]["size"]) == len(answer.content)
    assert task["size"] == task["outputs"][0]["size"]


@pytest.mark.parametrize("byte_range", ["bytes=100-", "bytes=100-199", "bytes=-50"])
def test_a_part_of_an_output_can_be_had(caller: Caller, output: tuple[str, bytes], byte_range: str) -> None:
    """A cut download can be resumed."""
    url, whole = output
    first, last = byte_range.removeprefix("bytes=").split("-")
    expected = whole[int(first) : int(last) + 1 if last else None] if first else whole[-int(last) :]
    answer = caller.http.get(url, headers={"range": byte_range})
    assert answer.status_code == 206
    assert answer.content == expected
    assert answer.headers["content-range"].endswith(f"/{len(whole)}")


def test_a_part_beyond_the_end_is_refused(caller: Caller, output: tuple[str, bytes]) -> None:
    """416, with the length."""
    url, whole = output
    answer = caller.http.get(url, headers={"range": f"bytes={len(whole)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(whole)}"


def test_head_sends_no_body(caller: Caller, output: tuple[str, bytes]) -> None:
    """HEAD tells the length and nothing more."""
    url, whole = output
    answer = caller.http.head(url)
    assert (answer.content, int(answer.headers["content-length"])) == (b"", len(whole))


def test_an_address_that_never_was_answers_404(caller: Caller) -> None:
    """In an envelope, as everything."""
    origin = caller.server.base_url.removesuffix("/v1")
    answer = caller.http.get(f"{origin}/files/never/0.png")
    assert (answer.status_code, answer.json()["result"]) == (404, False)


def test_an_upload_is_described(caller: Caller) -> None:
    """Its id, name, type, size and address, and the address serves it."""
    [entry] = caller.call("File/Upload", files={"file": ("a.txt", b"abc", "text/plain")})["list"]
    assert {"id", "name", "contenttype", "size", "url"} <= set(entry)
    assert (entry["contenttype"], entry["size"]) == ("text/plain", "3")
    assert caller.http.get(entry["url"]).content == b"abc"


def test_an_upload_needs_a_file(caller: Caller) -> None:
    """File/Upload without a part named file is refused."""
    reply = caller.call("File/Upload", files={"other": ("a.txt", b"x")})
    assert reply["errors"][0]["message"] == "Request files [file] required"


def test_an_upload_is_served_as_it_came(caller: Caller) -> None:
    """Bytes and type are kept."""
    reply = caller.call("File/Upload", files={"file": ("a.txt", b"hello", "text/plain")})
    answer = caller.http.get(reply["list"][0]["url"])
    assert (answer.content, answer.headers["content-type"]) == (b"hello", "text/plain; charset=utf-8")
