"""Where key and secret are found, and that nothing shows them."""

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


class _Locked:
    """Colab's userdata, or a keyring, that a user has not opened."""

    def get(self, _name: str) -> str:
        raise RuntimeError("not granted")

    def get_password(self, _service: str, _name: str) -> str:
        raise RuntimeError("locked")


class _Held:
    """The same with values in it."""

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
def nothing_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin on a machine with neither Colab nor a keyring."""
    monkeypatch.setitem(sys.modules, "google.colab", None)
    monkeypatch.setitem(sys.modules, "keyring", None)


def _key_of(credentials: Credentials) -> str:
    return credentials.headers()["x-api-key"]


def test_arguments_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key given by hand goes before the environment's."""
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
    _colab(monkeypatch, _Held(WIRO_API_KEY="colab-key"))
    found = Credentials.find()
    assert _key_of(found) == KEY
    assert found.signs


def test_colab_comes_third(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colab's userdata goes before the keyring."""
    _colab(monkeypatch, _Held(WIRO_API_KEY=KEY, WIRO_API_SECRET=SECRET))
    _keyring(monkeypatch, _Held(WIRO_API_KEY="keyring-key"))
    found = Credentials.find()
    assert _key_of(found) == KEY
    assert found.signs


def test_the_keyring_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring's service is "wiro", its user names are the variables' names."""
    _keyring(monkeypatch, _Held(WIRO_API_KEY=KEY, WIRO_API_SECRET=SECRET))
    found = Credentials.find()
    assert _key_of(found) == KEY
    assert found.signs


def test_locked_stores_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Colab or keyring that refuses is the same as none."""
    _colab(monkeypatch, _Locked())
    _keyring(monkeypatch, _Locked())
    with pytest.raises(ConfigurationError, match="WIRO_API_KEY"):
        Credentials.find()


def test_without_a_key_the_error_says_what_to_do() -> None:
    """It names the variables, the arguments and the sandbox."""
    with pytest.raises(ConfigurationError, match=r"(?s)WIRO_API_KEY.*WIRO_API_SECRET.*api_key=.*Sandbox"):
        Credentials.find()


def test_space_around_them_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line end that was copied along is no part of a key."""
    monkeypatch.setenv("WIRO_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("WIRO_API_SECRET", f"{SECRET}\n")
    found = Credentials.find()
    assert _key_of(found) == KEY
    assert found.redactor()(SECRET) == HIDDEN


@pytest.mark.parametrize("key", ["", "two words", "line\nend", "schlüssel", "half\udc80"])
def test_a_key_that_no_key_looks_like_is_refused_unshown(key: str) -> None:
    """Such a key would break the header; the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="API key") as caught:
        Credentials(key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("secret", ["two words", "line\nend", "half\udc80"])
def test_a_secret_that_no_secret_looks_like_is_refused_unshown(secret: str) -> None:
    """It could not be signed with; the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="API secret") as caught:
        Credentials(KEY, secret)
    assert secret not in str(caught.value)


def test_nothing_shows_them() -> None:
    """No repr, text, format, container or attribute listing has the key or the secret."""
    credentials = Credentials(KEY, SECRET)
    shown = [
        repr(credentials),
        str(credentials),
        f"{credentials}",
        f"{[credentials]}",
        f"{credentials!r:>80}",
    ]
    shown.append(str(dir(credentials)))
    assert not any(KEY in text or SECRET in text for text in shown)
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
    """Copying a client's settings does not look for credentials anew."""
    credentials = Credentials(KEY, SECRET)
    assert copy.copy(credentials) is credentials
    assert copy.deepcopy([credentials])[0] is credentials
