"""Authentication: the key, and for a signature project the nonce and its HMAC."""

import hashlib
import hmac
from collections.abc import Mapping

from wiro_widgets.sandbox.settings import SandboxSettings
from wiro_widgets.sandbox.tasks.inputs import Refused

NOT_FOUND = "Project authorization is not founded."
NOT_VALID = "Project authorization is not valid."
NEEDS_SIGNATURE = "Project requires signature authentication. x-signature and x-nonce headers are required."
BEARER_NOT_VALID = "Authorization bearer token is invalid."
BEARER_CODE = 99


def refusal(headers: Mapping[str, str], settings: SandboxSettings) -> Refused | None:
    """Return Wiro's answer to a caller that is not the project, or None.

    A nonce may come again: the seed signs once and then sends four commands. No bearer token is valid here, because
    it belongs to a person who is signed in at the web site.
    """
    key = headers.get("x-api-key", "")
    if not key and headers.get("authorization", "").lower().startswith("bearer "):
        return Refused(BEARER_NOT_VALID, BEARER_CODE)
    message = _project_refusal(key, headers, settings)
    return None if message is None else Refused(message)


def _project_refusal(key: str, headers: Mapping[str, str], settings: SandboxSettings) -> str | None:
    if not _same(key, settings.api_key):
        return NOT_FOUND
    if not settings.signature:
        return None
    nonce, signature = headers.get("x-nonce", ""), headers.get("x-signature", "")
    if not nonce or not signature:
        return NEEDS_SIGNATURE
    if not (nonce.isascii() and nonce.isdigit()):
        return NOT_VALID
    # `openssl dgst` prints "SHA2-256(stdin)= <hex>" and the seed's command sends that line as it is.
    return None if _same(signature.split()[-1], expected_signature(settings, nonce)) else NOT_VALID


def expected_signature(settings: SandboxSettings, nonce: str) -> str:
    """Return hex(HMAC-SHA256(key=API_KEY, message=API_SECRET + NONCE))."""
    message = (settings.api_secret + nonce).encode()
    return hmac.new(settings.api_key.encode(), message, hashlib.sha256).hexdigest()


def _same(value: str, expected: str) -> bool:
    return hmac.compare_digest(value.encode("utf-8", "surrogateescape"), expected.encode())
