"""`panel.values` as a dict: what changes it changes the controls."""

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from wiro_widgets.widget.value_codec import PanelValues


class _Held:
    """Controls that hold what they are given."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"prompt": "x", "steps": 20}

    def change(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        merged = {**self.values, **values}
        self.values = {name: value for name, value in merged.items() if value is not None}
        return self.values


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda values: values.__setitem__("steps", 30), {"prompt": "x", "steps": 30}),
        (lambda values: values.__delitem__("steps"), {"prompt": "x"}),
        (lambda values: values.update({"steps": 3}, seed=1), {"prompt": "x", "steps": 3, "seed": 1}),
        (lambda values: values.update([("seed", 1)]), {"prompt": "x", "steps": 20, "seed": 1}),
        (lambda values: values.__ior__({"steps": 3}), {"prompt": "x", "steps": 3}),
        (lambda values: values.pop("steps"), {"prompt": "x"}),
        (lambda values: values.pop("seed", None), {"prompt": "x", "steps": 20}),
        (lambda values: values.popitem(), {"prompt": "x"}),
        (lambda values: values.clear(), {}),
        (lambda values: values.setdefault("seed", 7), {"prompt": "x", "steps": 20, "seed": 7}),
        (lambda values: values.setdefault("steps", 7), {"prompt": "x", "steps": 20}),
    ],
)
def test_every_way_to_change_it(change: Callable[[PanelValues], object], expected: dict[str, Any]) -> None:
    """Each of a dict's own ways changes the controls, and is seen in the dict that was changed."""
    held = _Held()
    values = PanelValues(held.values, held.change)
    change(values)
    assert held.values == expected
    assert dict(values) == expected


def test_what_taking_away_returns() -> None:
    """As a dict does: the value, the default, or a KeyError."""
    held = _Held()
    values = PanelValues(held.values, held.change)
    assert values.pop("steps") == 20
    assert values.pop("steps", 7) == 7
    assert values.setdefault("prompt", "y") == "x"
    assert values.popitem() == ("prompt", "x")
    with pytest.raises(KeyError):
        values.pop("prompt")
    with pytest.raises(KeyError):
        values.popitem()


def _pickled(values: PanelValues) -> Any:
    return pickle.loads(pickle.dumps(values))  # noqa: S301 - our own


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, _pickled, PanelValues.copy, lambda values: values | {}]
)
def test_a_copy_is_a_plain_dict(copied: Callable[[Any], Any]) -> None:
    """Changing a copy changes no control."""
    held = _Held()
    same = copied(PanelValues(held.values, held.change))
    assert type(same) is dict
    same["steps"] = 1
    assert held.values["steps"] == 20
