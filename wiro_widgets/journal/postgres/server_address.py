"""ServerAddress: where a team's journal is, with a password that nothing shows."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote

from wiro_widgets.protocol.errors import ConfigurationError

_SCHEMES: Final = ("postgresql", "postgres")
_SECRET_OPTIONS: Final = frozenset({"password", "sslpassword"})
_FORM: Final = "postgresql://user@host:5432/database"
_LONG: Final = 6  # characters
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


class ServerAddress:
    """The address of a database. `str` is the address without its password, and so is what is pickled.

    Raises ConfigurationError for an address that cannot be taken apart for certain: then no part of it is shown, since
    each may be one of the password.
    """

    __slots__ = ("_address", "_text")

    def __init__(self, address: str) -> None:
        try:
            text = _without_secrets(address)
        except ValueError as exc:
            reason = str(exc)
        else:
            self._address, self._text = address, text
            return
        finally:
            del address
        raise ConfigurationError(f"The address of the journal {reason}.\nIt is written {_FORM}.")

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<ServerAddress {self._text}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return ServerAddress, (self._text,)

    def reveal(self) -> str:
        """Return the whole address, for the driver alone."""
        return self._address

    def redact(self, text: str) -> str:
        """Return a text of the driver without the passwords; a short one may be a part of any word."""
        for secret in sorted(_secrets(self._address), key=len, reverse=True):
            pattern = re.escape(secret) if len(secret) >= _LONG else rf"(?<!\w){re.escape(secret)}(?!\w)"
            text = re.sub(pattern, "***", text)
        return text


def as_server_address(text: str) -> str | ServerAddress:
    """Return the address that a text is, the text if it is a path; raises ConfigurationError for another scheme."""
    match = _SCHEME.match(text)
    if match is None:
        return text
    if match[1].lower() in _SCHEMES:
        return ServerAddress(text)
    scheme = match[1]
    del text, match
    raise ConfigurationError(f"A journal is a path or {_FORM}; {scheme}:// is neither.")


def _parts(address: str) -> tuple[str, str, str, list[str]]:
    """Return the user with the password, the hosts, the path and the options of an address."""
    rest = address.partition("://")[2]
    end = next((place for place, letter in enumerate(rest) if letter in "/?"), len(rest))
    user, _, hosts = rest[:end].rpartition("@")
    path, _, options = rest[end:].partition("?")
    return user, hosts, path, options.split("&") if options else []


def _is_secret(option: str) -> bool:
    return unquote(option.partition("=")[0]) in _SECRET_OPTIONS


def _without_secrets(address: str) -> str:
    """Return the address without its passwords; raises ValueError that shows no part of it."""
    user, hosts, path, options = _parts(address)
    if "@" in f"{user}{path}{options}":
        raise ValueError("has an @ in a wrong place: in a password, / is written %2F, ? %3F and @ %40")
    if re.search(r"%(?![0-9A-Fa-f]{2})", address):
        raise ValueError("has a % that begins no code: in a password, % is written %25")
    if any(re.search(r":(?!\d*$)", host) for host in re.sub(r"\[[^]]*\]", "", hosts).split(",")):
        raise ValueError("has a port that is no number: in a password, / is written %2F and ? %3F")
    name = user.partition(":")[0]
    query = "&".join(option for option in options if not _is_secret(option))
    return f"postgresql://{name}{'@' if name else ''}{hosts}{path}{'?' if query else ''}{query}"


def _secrets(address: str) -> set[str]:
    """Return the passwords of an address, as they are and as they are written there."""
    user, _, _, options = _parts(address)
    texts = [user.partition(":")[2], *(item.partition("=")[2] for item in options if _is_secret(item))]
    return {form for text in texts for form in (text, unquote(text)) if form}
