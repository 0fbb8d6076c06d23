"""Outputs come whole; one that cannot be fetched says why, and how to try again."""

import gzip
from collections.abc import Callable

import pytest

from tests.hostile.files import PNG, ServedFile, cut_at, pixels
from tests.hostile.fixtures import Fetch, MakeClient
from tests.hostile.http_wire import Answer, Reply
from tests.hostile.server import CUT, HostileServer
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import OutputError


def test_a_cut_download_is_resumed(fetch: Fetch, picture: bytes) -> None:
    """After a cut the rest is requested, on condition that the file is the same."""
    file = ServedFile(picture, cut_at(5000))
    assert pixels(fetch(picture, file).bytes()) == pixels(picture)
    assert file.ranges == [None, "bytes=5000-"]


def test_a_file_that_changed_is_fetched_from_the_start(fetch: Fetch, picture: bytes) -> None:
    """A cut download is never continued with another file's bytes."""
    file = ServedFile(picture)

    def change(data: bytes) -> Reply:
        file.etag = '"two"'
        return Reply(b"x" * len(data), headers={"etag": '"one"'}, cut=5000)

    file.first_replies.append(change)
    assert pixels(fetch(picture, file).bytes()) == pixels(picture)


def test_without_a_validator_it_is_fetched_from_the_start(fetch: Fetch, picture: bytes) -> None:
    """Without a validator a cut download starts again."""
    file = ServedFile(picture, cut_at(5000), etag=None)
    assert pixels(fetch(picture, file).bytes()) == pixels(picture)
    assert file.ranges == [None, None]


def test_a_weak_validator_counts_for_nothing(fetch: Fetch, picture: bytes) -> None:
    """A weak ETag does not promise the same bytes, so a cut download starts again."""
    file = ServedFile(picture, cut_at(5000), etag='W/"one"')
    fetch(picture, file)
    assert file.ranges == [None, None]


@pytest.mark.parametrize(
    "answer",
    [
        Reply(b"", 416),
        Reply(b"wrong place", 206, {"content-range": "bytes 7-17/99999"}),
        Reply(b"no place", 206),
        Reply(b"nonsense", 206, {"content-range": "bytes first-last/all"}),
    ],
    ids=["416", "another place", "no place", "nonsense"],
)
def test_a_wrong_answer_to_a_range(fetch: Fetch, picture: bytes, answer: Reply) -> None:
    """An answer that does not continue at the requested offset is dropped."""
    file = ServedFile(picture, cut_at(5000), lambda _: answer)
    assert pixels(fetch(picture, file).bytes()) == pixels(picture)
    assert file.ranges == [None, "bytes=5000-", None]


@pytest.mark.parametrize(
    "first",
    [
        lambda data: Reply(data[: len(data) // 2]),
        lambda data: Reply(data[:9000] + bytes(64) + data[9064:]),
        lambda _: Reply(b"<html>busy</html>"),
        lambda _: Reply(b""),
        lambda _: Reply(b"busy", 503),
        lambda _: Reply(b"not yet", 404),
        lambda data: Reply(gzip.compress(data)[:4000], headers={"content-encoding": "gzip"}),
    ],
    ids=["shorter than said", "corrupt", "a page", "empty", "503", "404", "broken gzip"],
)
def test_a_bad_answer_is_tried_again(fetch: Fetch, picture: bytes, first: Callable[[bytes], Reply]) -> None:
    """A reply that is short, corrupt, of another type or an error is requested again."""
    file = ServedFile(picture, first)
    output = fetch(picture, file)
    assert pixels(output.bytes()) == pixels(picture)
    assert len(file.ranges) == 2


def test_a_compressed_answer_is_decompressed(fetch: Fetch, picture: bytes) -> None:
    """A server may compress although it was not asked to."""
    reply = Reply(gzip.compress(picture), headers={"content-encoding": "gzip", **PNG})
    assert pixels(fetch(picture, lambda _: reply).bytes()) == pixels(picture)


def test_a_broken_original_is_kept(fetch: Fetch, picture: bytes) -> None:
    """A picture that comes broken twice in the same way is what the server has: it is kept, and raises when read."""
    bad_picture = picture[:9000] + bytes(64) + picture[9064:]
    file = ServedFile(bad_picture)
    output = fetch(bad_picture, file)
    assert output.path is not None
    assert len(file.ranges) == 2
    with pytest.raises(OutputError):
        output.image()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Reply(b"", 404), "HTTP 404; output addresses expire"),
        (Reply(b"", 403), "HTTP 403; output addresses expire"),
        (Reply(b"", 410), "HTTP 410; output addresses expire"),
        (Reply(b"", 401), "HTTP 401"),
        (Reply(b"", 500), "HTTP 500"),
        (
            Reply(b"<html>no</html>", headers={"content-type": "image/png"}),
            "says image/png but holds text/html",
        ),
        (Reply(b""), "it is empty"),
        (Reply(b"\x89PNG\r\n\x1a\n short"), "only 14 of"),
        (Reply(b"", 302, {"location": "http://example.org/x.png"}), "address is not a public https one"),
        (Reply(b"", 302, {"location": "https://[broken"}), "address is malformed"),
        (Reply(b"", 302, {"location": "file:///etc/passwd"}), "address is not a public https one"),
        (CUT, "tried 4 times"),
    ],
)
def test_an_output_that_cannot_be_fetched_says_why(
    server: HostileServer, client: Client, picture: bytes, answer: Answer, reason: str
) -> None:
    """The task succeeds; the output has the reason and how to try again, and the other outputs are there."""
    task = client.run("a/b", prompt="x")
    server.finish(
        server.task(),
        [server.serve_file(picture, lambda _: answer), server.serve_file(picture, name="1.png")],
    )
    result = task.wait(60)
    bad, good = result.outputs
    assert good.path is not None
    with pytest.raises(OutputError, match=reason) as error_info:
        bad.bytes()
    in_vain = "address is" in reason
    assert (f"client.attach('{task.id}')" in str(error_info.value)) is not in_vain
    assert result.record.outcome == "succeeded"
    assert list(good.path.parent.iterdir()) == [good.path]


@pytest.mark.timing(download_slow=0.1)
def test_a_slow_download_is_given_up(fetch: Fetch, picture: bytes) -> None:
    """A download below 1 KiB a second is broken off and tried again."""
    answers = [Reply(picture, headers=PNG, trickle=0.02), Reply(picture, headers=PNG)]
    assert fetch(picture, lambda _: answers.pop(0)).path is not None
    assert answers == []


def test_an_output_over_the_limit(
    server: HostileServer, make_client: MakeClient, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output over the limit is given up by its announced length, or by its size if no length is announced."""
    client = make_client()
    monkeypatch.setattr(client._client._engine.downloads, "_max_bytes", 10_000)
    task = client.run("a/b", prompt="x")
    bomb = Reply(gzip.compress(bytes(50_000_000)), headers={"content-encoding": "gzip"})
    server.finish(server.task(), [server.serve_file(picture), server.serve_file(picture, lambda _: bomb)])
    for output in task.wait(60).outputs:
        assert "larger than 10000 bytes, the limit" in str(output.error)
    assert sum("/files/" in call.path for call in server.calls) == 2
