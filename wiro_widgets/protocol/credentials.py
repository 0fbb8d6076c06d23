"""The project's key and secret: where they are found, how they sign, and that nothing shows them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Self
from urllib.parse import quote

from wiro_widgets.protocol.errors import ConfigurationError

KEY_NAME = "WIRO_API_KEY"
SECRET_NAME = "WIRO_API_SECRET"  # noqa: S105 - the name of a variable, not its value
HIDDEN = "[hidden]"
SHORTEST_SECRET = 6  # characters; blotting out less would only make a text unreadable


class Credentials:
    """A key, and a secret when the project signs its calls (protocol: Authentication).

    Without a secret the project is key-only: `x-api-key` is sent alone.
    """

    __slots__ = ("_key", "_secret")

    def __init__(self, key: str, secret: str | None = None) -> None:
        self._key = _checked(key, "key")
        self._secret = _checked(secret, "secret") if secret else None

    @classmethod
    def find(cls, key: str | None = None, secret: str | None = None) -> Credentials:
        """Take the arguments, else the environment, else Colab's userdata, else the keyring.

        A key given as an argument is never mixed with a secret from elsewhere.
        Raises ConfigurationError when there is no key anywhere.
        """
        if key:
            return cls(key.strip(), (secret or "").strip() or None)
        for look in (os.environ.get, _from_colab, _from_keyring):
            found = look(KEY_NAME)
            if found and found.strip():
                other = secret or look(SECRET_NAME) or ""
                return cls(found.strip(), other.strip() or None)
        raise ConfigurationError(
            f"No Wiro API key was found. Set {KEY_NAME} (and {SECRET_NAME} for a project with signatures), "
            "or pass api_key= and api_secret=. "
            "Without an account, wiro_widgets.Sandbox() runs a Wiro on this machine."
        )

    @property
    def signs(self) -> bool:
        """Whether calls carry a signature."""
        return self._secret is not None

    def headers(self, nonce: str | None = None) -> dict[str, str]:
        """Return the headers of one HTTP attempt, signed with a fresh nonce unless one is given."""
        if self._secret is None:
            return {"x-api-key": self._key}
        nonce = nonce or next_nonce()
        message = (self._secret + nonce).encode()
        signature = hmac.new(self._key.encode(), message, hashlib.sha256).hexdigest()
        return {"x-api-key": self._key, "x-nonce": nonce, "x-signature": signature}

    def redact(self, text: str, also: Iterable[str | None] = ()) -> str:
        """Return the text with key, secret and the other given secrets blotted out, also as they stand in a URL."""
        return self.redactor(*also)(text)

    def redactor(self, *also: str | None) -> Callable[[str], str]:
        """Return what redacts one text after the other, quickly."""
        return redactor(self._key, self._secret, *also)

    def __repr__(self) -> str:
        return f"<Credentials {'with signature' if self.signs else 'key only'}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Callable[[], Credentials], tuple[()]]:
        """Pickle without the secrets; the other process finds its own."""
        return Credentials.find, ()


def redactor(*secrets_of_ours: str | None) -> Callable[[str], str]:
    """Return what blots secrets out of a text: as they are, as in a URL, and as JSON may write them."""
    plain = {str(hidden) for hidden in secrets_of_ours if hidden}
    forms = plain | {quote(hidden, safe="") for hidden in plain} | {_with_slashes(hidden) for hidden in plain}
    longest_first = sorted(forms, key=len, reverse=True)  # one may be the beginning of another
    hidden_forms = [hidden for hidden in longest_first if len(hidden) >= SHORTEST_SECRET]

    def redact(text: str) -> str:
        for hidden in hidden_forms:
            text = text.replace(hidden, HIDDEN)
        return text

    return redact


def _with_slashes(text: str) -> str:
    return text.replace("/", "\\/")


def _checked(text: str, what: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(
            f"The API {what} is empty or holds characters that no {what} has. Copy it again from Wiro's dashboard."
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
    """Digits only, rising within the process, with a random tail so that processes differ.

    Below 2**53, because the other end may read the nonce as a JavaScript number.
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
