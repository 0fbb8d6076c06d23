"""The gallery's messages written as mirror images: Python's against js/src/gallery/gallery_messages.ts."""

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.widget.gallery.conftest import QUERY, AddRun, MakeGallery
from tests.widget.wire.page import Wire
from wiro_widgets import Gallery
from wiro_widgets.protocol.record import Outcome
from wiro_widgets.widget.gallery.gallery_messages import TYPES

SOURCE = Path(__file__).resolve().parents[3] / "js" / "src" / "gallery" / "gallery_messages.ts"


def interfaces() -> dict[str, dict[str, str]]:
    """Return the interfaces of the page, each with its own fields and their types."""
    source = re.sub(r"/\*.*?\*/|//[^\n]*", "", SOURCE.read_text(encoding="utf-8"), flags=re.DOTALL)
    shapes: dict[str, dict[str, str]] = {}
    for name, parent, body in re.findall(
        r"interface (\w+)(?: extends (\w+))?[^{]*\{\n(.*?)\n\}", source, re.DOTALL
    ):
        shapes[name] = shapes.get(parent, {}) | dict(re.findall(r"^  (\w+\??): (.*);$", body, re.MULTILINE))
    return shapes


def needed(name: str) -> set[str]:
    """Return the fields that an object of the page must have."""
    return {field for field in interfaces()[name] if not field.endswith("?")}


@pytest.mark.parametrize("kind", sorted(set(TYPES) - {"image", "module"}))
def test_what_comes_up(kind: str) -> None:
    """Each message has a class here and an interface there, with the same fields."""
    [shape] = [
        shape for shape in interfaces().values() if shape.get("type") == f'"{kind}"' and "v" not in shape
    ]
    assert shape.keys() - {"type"} == {item.name for item in fields(TYPES[kind])} - {"client", "data"}


def test_what_goes_down(add_run: AddRun, gallery_of: MakeGallery, wire_of: Callable[[Gallery], Wire]) -> None:
    """A list, its cards and the details of a run have the fields that the page declares."""
    run_id = add_run()
    wire = wire_of(gallery_of())
    answer: dict[str, Any] = wire.ask("find", rev=1, **QUERY)
    assert needed("ListingReply") <= answer.keys()
    assert needed("Card") == answer["items"][0].keys()
    details = wire.ask("details", rev=2, id=run_id)["details"]
    assert needed("Details") == details.keys()
    assert needed("FoundOutput") <= details["outputs"][0].keys()
    wire.until(lambda: wire.messages("choices"))
    assert needed("Choices") == wire.messages("choices")[0].keys()
    assert interfaces()["Card"]["outcome"] == " | ".join(f'"{name}"' for name in get_args(Outcome))
