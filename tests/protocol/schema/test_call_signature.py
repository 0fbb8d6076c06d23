"""A model's parameters as a signature and as help, for every schema."""

import inspect
import keyword
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widget.models import flux, many
from wiro_widgets import ModelSchema
from wiro_widgets.protocol.schema.call_signature import call_signature, help_text, is_keyword_name

OWN = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in ("timeout", "reuse")]


def _schema(*items: dict[str, Any]) -> ModelSchema:
    return ModelSchema.from_tool(
        {"slugowner": "a", "slugproject": "b", "parameters": [{"title": "Input", "items": list(items)}]}
    )


def test_names_types_and_defaults() -> None:
    """Each parameter is a keyword argument with its type and its default; a required one has none."""
    parameters = call_signature(flux(), OWN).parameters
    assert list(parameters)[:3] == ["params", "prompt", "inputImage"]
    assert parameters["params"].kind is inspect.Parameter.POSITIONAL_ONLY
    assert (parameters["prompt"].annotation, parameters["prompt"].default) == (str, inspect.Parameter.empty)
    assert (parameters["steps"].annotation, parameters["steps"].default) == (int, 20)
    assert (parameters["scale"].annotation, parameters["scale"].default) == (float, 3.5)
    assert parameters["inputImage"].default is None
    assert list(parameters)[-2:] == ["timeout", "reuse"]


def test_options_are_literals() -> None:
    """A few options are spelled out, with a default that is none of them; many are text."""
    few = _schema({"id": "size", "type": "select", "options": ["s", "l"], "default": "auto"})
    assert call_signature(few).parameters["size"].annotation == Literal["s", "l", "auto"]
    lots = _schema({"id": "size", "type": "select", "options": [str(n) for n in range(100)], "default": "1"})
    assert call_signature(lots).parameters["size"].annotation is str
    assert call_signature(many()).parameters["size"].annotation == (Literal["s", "l"] | None)


def test_ids_that_are_no_names_stand_in_the_help_instead() -> None:
    """Ids with a hyphen, keywords and the call's own arguments go into the dict, and the help says so."""
    parameters = call_signature(many(), OWN).parameters
    assert not {"top-p", "from"} & parameters.keys()
    assert parameters["timeout"] is OWN[0]
    text = help_text("wiro/many", many(), ["timeout"])
    names, _, others = text.partition("In a dict that comes first, {'from': ...}")
    assert "'top-p' (Top p): a number, 0 to 1" in others
    assert "'timeout' (Timeout): a number" in others
    assert "photos (Photos): files" in names
    assert "size (Size): one of s (Small), l (Large)" in names
    assert "upright (Upright): True or False, default True" in names


def test_a_model_that_nobody_knows_takes_any_value() -> None:
    """Without a schema the signature is the one of the bare call."""
    assert str(call_signature(None, OWN)) == "(params=None, /, **values)"
    assert "not known" in help_text("a/b", None, [])


def test_a_sweep_takes_lists() -> None:
    """Each value may be a list of values."""
    assert call_signature(flux(), lists=True).parameters["steps"].annotation == (int | list[int])


IDS = st.one_of(
    st.sampled_from(
        [*keyword.kwlist, "self", "params", "values", "timeout", "ﬁle", "__init__", "a b", "", "1", "x²"]
    ),
    st.text(max_size=8),
)
TYPES = st.sampled_from(
    ["text", "textarea", "select", "range", "number", "checkbox", "fileinput", "combinefileinput", "?"]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
ITEM = st.fixed_dictionaries(
    {"id": IDS, "type": TYPES},
    optional={
        "default": SCALARS, "required": st.booleans(), "options": st.lists(SCALARS, max_size=15), "label": SCALARS,
        "min": SCALARS, "max": SCALARS, "step": SCALARS, "note": st.text(max_size=200),
    },
)  # fmt: skip


@given(st.lists(ITEM, max_size=6))
def test_every_schema_has_a_signature(items: list[dict[str, Any]]) -> None:
    """Whatever a catalogue says, there is a signature and a help, and each parameter is in one place of it."""
    schema = _schema(*items)
    signature = call_signature(schema, OWN)
    text = help_text(schema.model, schema, ["timeout", "reuse"])
    assert str(signature)
    call_signature(schema, OWN, lists=True)
    for item in schema.parameters:
        assert item.id in signature.parameters or repr(item.id) in text
        assert not keyword.iskeyword(item.id) or not is_keyword_name(item.id)


@pytest.mark.parametrize(
    "name", ["self", "params", "cells", "__debug__", "class", "two words", "\ufb01le", "1st", ""]
)
def test_what_cannot_be_a_keyword(name: str) -> None:
    """These cannot be written as `name=`, or mean something else there."""
    assert not is_keyword_name(name)
