"""Recipes: which run made an image, written into the image file itself and read back from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypedDict, cast

from PIL import Image

from wiro_widgets.media import a1111, image_blocks, metadata
from wiro_widgets.media.files import replace_bytes
from wiro_widgets.media.image_blocks import JPEG, LARGEST_SEGMENT, PNG, Container
from wiro_widgets.media.jsonable import without_files
from wiro_widgets.protocol.told import told
from wiro_widgets.protocol.version import __version__

if TYPE_CHECKING:
    from wiro_widgets.protocol.record import TaskRecord

MAX_READ: Final = 64 * 2**20  # bytes of a file whose recipe is read


class Recipe(TypedDict, total=False):
    """All that is ever written into an image.

    `wiro_widgets` is the version of this package; `parameters` has files by their names alone.
    """

    wiro_widgets: str
    model: str
    parameters: dict[str, Any]
    prompt: str
    seed: int | str
    task_id: str
    total_cost: float
    created_at: str


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "wiro_widgets": str,
    "model": str,
    "parameters": dict,
    "prompt": str,
    "seed": (int, str),
    "task_id": str,
    "total_cost": (int, float),
    "created_at": str,
}


def recipe_of(record: TaskRecord, *, version: str) -> Recipe:
    """Return the recipe of a run; `version` is this package's."""
    names = ("model", "prompt", "seed", "task_id", "total_cost")
    return _allowed(
        {name: getattr(record, name) for name in names}
        | {"parameters": dict(record.parameters), "wiro_widgets": version}
        | {"created_at": record.created_at.isoformat() if record.created_at else None},
    )


def embed(data: bytes, recipe: Mapping[str, Any]) -> bytes:
    """Return the image file with the recipe in place of an older one, its compressed pixels untouched.

    PNG: text chunks "wiro" and "parameters"; JPEG and WebP: EXIF, where there is one a comment (WebP: XMP).
    Any other or malformed file, and one that has no room for it, comes back as it is.
    """
    given = image_blocks.read(data)
    stripped = data if given is None else _stripped(given)
    container = given if stripped is data else image_blocks.read(stripped)
    if container is None:
        return data
    allowed = _allowed(recipe)
    whole = json.dumps({"wiro_widgets": "", **allowed})
    parameters = allowed.get("parameters", {})
    line = a1111.to_text(allowed.get("model"), allowed.get("prompt") or parameters.get("prompt"), parameters)
    if container.format == PNG:
        return image_blocks.with_png_text(container, {"wiro": whole, "parameters": line})
    exif = b"" if container.has_exif() else metadata.exif(description=whole, comment=line)
    if container.format == JPEG:
        return _embed_in_jpeg(container, exif, whole.encode())
    if exif:
        return image_blocks.with_webp_chunk(container, "EXIF", exif.removeprefix(b"Exif\0\0"))
    if container.has_xmp():
        return data
    return image_blocks.with_webp_chunk(container, "XMP", metadata.xmp(description=whole))


def read_recipe(source: str | Path | bytes | BinaryIO | Image.Image) -> Recipe | None:
    """Return the recipe in an image file, its bytes, an open binary file or a PIL image; None when there is none.

    `client.run(recipe["model"], recipe["parameters"])` runs it again where no file went in: files are named in a
    recipe, not held, and have to be given again; `run` takes no path out of a recipe, which anybody may have written.
    AUTOMATIC1111's text is read where it is all there is; it names no model of Wiro's. A file beyond 64 MiB is not
    looked into. Raises OSError when the file cannot be read.
    """
    found = _found(source)
    if found and "parameters" in found:
        found["parameters"] = told(found["parameters"])
    return found


def _found(source: str | Path | bytes | BinaryIO | Image.Image) -> Recipe | None:
    if isinstance(source, Image.Image):
        return _first_recipe(metadata.texts_of_image(source))
    data = _bytes_of(source)
    container = image_blocks.read(data) if data is not None else None
    return _first_recipe(text for _, text in metadata.texts(container)) if container else None


