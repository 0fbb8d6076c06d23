"""The price of a run beside the button, before it is pressed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import Client, InvalidParameter, Panel, Sandbox, TransportError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.widget import price_watch
from wiro_widgets.widget.price_watch import PriceWatch


def _look(wire: Wire) -> dict[str, Any]:
    """Open a view, and return the first price that it gets."""
    wire.say("sync", epoch="", next=0)
    wire.until(lambda: wire.traits.get("_outlook"))
    outlook: dict[str, Any] = wire.traits["_outlook"]
    return outlook


def test_nothing_is_asked_without_a_view(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """A panel that no page shows asks the catalogue for no price."""
    before = len(sandbox.requests)
    panel.set(steps=3)
    assert wire.traits["_outlook"] == {}
    assert len(sandbox.requests) == before


def test_wiros_average_is_called_about(wire: Wire) -> None:
    """A model that is billed by the second costs about as much as Wiro's average run; the reason says so."""
    outlook = _look(wire)
    assert outlook["price"].startswith("about $0.00")
    assert "each second" in outlook["reason"]


def test_own_runs_improve_the_price(panel: Panel, wire: Wire) -> None:
    """After a run the same again costs about what that one did."""
    _look(wire)
    panel.run()
    panel.wait()
    wire.until(lambda: "such run of yours" in wire.traits["_outlook"]["reason"])


def test_the_price_follows_the_controls(panel: Panel, wire: Wire) -> None:
    """Another setting is another run, and there was none like it."""
    _look(wire)
    panel.run()
    panel.wait()
    wire.until(lambda: "of yours" in wire.traits["_outlook"]["reason"])
    panel.set(steps=3)
    wire.until(lambda: "of yours" not in wire.traits["_outlook"]["reason"])


def test_python_asks_for_the_same(panel: Panel) -> None:
    """`panel.price()` is the estimate itself."""
    estimate = panel.price()
    assert isinstance(estimate, Estimate)
    assert estimate.typical is not None


def test_without_credentials_there_is_no_price(panel_of: MakePanel) -> None:
    """The panel works, and shows the reason."""
    panel = panel_of(FLUX, client=None, **SMALL)
    assert isinstance(panel.comm, Wire)
    outlook = _look(panel.comm)
    assert outlook["price"] == ""
    assert "WIRO_API_KEY" in outlook["reason"]


def test_a_wrong_value_has_no_price(panel: Panel, wire: Wire) -> None:
    """A run with a wrong value is refused, so it costs nothing."""
    _look(wire)
    wire.say("values", rev=1, patch={"steps": "many"})
    wire.until(lambda: wire.traits["_outlook"]["price"] == "")
    assert "steps" in wire.traits["_outlook"]["reason"]
    with pytest.raises(InvalidParameter):
        panel.price()


def test_another_model_has_another_price(panel: Panel, wire: Wire) -> None:
    """The price is that of the model that Run would run."""
    first = _look(wire)
    panel.switch_to("wiro/sandbox-fail")
    wire.until(lambda: wire.traits["_outlook"]["price"] not in ("", first["price"]))


class _Catalogue:
    """Counts questions for a price, and answers them when the test says so."""

    def __init__(self) -> None:
        self.questions = 0
        self.work: list[Any] = []
        self.prices: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.estimate = Estimate(0.04, 0.04, exact=True, reason="$0.04 for each run")
        self.by_model: dict[str, Estimate] = {}
        self.model_prices: dict[str, str] = {}
        self.watch = PriceWatch(
            self.price,
            self.show,
            lambda work, _seconds: self.work.append(work),
        )

    def price(self) -> tuple[Estimate, dict[str, Estimate]]:
        self.questions += 1
        if self.error is not None:
            raise self.error
        return self.estimate, self.by_model

    def show(self, price: str, reason: str, by_model: Mapping[str, str]) -> None:
        self.prices.append((price, reason))
        self.model_prices = dict(by_model)

    def do_the_work(self) -> None:
        while self.work:
            self.work.pop(0)()


@pytest.fixture
def catalogue() -> _Catalogue:
    """Return a catalogue that counts questions."""
    return _Catalogue()


def test_several_models_are_priced_one_by_one(catalogue: _Catalogue) -> None:
    """The sum is followed by the price of each; of many models only the sum is said, and each has its own."""
    catalogue.by_model = {
        f"a/{name}": Estimate(cost, cost, exact=True, reason="") for name, cost in (("x", 0.03), ("y", 0.01))
    }
    catalogue.watch.look()
    catalogue.do_the_work()
    assert catalogue.prices == [("$0.04: x $0.03, y $0.01", "$0.04 for each run")]
    assert catalogue.model_prices == {"a/x": "$0.03", "a/y": "$0.01"}
    unknown = Estimate(None, None, exact=False, reason="")
    catalogue.by_model |= {"a/z": unknown, "a/w": unknown}
    catalogue.watch.update()
    catalogue.do_the_work()
    assert catalogue.prices[-1][0] == "$0.04"
    assert catalogue.model_prices["a/z"] == "price unknown"
    catalogue.by_model = {"a/x": replace(unknown, answer_count=1), "a/y": replace(unknown, answer_count=1)}
    catalogue.estimate = replace(unknown, answer_count=2)
    catalogue.watch.update()
    catalogue.do_the_work()
    assert catalogue.prices[-1][0] == "all 2 are there"


def test_typing_asks_once(catalogue: _Catalogue) -> None:
    """Changes that come together are one question."""
    catalogue.watch.look()
    for _ in range(50):
        catalogue.watch.update()
    catalogue.do_the_work()
    assert (catalogue.questions, catalogue.prices) == (1, [("$0.04", "$0.04 for each run")])
    catalogue.watch.update()
    catalogue.do_the_work()
    assert catalogue.questions == 2


def test_an_unknown_price_is_called_unknown(catalogue: _Catalogue) -> None:
    """The panel makes up no number."""
    catalogue.estimate = Estimate(None, None, exact=False, reason="the catalogue has no price")
    catalogue.watch.look()
    catalogue.do_the_work()
    assert catalogue.prices == [("price unknown", "the catalogue has no price")]


def test_a_catalogue_that_fails_is_asked_again_after_a_while(
    catalogue: _Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every key asks it again; another model does, and so does the same one after a minute."""
    now = 1_000.0
    monkeypatch.setattr(price_watch, "monotonic", lambda: now)
    catalogue.error = TransportError("gone", endpoint="/Tool/Detail", safe_to_retry=True)
    catalogue.watch.look()
    catalogue.do_the_work()
    catalogue.watch.update()
    catalogue.do_the_work()
    assert catalogue.questions == 1
    catalogue.watch.switch_model()
    catalogue.do_the_work()
    assert catalogue.questions == 2
    now += price_watch.RETRY_SECONDS
    catalogue.watch.update()
    catalogue.do_the_work()
    assert catalogue.questions == 3


def test_a_closed_client_has_no_price(sandbox_client: Client, panel: Panel, wire: Wire) -> None:
    """The reason stands in place of a price."""
    _look(wire)
    sandbox_client.close()
    panel.set(steps=4)
    wire.until(lambda: wire.traits["_outlook"]["price"] == "")
