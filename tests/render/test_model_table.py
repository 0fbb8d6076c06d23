"""The table of a model's parameters."""

from tests.widget.models import flux, many
from wiro_widgets import ModelSchema
from wiro_widgets.render import model_table


def test_a_row_for_each_parameter() -> None:
    """Each has its id, its range, its default and its help."""
    html = model_table.model("tencent/hunyuan-flux-srpo", flux())
    assert html.count("<tr>") == 1 + len(flux().parameters)
    assert "<code>steps</code>" in html
    assert "a whole number, 1 to 50" in html
    assert "<em>required</em>" in html
    assert "How far to go from the input image." in html
    assert ">s, l</td>" in model_table.model("wiro/many", many())


def test_text_of_the_catalogue_is_escaped() -> None:
    """No markup of a catalogue entry becomes markup, and there is no script."""
    evil = "<img src=x onerror=alert(1)>"
    items = [{"id": evil, "type": "select", "label": evil, "options": [evil], "default": evil, "note": evil}]
    entry = {
        "slugowner": "a",
        "slugproject": evil,
        "title": evil,
        "parameters": [{"title": evil, "items": items}],
    }
    html = model_table.model(f"a/{evil}", ModelSchema.from_tool(entry))
    assert "<img" not in html
    assert html.count("&lt;img") == 4
    assert "<script" not in html


def test_a_long_list_of_options_is_cut() -> None:
    """A hundred options are counted, not shown."""
    item = {"id": "font", "type": "select", "options": [str(n) for n in range(100)]}
    entry = {"slugowner": "a", "slugproject": "b", "parameters": [{"title": "", "items": [item]}]}
    assert "and 76 more" in model_table.model("a/b", ModelSchema.from_tool(entry))
