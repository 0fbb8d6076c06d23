import io
import json
import threading
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import Client, Estimate, InvalidParameter, ModelSchema, Sandbox
from wiro_widgets.money.estimator import measure_files
from wiro_widgets.protocol.prices import methods as price_methods
from wiro_widgets.protocol.prices.methods import Media
from wiro_widgets.protocol.prices.pricing import Prices

UPSCALE = "wiro/sandbox-upscale"
SCHEMA = ModelSchema.from_tool(
    {
        "slugowner": "a",
        "slugproject": "b",
        "parameters": [
            {
                "title": "Input",
                "items": [{"id": name, "type": "multifileinput"} for name in ("images", "voice")],
            }
        ],
    }
)


def test_a_price_for_each_second_has_no_bounds(sandbox_client: Client) -> None:
    """A model that is billed for each second has an estimate without bounds, with Wiro's average."""
    estimate = sandbox_client.estimate(FLUX, prompt="x")
    assert (estimate.low, estimate.high, estimate.exact, estimate.typical) == (None, None, False, 0.00234)
    assert "each second of work" in estimate.reason


def test_equal_runs_make_the_typical_cost(sandbox_client: Client) -> None:
    """After a run of such a model, its cost is the typical one of runs with the same settings, and no bound."""
    cost = sandbox_client.run(FLUX, prompt="x", seed=1, **SMALL).wait().record.total_cost
    estimate = sandbox_client.estimate(FLUX, prompt="another", seed=2, **SMALL)
    assert (estimate.low, estimate.high, estimate.typical, estimate.reserve) == (None, None, cost, cost)
    assert sandbox_client.estimate(FLUX, prompt="x", **{**SMALL, "steps": 50}).typical == 0.00234


def test_an_estimate_needs_no_complete_form(sandbox_client: Client) -> None:
    """A required value may be missing for an estimate; a wrong value raises InvalidParameter."""
    assert sandbox_client.estimate(FLUX).typical == 0.00234
    with pytest.raises(InvalidParameter, match=r"seeed: .*Did you mean 'seed'"):
        sandbox_client.estimate(FLUX, seeed=1)
    with pytest.raises(InvalidParameter, match="steps"):
        sandbox_client.estimate(FLUX, steps="many")


def test_a_model_that_is_not_in_the_catalogue_is_unknown(sandbox_client: Client) -> None:
    """Without a catalogue entry the cost is unknown."""
    assert "no model nobody/nothing" in sandbox_client.estimate("nobody/nothing", prompt="x").reason


def test_nothing_is_run_for_an_estimate(sandbox_client: Client, sandbox: Sandbox) -> None:
    """An estimate reads the catalogue once, and sends no Run."""
    start = len(sandbox.requests)
    for _ in range(3):
        sandbox_client.estimate(FLUX, prompt="x")
    assert [request.path for request in sandbox.requests[start:]] == ["/v1/Tool/Detail"]


def test_the_price_rows_of_the_catalogue_are_used(
    sandbox_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A price that depends on a value follows that value, and defaults count."""
    rows = [
        {"inputs": {"scale": scale}, "price": price, "priceMethod": "cpr"}
        for scale, price in (("2", 0.02), ("4", 0.08))
    ]
    entry = {"result": True, "errors": [], "tool": [{"dynamicprice": json.dumps(rows)}]}
    monkeypatch.setattr("wiro_widgets.sandbox.http.endpoints.tool_entry", lambda _model: entry["tool"][0])  # type: ignore[index]
    assert sandbox_client.estimate(FLUX, prompt="x", scale=4).high == 0.08
    assert sandbox_client.estimate(FLUX, prompt="x", scale=2).exact


def recording(seconds: float) -> bytes:
    """Return a WAV file of that length."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * int(8000 * seconds))
    return target.getvalue()


def picture(path: Path) -> Path:
    """Write a picture of 30 x 20 pixels."""
    Image.new("RGB", (30, 20)).save(path)
    return path


@pytest.mark.parametrize(
    "kind", ["path", "text", "bytes", "file", "image", "array", "recording", "url", "missing", "nonsense"]
)
def test_files_are_measured_by_their_headers(tmp_path: Path, kind: str) -> None:
    """Pictures give their pixels and recordings their seconds, in whatever form they come; the rest is unknown."""
    path = picture(tmp_path / "a.png")
    with path.open("rb") as file:
        values: dict[str, tuple[Any, Media]] = {
            "path": (path, Media("images", pixels=600)),
            "text": (str(path), Media("images", pixels=600)),
            "bytes": (path.read_bytes(), Media("images", pixels=600)),
            "file": (file, Media("images", pixels=600)),
            "image": (Image.new("L", (30, 20)), Media("images", pixels=600)),
            "array": (np.zeros((20, 30, 3), np.uint8), Media("images", pixels=600)),
            "recording": (recording(1.5), Media("images", seconds=1.5)),
            "url": ("https://example.com/a.png", Media("images")),
            "missing": (tmp_path / "missing.png", Media("images")),
            "nonsense": (b"nonsense", Media("images")),
        }
        value, expected = values[kind]
        assert measure_files({"images": [value, value]}, SCHEMA) == (expected, expected)
        assert file.tell() == 0


def test_runs_of_one_price_are_estimated_once(
    sandbox_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep estimates each setting once, for any number of prompts and seeds, and outside the loop's thread."""
    calls: list[tuple[int, str]] = []
    real_estimate = price_methods.estimate

    def record_call(prices: Prices, values: Mapping[str, Any], *more: Any) -> Estimate:
        calls.append((values["steps"], threading.current_thread().name))
        return real_estimate(prices, values, *more)

    monkeypatch.setattr(price_methods, "estimate", record_call)
    sweep = sandbox_client.sweep(FLUX, prompt=["a", "b"], seed=range(500), steps=[2, 3], start=False)
    assert sweep.estimate is not None
    assert sweep.estimate.typical == pytest.approx(2000 * 0.00234)
    assert sorted(steps for steps, _ in calls) == [2, 3]
    assert "wiro-engine" not in {name for _, name in calls}


def test_prompts_with_a_price_are_estimated_one_by_one(
    sandbox_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If each character has a price, each prompt has its own estimate."""
    price = {"dynamicprice": [{"inputs": {}, "price": 0.01, "priceMethod": "cp-promptlength"}]}
    monkeypatch.setattr("wiro_widgets.sandbox.http.endpoints.tool_entry", lambda _model: price)
    sweep = sandbox_client.sweep(FLUX, prompt=["a", "bbb"], seed=[1, 2], start=False)
    assert sweep.estimate is not None
    assert (sweep.estimate.high, sweep.estimate.exact) == (0.08, True)


def test_past_runs_follow_the_schema(sandbox_client: Client) -> None:
    """The cost of equal past runs is used with the model's schema and without one."""
    cost = sandbox_client.run(FLUX, prompt="x", seed=1, **SMALL).wait().record.total_cost
    estimator = sandbox_client._client._engine.ledger.estimator
    for schema in (sandbox_client.schema(FLUX), None, sandbox_client.schema(FLUX)):
        estimate = sandbox_client._bridge.call(estimator.estimate(FLUX, {"prompt": "y", **SMALL}, schema))
        assert estimate.typical == cost