def _bytes_of(source: str | Path | bytes | BinaryIO) -> bytes | None:
    """Return what a file holds, None where it is too much; an open file is left where it stands."""
    if isinstance(source, bytes):
        return source if len(source) <= MAX_READ else None
    if not hasattr(source, "read"):
        path = Path(source).expanduser()
        return path.read_bytes() if path.stat().st_size <= MAX_READ else None
    file = cast("BinaryIO", source)
    before = file.tell() if file.seekable() else None
    if before is not None:
        file.seek(0)
    data = file.read(MAX_READ + 1)
    if before is not None:
        file.seek(before)
    return data if len(data) <= MAX_READ else None


def write_recipe(path: str | Path, recipe: Mapping[str, Any] | TaskRecord | Image.Image) -> None:
    """Write a recipe into an image file, in place of an older one; the pixels stay as they are.

    It is one that `read_recipe` gave, that of a record, or that of a picture that has one, which Pillow's own `save`
    leaves out. Raises ValueError when there is none to write, or when the file is no PNG, JPEG or WebP with room for
    it, and OSError when it cannot be read or written.
    """
    if isinstance(recipe, Image.Image):
        found = read_recipe(recipe)
    else:
        found = _allowed(recipe) if isinstance(recipe, Mapping) else recipe_of(recipe, version=__version__)
    if not found or not found.keys() & {"model", "parameters"}:
        raise ValueError("There is no recipe to write: it names neither a model nor its parameters.")
    path = Path(path).expanduser()
    written = embed(path.read_bytes(), found)
    if read_recipe(written) is None:
        raise ValueError(
            f"{path.name} cannot hold a recipe: it is no PNG, JPEG or WebP, or has no room for it."
        )
    replace_bytes(path, written)


def strip(data: bytes) -> bytes:
    """Return the image file without a recipe; a block of EXIF or XMP that holds one goes as a whole."""
    container = image_blocks.read(data)
    return data if container is None else _stripped(container)


def _stripped(container: Container) -> bytes:
    if container.format == PNG:
        return image_blocks.without(container, lambda block: metadata.may_hold(container, block))
    holding = {block.start for block, text in metadata.texts(container) if _first_recipe((text,)) is not None}
    return image_blocks.without(container, lambda block: block.start in holding)


def strip_recipe(path: str | Path) -> bool:
    """Remove the recipe from an image file; tell whether there was one. The pixels stay as they are."""
    path = Path(path).expanduser()
    data = path.read_bytes()
    stripped = strip(data)
    if stripped is not data:
        replace_bytes(path, stripped)
    return stripped is not data


def _allowed(recipe: Mapping[str, Any]) -> Recipe:
    """Keep what a recipe may hold, as far as it is what it should be."""
    kept = {key: recipe[key] for key, kind in _TYPES.items() if isinstance(recipe.get(key), kind)}
    if "parameters" in kept:
        kept["parameters"] = without_files(kept["parameters"])
    return cast("Recipe", kept)


def _embed_in_jpeg(container: Container, exif: bytes, comment: bytes) -> bytes:
    if exif and len(exif) <= LARGEST_SEGMENT:
        return image_blocks.with_jpeg_segment(container, "EXIF", exif)
    if len(comment) <= LARGEST_SEGMENT:
        return image_blocks.with_jpeg_segment(container, "COM", comment)
    return container.data


def _first_recipe(texts: Iterable[str]) -> Recipe | None:
    """Return our own recipe if any text holds one, else what AUTOMATIC1111's text tells."""
    second_best: Recipe | None = None
    for text in texts:
        if text.lstrip().startswith("{"):
            if (ours := _ours(text)) is not None:
                return ours
        elif second_best is None:
            second_best = _theirs(text)
    return second_best


def _ours(text: str) -> Recipe | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _allowed(found) if isinstance(found, dict) and "wiro_widgets" in found else None


def _theirs(text: str) -> Recipe | None:
    found = a1111.from_text(text)
    if found is None:
        return None
    model, prompt, parameters = found
    named = {"model": model, "prompt": prompt, "seed": parameters.get("seed"), "parameters": parameters}
    return _allowed(named)
