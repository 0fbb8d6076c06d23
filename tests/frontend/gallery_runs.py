"""Runs for a gallery to show, written into a journal without any being sent."""

import io
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from wiro_widgets import Client, TaskRecord
from wiro_widgets.journal import output_files
from wiro_widgets.journal.database import Store
from wiro_widgets.journal.row import JournalRow

SERVER = "http://127.0.0.1:9/v1"
FLUX = "tencent/hunyuan-flux-srpo"


def make_client(folder: Path) -> Client:
    """Return a client that talks to nobody; its journal and outputs are in the folder."""
    return Client(
        "key", "secret", base_url=SERVER, journal=folder / "journal.sqlite3", output_dir=folder / "outputs"
    )


def paint(hue: int, size: tuple[int, int] = (320, 240)) -> bytes:
    """Return a PNG of hills in one hue."""
    image = Image.new("RGB", size)
    pen = ImageDraw.Draw(image)
    width, height = size
    for step in range(20):
        ridge = [
            (x, height * (0.1 + step / 22) + 10 * math.sin(x / 40 + step)) for x in range(0, width + 20, 20)
        ]
        pen.polygon(
            [(0, height), *ridge, (width, height)], fill=f"hsl({hue + 3 * step}, 50%, {15 + 3 * step}%)"
        )
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def row(
    number: int,
    prompt: str = "a lighthouse at dusk",
    *,
    model: str = FLUX,
    paths: tuple[str, ...] = (),
    hours: float | None = None,
    annotations: Mapping[str, Any] | None = None,
    **facts: Any,
) -> JournalRow:
    """Return a run that is over, begun so many hours ago, by default as many as its number."""
    at = datetime.now(UTC) - timedelta(hours=number if hours is None else hours)
    parameters = {"prompt": prompt, "seed": number, "steps": 20}
    facts = {"outcome": "succeeded", "total_cost": 0.0035, "elapsed_seconds": 18.2, **facts}
    record = TaskRecord(
        task_id=str(number), model=model, prompt=prompt, seed=number, parameters=parameters, created_at=at,
        output_count=len(paths), output_paths=paths, **facts,
    )  # fmt: skip
    return JournalRow(
        id=f"run{number}", server=SERVER, model=model, parameters=parameters, intent_at=at,
        outcome=facts["outcome"], task_id=str(number), settled_at=at, record=record, paths=paths,
        files=output_files.note(paths), pid=1, **(annotations or {}),
    )  # fmt: skip


def with_files(folder: Path, number: int, files: Mapping[str, bytes], **facts: Any) -> JournalRow:
    """Write the outputs of a run, and return it."""
    target = folder / "outputs" / str(number)
    target.mkdir(parents=True)
    for name, data in files.items():
        (target / name).write_bytes(data)
    return row(number, paths=tuple(str(target / name) for name in files), **facts)


def save(folder: Path, rows: list[JournalRow]) -> None:
    """Put runs into the journal of `make_client`."""
    store = Store(folder / "journal.sqlite3")
    store.save(rows, {})
    store.close()


def every_kind(folder: Path) -> None:
    """Fill the journal with one run of each kind, the newest first: see the files."""
    chat: dict[str, Any] = {"model": "wiro/chat", "text": "The lighthouse stands on the cliff. " * 20}
    failed: dict[str, Any] = {"outcome": "failed", "error": "CUDA out of memory", "total_cost": None}
    annotations = {"star": True, "tags": ("best", "cover"), "notes": "for Anna"}
    four = {f"{place}.png": paint(90 * place) for place in range(4)}
    rows = [
        with_files(folder, 1, {"0.png": paint(220)}, annotations=annotations, hours=0),
        with_files(folder, 2, four, prompt="four of a kind", hours=0.01),
        row(3, "why a lighthouse?", **chat),
        row(4, "too large", **failed, hours=25),
        with_files(folder, 5, {"0.mp4": b"\0\0\0\x18ftypmp42" + bytes(200)}, model="a/video", hours=26),
        with_files(folder, 6, {"0.mp3": b"ID3" + bytes(200)}, model="a/music", hours=27),
        with_files(folder, 7, {"0.png": paint(20)}, prompt="gone", hours=28),
        with_files(folder, 8, {"0.glb": b"glTF" + bytes(200)}, model="a/mesh", prompt="", hours=29),
        row(9, "stopped", outcome="cancelled", hours=30),
        row(10, "lost", outcome="unknown", hours=31),
    ]
    save(folder, rows)
    (folder / "outputs" / "7" / "0.png").unlink()
