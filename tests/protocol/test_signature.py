"""The headers of one HTTP attempt (docs/protocol.md, Authentication)."""

import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor

from wiro_widgets.protocol.credentials import Credentials, next_nonce

CHECK_VALUE = "2d99fa1b6934f66a712785d1b402997e1b13d9d7cd5e0085211dac133ae4a8ef"


def test_the_signature_of_the_protocol_page() -> None:
    """The key is the HMAC key, and secret plus nonce are the message."""
    headers = Credentials("test-api-key", "test-secret").headers("1700000000000")
    assert headers == {
        "x-api-key": "test-api-key",
        "x-nonce": "1700000000000",
        "x-signature": CHECK_VALUE,
    }


def test_a_key_only_project_sends_the_key_alone() -> None:
    """Without a secret there is neither nonce nor signature."""
    credentials = Credentials("test-api-key")
    assert credentials.headers() == {"x-api-key": "test-api-key"}
    assert not credentials.signs


def test_an_empty_secret_is_no_secret() -> None:
    """An empty secret means a key-only project."""
    assert not Credentials("test-api-key", "").signs


def test_each_attempt_is_signed_anew() -> None:
    """Two attempts have two nonces, and each signature matches its nonce."""
    credentials = Credentials("test-api-key", "test-secret")
    first, second = credentials.headers(), credentials.headers()
    assert first["x-nonce"] != second["x-nonce"]
    for headers in (first, second):
        message = f"test-secret{headers['x-nonce']}".encode()
        assert headers["x-signature"] == hmac.new(b"test-api-key", message, hashlib.sha256).hexdigest()


def test_nonces_are_digits() -> None:
    """A nonce is a whole number in ASCII digits."""
    assert all(nonce.isascii() and nonce.isdigit() for nonce in (next_nonce() for _ in range(100)))


def test_nonces_fit_a_javascript_number() -> None:
    """A server that reads the nonce as a double loses no digit."""
    assert all(int(next_nonce()) < 2**53 for _ in range(100))


def test_nonces_rise() -> None:
    """A server may require rising nonces."""
    nonces = [int(next_nonce()) for _ in range(1000)]
    assert nonces == sorted(set(nonces))


def test_nonces_are_unique_across_threads() -> None:
    """Threads that sign at the same time never share a nonce."""
    with ThreadPoolExecutor(8) as threads:
        batches = threads.map(lambda _: [next_nonce() for _ in range(500)], range(8))
        nonces = [nonce for batch in batches for nonce in batch]
    assert len(set(nonces)) == 4000
