"""The project's key and secret: where they come from and how they sign a call. Nothing shows them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable
from typing import Self

from wiro_widgets.protocol import redact
from wiro_widgets.protocol.errors import ConfigurationError

KEY_NAME = "WIRO_API_KEY"
SECRET_NAME = "WIRO_API_SECRET"  # noqa: S105 - the name of a variable, not its value


class Credentials:
    """A key, and a secret if the project signs its calls (docs/protocol.md, Authentication).

    Without a secret the project is key-only: `x-api-key` is sent alone.
    """

    __slots__ = ("_key", "_secret")

    def __init__(self, key: str, secret: str | None = None) -> None:
        self._key = _validate(key, "key")
        self._secret = _validate(secret, "secret") if secret else None

    @classmethod
    def find(cls, key: str | None = None, secret: str | None = None) -> Credentials:
        """Take the arguments, else the environment, else Colab's userdata, else the keyring.

        A key given as an argument is never combined with a secret from elsewhere.
        Raises ConfigurationError if there is no key anywhere.
        """
        for value, name in ((key, "api_key"), (secret, "api_secret")):
            if not isinstance(value, str | None):
                raise ConfigurationError(f"{name} is a text, not {type(value).__name__}.")
        if key:
            return cls(key.strip(), (secret or "").strip() or None)
        for look in (os.environ.get, _from_colab, _from_keyring):
            if value := (look(KEY_NAME) or "").strip():
                return cls(value, (secret or look(SECRET_NAME) or "").strip() or None)
        raise ConfigurationError(
            f"No Wiro API key: set {KEY_NAME} (and {SECRET_NAME} if the project signs its calls), or pass api_key= "
            "and api_secret=. Without an account, wiro_widgets.Sandbox() runs a local Wiro."
        )

    @property
    def signs(self) -> bool:
        """True if calls carry a signature."""
        return self._secret is not None

    def headers(self, nonce: str | None = None) -> dict[str, str]:
        """Return the headers of one HTTP attempt, by default signed with a new nonce."""
        if self._secret is None:
            return {"x-api-key": self._key}
        nonce = nonce or next_nonce()
        message = (self._secret + nonce).encode()
        signature = hmac.new(self._key.encode(), message, hashlib.sha256).hexdigest()
        return {"x-api-key": self._key, "x-nonce": nonce, "x-signature": signature}

    def redactor(self, *tokens: str | None) -> Callable[[str], str]:
        """Return a function that replaces the key, the secret and these tokens in a text."""
        return redact.redactor(self._key, self._secret, *tokens)

    def __repr__(self) -> str:
        return f"<Credentials {'with signature' if self.signs else 'key only'}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Callable[[], Credentials], tuple[()]]:
        """Pickle without the secrets; the other process finds its own."""
        return Credentials.find, ()


def _validate(text: str, what: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(
            f"The API {what} is empty or has characters that no {what} has. Copy it again from Wiro's dashboard."
        )
    return text


def _from_colab(name: str) -> str | None:
    try:
        from google.colab import userdata  # noqa: PLC0415 - exists on Colab alone
    except ImportError:
        return None
    try:
        value = userdata.get(name)
    except Exception:  # noqa: BLE001 - Colab raises its own types for "not set" and "not granted"
        return None
    return str(value) if value else None


def _from_keyring(name: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return None
    try:
        value = keyring.get_password("wiro", name)
    except Exception:  # noqa: BLE001 - a locked or missing backend raises what it likes
        return None
    return str(value) if value else None


class _Nonces:
    """Returns nonces: digits only, rising within the process, with a random tail because processes share a key.

    They stay below 2**53, because a server may read them as JavaScript numbers. Thread-safe.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        fresh = int(time.time()) * 1_000_000 + secrets.randbelow(1_000_000)
        with self._lock:
            self._last = max(self._last + 1, fresh)
            return str(self._last)


next_nonce = _Nonces()
