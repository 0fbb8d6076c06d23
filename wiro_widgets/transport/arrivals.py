"""What came of a download: whether it is whole and what it says it is, and the file or bytes that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from wiro_widgets.media import content_types, image_blocks, images, recipes
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.transport.partial_file import Part


@dataclass(frozen=True, slots=True)
class Job:
    """One output on its way: what it is, whose it is, and what its file is to be called."""

    info: OutputInfo
    task_id: str
    name: str
    recipe: Mapping[str, Any]

    def error(self, reason: str, *, for_good: bool = False) -> OutputError:
        """Return the error that says why the output is not here, and how to try again unless that is in vain."""
        hint = None if for_good else f"client.attach({self.task_id!r}) tries again what is missing."
        return OutputError(reason, output=self.info.name, task_id=self.task_id, hint=hint)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why what came may not be what was made.

    `digest` tells whether the same came again: then it is what the server has. None when that would prove nothing.
    """

    reason: str
    digest: bytes | None = None


def doubt(job: Job, part: Part) -> Doubt | None:
    """Return what is wrong with what came, if anything."""
    if not part.size:
        return Doubt("it is empty")
    said, held = job.info.content_type or "", content_types.sniff(part.head())
    page = held is None or held.startswith("text/") or held in ("application/json", "application/xml")
    if said.startswith(("image/", "video/", "audio/")) and page and not content_types.agree(said, held):
        return Doubt(f"it says {said} but holds {held or 'something else'}")
    data = part.read() if (held or "").startswith("image/") else None
    damage = _damage(data) if data is not None else None
    wanted = job.info.size or part.size
    if part.size < wanted and (damage or data is None):
        return Doubt(f"only {part.size} of {wanted} bytes came")
    return Doubt(damage, sha256(data or b"").digest()) if damage else None


def keep(job: Job, part: Part) -> Output:
    """Write the recipe into a picture and give the file its name; raises OutputError."""
    held = content_types.sniff(part.head())
    data = recipes.embed(part.read(), job.recipe) if (held or "").startswith("image/") else None
    agreed = content_types.agree(job.info.content_type, held)
    ending = None if agreed or held is None else content_types.extension(held)
    try:
        path, kept = part.keep(data, ending)
    except OSError as error:
        raise job.error(f"it cannot be kept: {error.strerror or error}") from None
    name = job.name if ending is None else f"{Path(job.name).stem}.{ending}"
    return Output(job.info, path=path, data=kept, task_id=job.task_id, file_name=name)


def _damage(data: bytes) -> str | None:
    """Return how a picture is broken; one that is only larger than Pillow may decode is whole for all we know."""
    container = image_blocks.read(data)
    if container is not None and container.format == image_blocks.PNG:
        return None if image_blocks.intact(container) else "its checksums are wrong"
    try:
        images.decode(data)
    except OutputError as error:
        # A limit is ours; what Pillow stumbles over is the picture's.
        return error.reason if error.__cause__ is not None else None
    return None
