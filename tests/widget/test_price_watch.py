"""What pressing Run would cost stands beside the button before it is pressed."""

from typing import Any

import pytest

from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import Client, InvalidParameter, Panel, Sandbox, TransportError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.widget import price_watch as outlook
from wiro_widgets.widget.price_watch import Outlook


def _look(wire: Wire) -> dict[str, Any]:
    """Open a view, and return the first outlook that it is told."""
    wire.say("sync", epoch="", next=0)
    wire.until(lambda: wire.traits.get("_outlook"))
    found: dict[str, Any] = wire.traits["_outlook"]
    return found


def test_nothing_is_asked_before_somebody_looks(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """A panel that no page shows asks the catalogue for no price."""
    before = len(sandbox.requests)
    panel.set(steps=3)
    assert wire.traits["_outlook"] == {}
    assert len(sandbox.requests) == before


def test_wiros_average_is_told_as_one(wire: Wire) -> None:
    """A model that is billed by the second costs about what Wiro's average run does, and the reason says so."""
    found = _look(wire)
    assert found["price"].startswith("about $0.00")
    assert "each second" in found["reason"]


def test_own_runs_say_more(panel: Panel, wire: Wire) -> None:
    """After a run the same again costs about what that one did."""
    _look(wire)
    panel.run()
    panel.wait()
    wire.until(lambda: "such run of yours" in wire.traits["_outlook"]["reason"])


def test_the_outlook_follows_the_controls(panel: Panel, wire: Wire) -> None:
    """Another setting is another run, of which nothing is known yet."""
    _look(wire)
    panel.run()
    panel.wait()
    wire.until(lambda: "of yours" in wire.traits["_outlook"]["reason"])
    panel.set(steps=3)
    wire.until(lambda: "of yours" not in wire.traits["_outlook"]["reason"])


def test_python_asks_for_the_same(panel: Panel) -> None:
    """`panel.price()` is the estimate itself."""
    found = panel.price()
    assert isinstance(found, Estimate)
    assert found.typical is not None


def test_without_credentials_there_is_no_price(panel_of: MakePanel) -> None:
    """The panel shows all the same, and the reason is told."""
    panel = panel_of(FLUX, client=None, **SMALL)
    assert isinstance(panel.comm, Wire)
    found = _look(panel.comm)
    assert found["price"] == ""
    assert "WIRO_API_KEY" in found["reason"]


def test_what_is_wrong_has_no_price(panel: Panel, wire: Wire) -> None:
    """A value that no run takes is no run."""
    _look(wire)
    wire.say("values", rev=1, patch={"steps": "many"})
    wire.until(lambda: wire.traits["_outlook"]["price"] == "")
    assert "steps" in wire.traits["_outlook"]["reason"]
    with pytest.raises(InvalidParameter):
        panel.price()


def test_another_model_has_another_price(panel: Panel, wire: Wire) -> None:
    """The outlook is of the model that Run would run."""
    first = _look(wire)
    panel.switch_to("wiro/sandbox-fail")
    wire.until(lambda: wire.traits["_outlook"]["price"] not in ("", first["price"]))


class _Counted:
    """What an outlook is of, with its work done when the test says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.waiting: list[Any] = []
        self.told: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.estimate = Estimate(0.04, 0.04, exact=True, reason="$0.04 for each run")

    def price(self) -> Estimate:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.estimate

    def foresee(self, price: str, reason: str) -> None:
        self.told.append((price, reason))

    def later(self, work: Any, _seconds: float = 0) -> None:
        self.waiting.append(work)

    def work(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@pytest.fixture
def counted() -> _Counted:
    """Return something with a price whose questions are counted."""
    return _Counted()


def test_typing_asks_once(counted: _Counted) -> None:
    """Changes that come together are looked at together."""
    made = Outlook(counted)
    made.look()
    for _ in range(50):
        made.changed()
    counted.work()
    assert (counted.asked, counted.told) == (1, [("$0.04", "$0.04 for each run")])
    made.changed()
    counted.work()
    assert counted.asked == 2


def test_a_price_that_nobody_knows_is_said_to_be_unknown(counted: _Counted) -> None:
    """No number is made up."""
    counted.estimate = Estimate(None, None, exact=False, reason="the catalogue tells no price")
    Outlook(counted).look()
    counted.work()
    assert counted.told == [("price unknown", "the catalogue tells no price")]


def test_a_catalogue_that_is_away_is_left_alone_for_a_while(
    counted: _Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every key asks it again; another model does, and so does the same one after a while."""
    now = 1_000.0
    monkeypatch.setattr(outlook, "monotonic", lambda: now)
    counted.error = TransportError("gone", endpoint="/Tool/Detail", safe_to_retry=True)
    made = Outlook(counted)
    made.look()
    counted.work()
    made.changed()
    counted.work()
    assert counted.asked == 1
    made.another()
    counted.work()
    assert counted.asked == 2
    now += outlook.PATIENCE
    made.changed()
    counted.work()
    assert counted.asked == 3


def test_a_closed_client_has_no_price(sandbox_client: Client, panel: Panel, wire: Wire) -> None:
    """The reason is told in place of a price."""
    _look(wire)
    sandbox_client.close()
    panel.set(steps=4)
    wire.until(lambda: wire.traits["_outlook"]["price"] == "")
