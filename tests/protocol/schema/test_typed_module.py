"""The module of types is Python, for every schema."""

import ast
import inspect
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.schema.test_call_signature import ITEM
from tests.widget.models import flux, many
from wiro_widgets import ModelSchema
from wiro_widgets.protocol.schema.typed_module import typed_module

OPTIONS = {
    "__call__": [inspect.Parameter("timeout", inspect.Parameter.KEYWORD_ONLY, default=None)],
    "run": [inspect.Parameter("shiny", inspect.Parameter.KEYWORD_ONLY, default="new")],
}


def _module(*schemas: ModelSchema) -> tuple[str, dict[str, Any]]:
    text = typed_module(schemas, OPTIONS)
    names: dict[str, Any] = {"__name__": "typed"}
    exec(compile(text, "typed.py", "exec"), names)  # noqa: S102 - what it writes is run by its users
    return text, names


def test_a_protocol_and_typed_dicts_for_each_model() -> None:
    """A class for a call, for its values, and a function that returns the model."""
    text, names = _module(flux(), many())
    assert names["TencentHunyuanFluxSrpoSettings"].__required_keys__ == set()
    assert "prompt: Required[str]" in text
    assert "steps: int | Sequence[int]" in text
    assert "'Steps. A whole number, 1 to 50, default 20'" in text
    assert names["WiroManyParams"].__annotations__.keys() == {"from", "timeout", "top-p"}
    assert "size: Literal['s', 'l']" in text
    assert callable(names["wiro_many"])


def test_an_option_of_a_call_that_is_new_is_any() -> None:
    """A keyword argument that a call gets later has a name and a default, whatever its type."""
    assert "def run(self, /, *, shiny: Any = 'new'" in _module(flux())[0]


def test_names_that_are_alike() -> None:
    """Models whose names differ only in marks, or begin with a digit, or have no letter, have a name each."""
    names = ["a/b-c", "a/b_c", "a-b/c", "1/x", "é/ü", "ü/é", "file/", "a/b-c-values", "array/"]
    text, _ = _module(*(ModelSchema(name) for name in names))
    tree = ast.parse(text)
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    assert len(classes) == len(set(classes))
    assert sum(isinstance(node, ast.FunctionDef) for node in tree.body) == len(names)


@given(st.lists(ITEM, max_size=5), st.text(max_size=10), st.text(max_size=30))
def test_every_schema_becomes_python(items: list[dict[str, Any]], name: str, title: str) -> None:
    """Whatever a catalogue says, the module can be imported, and each parameter is in one of its dicts."""
    entry = {"slugowner": "a", "slugproject": name, "title": title, "parameters": [{"items": items}]}
    schema = ModelSchema.from_tool(entry)
    text, names = _module(schema)
    text.encode()
    values = {key: value for key, value in names.items() if key.endswith(("Values", "Params"))}
    ids = [key for value in values.values() for key in value.__annotations__]
    assert {item.id for item in schema.parameters} <= set(ids)
    assert len(ids) == len(set(ids))
