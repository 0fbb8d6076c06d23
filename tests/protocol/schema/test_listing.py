"""A model and its parameters as notebooks and IPython print them."""

from typing import Any

import pytest
from IPython.lib import pretty as ipython

from wiro_widgets.protocol.replies import ModelSummary
from wiro_widgets.protocol.schema import listing
from wiro_widgets.protocol.schema.parameters import Option, Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema


def pretty(value: Any) -> str:
    """Return what IPython prints."""
    text: str = ipython.pretty(value)  # type: ignore[no-untyped-call] # IPython's
    return text


def test_a_schema_is_a_line_a_parameter() -> None:
    """Id, values and default, in columns."""
    lines = pretty(ModelSchema.built_in("tencent/hunyuan-flux-srpo")).splitlines()
    assert lines[0] == "tencent/hunyuan-flux-srpo"
    assert lines[1].split() == ["prompt", "text", "required"]
    assert "  steps        a whole number, 1 to 50     default 20" in lines
    assert len(lines) == 11


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (
            Parameter("a", "select", options=tuple(Option(str(n), "") for n in range(9))),
            "0, 1, 2, 3, 4, 5 and 3 more",
        ),
        (Parameter("a", "boolean", default=True), "True or False  default True"),
        (Parameter("a", "file", file_style="multi", required=True), "files  required"),
        (Parameter("a", "number", maximum=1.5), "a number, at most 1.5"),
        (Parameter("a", "number", minimum=1), "a number, at least 1"),
        (Parameter("a", "textarea", required=True, default="a cat"), "text  required"),
        (Parameter("a", "number", required=True, default=4), "a number  default 4"),
        (Parameter("a", default="long " * 40), f"text  default {'long ' * 11}lo..."),
    ],
)
def test_what_a_parameter_takes(parameter: Parameter, words: str) -> None:
    """Choices, bounds and defaults are shown, and lines are short."""
    assert listing.parameters("a/b", [parameter]) == f"a/b\n  a  {words}"


def test_a_list_of_models_is_a_line_each() -> None:
    """Its name and its title."""
    summaries = [
        ModelSummary("a/b", "A model", ""),
        ModelSummary("c/d", "", "Says what it does"),
        ModelSummary("e/f", "", ""),
    ]
    assert pretty(summaries) == "[<a/b: A model>, <c/d: Says what it does>, <e/f>]"
