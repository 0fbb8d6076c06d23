"""`panel.values` as a dict: a change of it changes the controls."""

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from wiro_widgets.widget.value_codec import PanelValues


class _Controls:
    """Controls that take any value."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"prompt": "x", "steps": 20}

    def change(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        values_after = {**self.values, **values}
        self.values = {name: value for name, value in values_after.items() if value is not None}
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
    """Each method of a dict changes the controls and the dict itself."""
    controls = _Controls()
    values = PanelValues(controls.values, controls.change)
    change(values)
    assert controls.values == expected
    assert dict(values) == expected


def test_what_pop_returns() -> None:
    """As a dict does: the value, the default, or a KeyError."""
    controls = _Controls()
    values = PanelValues(controls.values, controls.change)
    assert values.pop("steps") == 20
    assert values.pop("steps", 7) == 7
    assert values.setdefault("prompt", "y") == "x"
    assert values.popitem() == ("prompt", "x")
    with pytest.raises(KeyError):
        values.pop("prompt")
    with pytest.raises(KeyError):
        values.popitem()


def _pickle_and_load(values: PanelValues) -> Any:
    return pickle.loads(pickle.dumps(values))  # noqa: S301 - our own


@pytest.mark.parametrize(
    "copy_of", [copy.copy, copy.deepcopy, _pickle_and_load, PanelValues.copy, lambda values: values | {}]
)
def test_a_copy_is_a_plain_dict(copy_of: Callable[[Any], Any]) -> None:
    """Changing a copy changes no control."""
    controls = _Controls()
    same = copy_of(PanelValues(controls.values, controls.change))
    assert type(same) is dict
    same["steps"] = 1
    assert controls.values["steps"] == 20
