"""What a sweep must have got: a status for each cell, and the picture of its own inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from tests.hostile.worker import colour_of, colour_shown
from wiro_widgets.client.sync_sweep import Sweep

# What the catalogue says of a model that takes a picture, for attacks that need a schema.
MODEL_ENTRY: dict[str, Any] = {
    "slugowner": "a",
    "slugproject": "b",
    "parameters": [
        {
            "title": "Input",
            "items": [
                {"id": "inputImage", "type": "fileinput", "label": "Picture"},
                {"id": "prompt", "type": "textarea", "label": "Prompt", "required": True},
                {"id": "seed", "type": "number", "label": "Seed"},
            ],
        }
    ],
}


def statuses(sweep: Sweep) -> list[str]:
    """Return the status of each cell."""
    return [cell.status for cell in sweep.cells]


def assert_right_pictures(sweep: Sweep, values: Mapping[str, Any], files: Iterable[str] = ()) -> None:
    """Fail unless each cell that succeeded has pictures on the disk, of its own values and of its own `files`."""
    for cell in sweep.cells:
        if cell.status != "succeeded":
            continue
        texts = {**values, **cell.chosen}
        contents = [Path(texts.pop(name)).read_bytes() for name in files]
        colour = colour_of({name: str(value) for name, value in texts.items()}, contents)
        assert cell.result is not None
        assert [colour_shown(image) for image in cell.images] == [colour] * len(cell.result.outputs)
        paths = cell.record.output_paths
        assert len(paths) == len(cell.result.outputs) > 0
        assert [colour_shown(Image.open(path)) for path in paths] == [colour] * len(paths)
