"""Where key and secret come from, and that nothing shows them."""

import copy
import pickle
import sys
from types import ModuleType

import pytest

from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.redact import HIDDEN

KEY = "plantedkeyplantedkeyplantedkey00"
SECRET = "plantedsecretplantedsecretplantedsecretplantedsecretplantedsecre"


class _LockedStore:
    """Colab's userdata, or a keyring, that is locked."""

    def get(self, _name: str) -> str:
        raise RuntimeError("not granted")

    def get_password(self, _service: str, _name: str) -> str:
        raise RuntimeError("locked")


class _Store:
    """Colab's userdata, or a keyring, with values."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def get_password(self, service: str, name: str) -> str | None:
        return self.values.get(name) if service == "wiro" else None


def _colab(monkeypatch: pytest.MonkeyPatch, userdata: object) -> None:
    google, colab = ModuleType("google"), ModuleType("google.colab")
    colab.userdata = userdata  # type: ignore[attr-defined] # as Colab has it
    monkeypatch.setitem(sys.modules, "google", google)
    monkeypatch.setitem(sys.modules, "google.colab", colab)


def _keyring(monkeypatch: pytest.MonkeyPatch, ring: object) -> None:
    monkeypatch.setitem(sys.modules, "keyring", ring)


@pytest.fixture(autouse=True)
def empty_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide Colab and the keyring of this machine."""
    monkeypatch.setitem(sys.modules, "google.colab", None)
    monkeypatch.setitem(sys.modules, "keyring", None)


def _key_of(credentials: Credentials) -> str:
    return credentials.headers()["x-api-key"]


def test_arguments_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument goes before the environment."""
    monkeypatch.setenv("WIRO_API_KEY", "environment-key")
    assert _key_of(Credentials.find(KEY)) == KEY


def test_a_given_key_is_not_mixed_with_a_secret_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key-only project stays key-only beside another project's variables."""
    monkeypatch.setenv("WIRO_API_SECRET", SECRET)
    assert not Credentials.find(KEY).signs


def test_the_environment_comes_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """WIRO_API_KEY and WIRO_API_SECRET go before Colab and the keyring."""
    monkeypatch.setenv("WIRO_API_KEY", KEY)
    monkeypatch.setenv("WIRO_API_SECRET", SECRET)
    _colab(monkeypatch, _Store(WIRO_API_KEY="colab-key"))
    credentials = Credentials.find()
    assert _key_of(credentials) == KEY
    assert credentials.signs


def test_colab_comes_third(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colab's userdata goes before the keyring."""
    _colab(monkeypatch, _Store(WIRO_API_KEY=KEY, WIRO_API_SECRET=SECRET))
    _keyring(monkeypatch, _Store(WIRO_API_KEY="keyring-key"))
    credentials = Credentials.find()
    assert _key_of(credentials) == KEY
    assert credentials.signs


def test_the_keyring_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring's service is "wiro", its user names are the variables' names."""
    _keyring(monkeypatch, _Store(WIRO_API_KEY=KEY, WIRO_API_SECRET=SECRET))
    credentials = Credentials.find()
    assert _key_of(credentials) == KEY
    assert credentials.signs


def test_locked_stores_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Colab or keyring that refuses counts as missing."""
    _colab(monkeypatch, _LockedStore())
    _keyring(monkeypatch, _LockedStore())
    with pytest.raises(ConfigurationError, match="WIRO_API_KEY"):
        Credentials.find()


def test_without_a_key_the_error_says_what_to_do() -> None:
    """It names the variables, the arguments and the sandbox."""
    with pytest.raises(ConfigurationError, match=r"(?s)WIRO_API_KEY.*WIRO_API_SECRET.*api_key=.*Sandbox"):
        Credentials.find()


def test_space_around_them_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copied line end is no part of a key."""
    monkeypatch.setenv("WIRO_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("WIRO_API_SECRET", f"{SECRET}\n")
    credentials = Credentials.find()
    assert _key_of(credentials) == KEY
    assert credentials.redactor()(SECRET) == HIDDEN


@pytest.mark.parametrize("key", ["", "two words", "line\nend", "schlüssel", "half\udc80"])
def test_a_malformed_key_is_refused_and_not_shown(key: str) -> None:
    """Such a key would break the header; the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="API key") as refusal:
        Credentials(key)
    assert not key or key not in str(refusal.value)


@pytest.mark.parametrize("secret", ["two words", "line\nend", "half\udc80"])
def test_a_malformed_secret_is_refused_and_not_shown(secret: str) -> None:
    """It cannot be encoded; the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="API secret") as refusal:
        Credentials(KEY, secret)
    assert secret not in str(refusal.value)


def test_nothing_shows_them() -> None:
    """No repr, text, format, container or attribute listing has the key or the secret."""
    credentials = Credentials(KEY, SECRET)
    texts = [
        repr(credentials),
        str(credentials),
        f"{credentials}",
        f"{[credentials]}",
        f"{credentials!r:>80}",
    ]
    texts.append(str(dir(credentials)))
    assert not any(KEY in text or SECRET in text for text in texts)
    assert repr(credentials) == "<Credentials with signature>"
    assert repr(Credentials(KEY)) == "<Credentials key only>"


def test_vars_has_nothing_to_show() -> None:
    """There is no instance dictionary."""
    with pytest.raises(TypeError):
        vars(Credentials(KEY, SECRET))


def test_a_pickle_carries_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process finds its own."""
    data = pickle.dumps(Credentials(KEY, SECRET))
    assert KEY.encode() not in data
    assert SECRET.encode() not in data
    monkeypatch.setenv("WIRO_API_KEY", "another-key")
    assert _key_of(pickle.loads(data)) == "another-key"  # noqa: S301 - our own bytes


def test_a_copy_is_the_same_credentials() -> None:
    """A copy of a client's settings keeps its credentials."""
    credentials = Credentials(KEY, SECRET)
    assert copy.copy(credentials) is credentials
    assert copy.deepcopy([credentials])[0] is credentials
