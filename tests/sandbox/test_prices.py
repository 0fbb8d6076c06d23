import dataclasses
import itertools
import json
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.raw import CHAT, FAIL, FLUX, POSTER, SKETCH, UPSCALE, Caller, Json, png
from wiro_widgets.sandbox.models import catalogue
from wiro_widgets.sandbox.models.model import Price

MODELS = (FLUX, SKETCH, POSTER, UPSCALE, CHAT, FAIL)
RUNS: list[tuple[str, dict[str, str]]] = [
    (FLUX, {}),
    (FLUX, {"samples": "3", "steps": "7"}),
    (SKETCH, {}),
    (SKETCH, {"width": "300", "height": "200"}),
    (POSTER, {}),
    (POSTER, {"resolution": "480p"}),
    (POSTER, {"resolution": "480p", "samples": "4"}),
    (POSTER, {"resolution": "1080p"}),
    (UPSCALE, {"scale": "2"}),
    (CHAT, {}),
]


def rows(entry: Json) -> list[Json]:
    """Return the price rows of a catalogue entry with their prices as they are written."""
    rows: list[Json] = json.loads(entry["dynamicprice"], parse_float=Decimal)
    return rows


def applying(rows: list[Json], values: dict[str, Any]) -> list[Json]:
    """Return the rows whose inputs all match."""
    return [row for row in rows if all(values[name] == value for name, value in row["inputs"].items())]


def choices(entry: Json) -> list[dict[str, str]]:
    """Return every combination of the options that a form offers."""
    items = [item for group in entry["parameters"] for item in group["items"] if item["options"]]
    values = [[option["value"] for option in item["options"]] for item in items]
    names = [item["id"] for item in items]
    return [dict(zip(names, combination, strict=True)) for combination in itertools.product(*values)]


@pytest.mark.parametrize("model", MODELS)
def test_every_choice_has_one_price(caller: Caller, model: str) -> None:
    """Whatever is chosen, exactly one price row applies, by a method of the protocol."""
    entry = caller.tool(model)
    for values in choices(entry):
        [row] = applying(rows(entry), values)
        assert row["price"] > 0
        assert row["priceMethod"] in ("cpr", "cps", "cpo")


@pytest.mark.parametrize(("model", "values"), RUNS)
def test_the_bill_is_what_the_price_rows_say(caller: Caller, model: str, values: dict[str, str]) -> None:
    """What a run has cost is its row's price, by the run, the second or the output, to the last digit."""
    entry = caller.tool(model)
    files = {"inputImage": ("a.png", png())} if model == UPSCALE else None
    receipt = caller.call(f"Run/{model}", data={"prompt": "a pier", **values}, files=files)
    task = caller.wait_until_settled(receipt)
    defaults = {item["id"]: item["default"] for group in entry["parameters"] for item in group["items"]}
    [row] = applying(rows(entry), {**defaults, **values})
    units = {"cpr": Decimal(1), "cps": Decimal(task["elapsedseconds"]), "cpo": Decimal(len(task["outputs"]))}
    assert (task["status"], task["pexit"]) == ("task_postprocess_end", "0")
    assert Decimal(task["totalcost"]) == row["price"] * units[row["priceMethod"]]
    assert len(task["outputs"]) == int(values.get("samples", "1"))


@pytest.mark.parametrize("model", MODELS)
def test_the_average_is_what_a_run_as_it_stands_costs(caller: Caller, model: str) -> None:
    """`approximatelycost` is near the bill of a run of the defaults, and `cps` is told where seconds are billed."""
    entry = caller.tool(model)
    by_second = [row["price"] for row in rows(entry) if row["priceMethod"] == "cps"]
    assert Decimal(entry["cps"]) == sum(by_second)
    if model in (UPSCALE, FAIL):  # these cannot run as they stand, or not succeed
        assert Decimal(entry["approximatelycost"]) > 0
        return
    small = {"width": "64", "height": "64"} if model == FLUX else {}
    task = caller.wait_until_settled(caller.call(f"Run/{model}", {"prompt": "a pier", **small}))
    assert float(task["totalcost"]) == pytest.approx(float(entry["approximatelycost"]), rel=0.15)


def test_a_stopped_run_costs_nothing(caller: Caller) -> None:
    """Only what succeeded is billed, whatever the method."""
    caller.server.faults = {"stuck": "run"}
    receipt = caller.run(SKETCH)
    caller.settled_at(receipt, "task_accept")
    stopped = caller.call("Task/Kill", {"taskid": receipt["taskid"]})["tasklist"][0]
    assert Decimal(stopped["totalcost"]) == 0
    caller.server.faults = {"fail_tasks": 1}
    assert Decimal(caller.finish(POSTER)["totalcost"]) == 0


def test_a_bill_stays_when_the_files_are_deleted(caller: Caller) -> None:
    """Deleting the outputs of a run that was billed by the output pays nothing back."""
    task = caller.finish(POSTER, samples="2")
    caller.call("Task/InputOutputDelete", {"tasktoken": task["socketaccesstoken"]})
    rest = caller.detail({"taskid": task["id"]})
    assert (rest["outputs"], rest["totalcost"]) == ([], task["totalcost"])


def test_values_without_a_row_have_no_bill() -> None:
    """A price is never guessed."""
    model = dataclasses.replace(catalogue.SKETCH, prices=(Price("1", "cpr", (("size", "small"),)),))
    assert model.bill({"size": "small"}, seconds=Decimal(9), outputs=9) == 1
    with pytest.raises(LookupError):
        model.bill({"size": "large"}, seconds=Decimal(9), outputs=9)
