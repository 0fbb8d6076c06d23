"""Recipes: which run made an image, written into the image file and read back from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypedDict, cast

from PIL import Image

from wiro_widgets.media import a1111, image_blocks, other_recipes
from wiro_widgets.media.files import replace_bytes
from wiro_widgets.media.image_blocks import DESCRIPTION, EXIF_IFD, JPEG, PNG, USER_COMMENT, Container
from wiro_widgets.media.jsonable import without_files
from wiro_widgets.media.output import Output
from wiro_widgets.protocol import __version__
from wiro_widgets.protocol.schema.scalars import mark_untrusted

if TYPE_CHECKING:
    from wiro_widgets.protocol.record import TaskRecord

MAX_READ: Final = 64 * 2**20  # bytes of a file whose recipe is read
_KEYWORDS: Final = frozenset({b"wiro", b"parameters"})  # of the text chunks of a PNG


class Recipe(TypedDict, total=False):
    """All fields that are ever written into an image.

    `wiro_widgets` is the version of this package; files in `parameters` are names only.
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
    """Return the recipe of a run; `version` is that of this package."""
    names = ("model", "prompt", "seed", "task_id", "total_cost")
    return _checked_fields(
        {name: getattr(record, name) for name in names}
        | {"parameters": dict(record.parameters), "wiro_widgets": version}
        | {"created_at": record.created_at.isoformat() if record.created_at else None},
    )


def embed(data: bytes, recipe: Mapping[str, Any]) -> bytes:
    """Return the image file with the recipe in place of an older one; the pixels are not encoded again.

    PNG: text chunks "wiro" (JSON) and "parameters" (AUTOMATIC1111's text). JPEG and WebP: the same two as EXIF
    ImageDescription and UserComment; a JPEG whose EXIF has no room for both has the first alone. A JPEG with a foreign
    description, or a recipe that no EXIF holds, has it in segments of its own beside (`image_blocks.with_jpeg_text`),
    which this package reads. Any other or malformed file, and a WebP with a foreign description, is returned unchanged.
    """
    container = image_blocks.read(data)
    if container is not None and (bare := _without_recipe(container)) is not data:
        container = image_blocks.read(bare)
    if container is None:
        return data
    fields = _checked_fields(recipe)
    parameters = fields.get("parameters", {})
    theirs = a1111.to_text(fields.get("model"), fields.get("prompt") or parameters.get("prompt"), parameters)
    if container.format == PNG:
        ours = json.dumps({"wiro_widgets": "", **fields})
        return image_blocks.with_png_texts(container, {"wiro": ours, "parameters": theirs})
    ours = _short_text(fields)
    result = _with_exif_texts(container, ours, theirs)
    if result is container.data and container.format == JPEG:
        # Without ours beside it, only a text that is recognized can be removed again.
        result = _with_exif_texts(container, None, theirs) if a1111.from_text(theirs) else container.data
        with_exif = image_blocks.read(result)
        result = image_blocks.with_jpeg_text(with_exif, ours) if with_exif else container.data
        result = container.data if with_exif and result is with_exif.data else result
    return data if result is container.data else result


def _short_text(fields: Recipe) -> str:
    """Return the recipe as JSON that has its prompt once: null means that of the parameters."""
    once: dict[str, Any] = {"wiro_widgets": "", **fields}
    if "prompt" in once and once["prompt"] == fields.get("parameters", {}).get("prompt"):
        once["prompt"] = None
    return json.dumps(once, ensure_ascii=False, separators=(",", ":"))


def _with_exif_texts(container: Container, ours: str | None, theirs: str) -> bytes:
    """Return the JPEG or WebP with our text, and AUTOMATIC1111's if there is room for it, in its EXIF.

    The very same object if there is no room, or if a foreign text is there.
    """
    exif = image_blocks.read_exif(container)
    if exif is None or DESCRIPTION in exif or USER_COMMENT in exif.get_ifd(EXIF_IFD):
        return container.data
    if ours is not None:
        # As bytes, because Pillow writes question marks in place of characters that are not ASCII.
        exif[DESCRIPTION] = ours if ours.isascii() else ours.encode("utf-8", "replace")
    comments = [b"UNICODE\0" + theirs.encode("utf-16-be", "replace")]
    comments += [b"ASCII\0\0\0" + theirs.encode()] if theirs.isascii() else []
    for comment in comments:
        exif.get_ifd(EXIF_IFD)[USER_COMMENT] = comment
        result = image_blocks.with_exif(container, exif)
        if result is not container.data:
            return result
    if ours is None:
        return container.data
    del exif.get_ifd(EXIF_IFD)[USER_COMMENT]
    return image_blocks.with_exif(container, exif)


def strip(data: bytes) -> bytes:
    """Return the image file without a recipe, or the very same object if it has none.

    Other EXIF tags stay, unless Pillow would not write them as they are: then the whole block is removed.
    """
    container = image_blocks.read(data)
    return data if container is None else _without_recipe(container)


def read_recipe(source: str | Path | bytes | BinaryIO | Image.Image | Output) -> Recipe | None:
    """Return the recipe in an image file, its bytes, an open file, a PIL image or an output; None if there is none.

    `client.run(recipe["model"], recipe["parameters"])` repeats a run without input files. Files are only named in a
    recipe and must be passed again: `run` refuses a path from a recipe, which anybody may have written. Reads
    AUTOMATIC1111's text if there is nothing else, and with the extra `recipes` those of ComfyUI, InvokeAI, NovelAI and
    Fooocus; their models are not Wiro's. Files of more than 64 MiB are not read. Raises OSError if the file cannot be
    read.

    >>> recipe = read_recipe(task.outputs[0])
    >>> again = client.run(recipe["model"], recipe["parameters"])
    """
    if isinstance(source, Output):
        source = source.bytes()
    recipe = embedded_recipe(source)
    if recipe is None and other_recipes.is_readable():
        fields = other_recipes.from_texts(_texts_by_keyword(source))
        recipe = _recipe_of_fields(fields) if fields else None
    if recipe and "parameters" in recipe:
        recipe["parameters"] = mark_untrusted(recipe["parameters"])
    return recipe


def embedded_recipe(source: str | Path | bytes | BinaryIO | Image.Image) -> Recipe | None:
    """Return the recipe that `embed` or AUTOMATIC1111's web UI has written into an image; None if there is none."""
    return _first_recipe(_image_texts(source) if isinstance(source, Image.Image) else _file_texts(source))


def write_recipe(path: str | Path, recipe: Mapping[str, Any] | TaskRecord | Image.Image) -> None:
    """Write a recipe into an image file in place of an older one; the pixels are not encoded again.

    `recipe` is what `read_recipe` returned, a record, or a PIL image that has a recipe, which Pillow's own `save`
    leaves out. Raises ValueError if there is no recipe to write, or if the file is no PNG, JPEG or WebP with room for
    it, and OSError if it cannot be read or written.

    >>> task.wait().images[0].save("edited.png")
    >>> write_recipe("edited.png", task.record)
    """
    fields: Mapping[str, Any] | None
    if isinstance(recipe, Image.Image):
        fields = read_recipe(recipe)
    else:
        fields = recipe if isinstance(recipe, Mapping) else recipe_of(recipe, version=__version__)
    if not fields or not _checked_fields(fields).keys() & {"model", "parameters"}:
        raise ValueError("There is no recipe to write: it names neither a model nor its parameters.")
    path = Path(path).expanduser()
    data = path.read_bytes()
    with_recipe = embed(data, fields)
    if with_recipe is data:
        raise ValueError(
            f"{path.name} cannot hold a recipe: it is no PNG, JPEG or WebP, or has no room for it."
        )
    replace_bytes(path, with_recipe)


def strip_recipe(path: str | Path) -> bool:
    """Remove the recipe from an image file and return True if there was one; the pixels are not encoded again.

    Raises OSError if the file cannot be read or written.

    >>> [path] = task.wait().images.save("to share")
    >>> strip_recipe(path)
    True
    """
    path = Path(path).expanduser()
    data = path.read_bytes()
    without = strip(data)
    if without is not data:
        replace_bytes(path, without)
    return without is not data


def _without_recipe(container: Container) -> bytes:
    if container.format == PNG:
        return image_blocks.without_png_texts(container, _KEYWORDS)
    data = image_blocks.without_jpeg_text(container)
    if data is not container.data:
        without = image_blocks.read(data)
        return data if without is None else _without_recipe(without)
    exif = image_blocks.read_exif(container)
    if exif is None or _first_recipe(_exif_texts(exif)) is None:
        return container.data
    exif.pop(DESCRIPTION, None)
    exif.get_ifd(EXIF_IFD).pop(USER_COMMENT, None)
    data = image_blocks.with_exif(container, exif)
    return image_blocks.with_exif(container, Image.Exif()) if data is container.data else data


def _checked_fields(recipe: Mapping[str, Any]) -> Recipe:
    """Return the fields of a recipe that have the right type, without files and secrets."""
    fields = {key: recipe[key] for key, kind in _TYPES.items() if isinstance(recipe.get(key), kind)}
    if "parameters" in fields:
        fields["parameters"] = without_files(fields["parameters"])
    return cast("Recipe", fields)


def _file_texts(source: str | Path | bytes | BinaryIO) -> Iterable[str]:
    """Return the texts of an image file that may be a recipe."""
    data = _bytes_of(source)
    container = image_blocks.read(data) if data is not None else None
    if container is None:
        return ()
    if container.format == PNG:
        return image_blocks.png_texts(container, _KEYWORDS)
    exif = image_blocks.read_exif(container)
    text = image_blocks.jpeg_text(image_blocks.jpeg_payloads(container))
    return (*(() if text is None else (text,)), *(() if exif is None else _exif_texts(exif)))


def _image_texts(image: Image.Image) -> Iterator[str]:
    """Yield the texts of a PIL image that may be a recipe."""
    for keyword in ("wiro", "parameters"):
        if isinstance(text := image.info.get(keyword), str):
            yield text
    segments = getattr(image, "applist", ())  # of a JPEG that Pillow has opened
    text = image_blocks.jpeg_text(payload for name, payload in segments if name == "APP15")
    if text is not None:
        yield text
    if isinstance(block := image.info.get("exif"), bytes) and (exif := image_blocks.parse_exif(block)):
        yield from _exif_texts(exif)


def _bytes_of(source: str | Path | bytes | BinaryIO) -> bytes | None:
    """Return the content of a file, None if it is too large; an open file keeps its position."""
    if isinstance(source, bytes):
        return source if len(source) <= MAX_READ else None
    if not hasattr(source, "read"):
        path = Path(source).expanduser()
        return path.read_bytes() if path.stat().st_size <= MAX_READ else None
    file = cast("BinaryIO", source)
    position = file.tell() if file.seekable() else None
    if position is not None:
        file.seek(0)
    data = file.read(MAX_READ + 1)
    if position is not None:
        file.seek(position)
    return data if len(data) <= MAX_READ else None


def _exif_texts(exif: Image.Exif) -> Iterator[str]:
    """Yield the ImageDescription and the UserComment."""
    description, comment = exif.get(DESCRIPTION), exif.get_ifd(EXIF_IFD).get(USER_COMMENT)
    if isinstance(description, str):
        yield _as_utf8(description)
    if isinstance(comment, bytes):
        text, encoding = comment[8:], "utf-8"
        if comment[:7] == b"UNICODE":  # in either byte order, whatever that of the block
            encoding = "utf-16-le" if text[::2].count(0) < text[1::2].count(0) else "utf-16-be"
        yield text.decode(encoding, "replace")


def _as_utf8(text: str) -> str:
    """Return the text of an EXIF tag, which Pillow reads as Latin-1, as UTF-8 if it is that."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _first_recipe(texts: Iterable[str]) -> Recipe | None:
    """Return our own recipe if a text holds one, else one from AUTOMATIC1111's text."""
    second_best: Recipe | None = None
    for text in texts:
        if text.lstrip().startswith("{"):
            if (recipe := _our_recipe(text)) is not None:
                return recipe
        elif second_best is None and (fields := a1111.from_text(text)) is not None:
            second_best = _recipe_of_fields(fields)
    return second_best


def _recipe_of_fields(fields: tuple[str | None, str, dict[str, Any]]) -> Recipe:
    model, prompt, parameters = fields
    return _checked_fields(
        {"model": model, "prompt": prompt, "seed": parameters.get("seed"), "parameters": parameters}
    )


def _texts_by_keyword(source: str | Path | bytes | BinaryIO | Image.Image) -> dict[str, str]:
    """Return the texts of an image in which other programs write."""
    if isinstance(source, Image.Image):
        block = source.info.get("exif")
        exif = image_blocks.parse_exif(block) if isinstance(block, bytes) else None
        infos = {keyword: source.info.get(keyword) for keyword in other_recipes.KEYWORDS}
        texts = {keyword: str(text) for keyword, text in infos.items() if isinstance(text, str)}
    else:
        data = _bytes_of(source)
        container = image_blocks.read(data) if data is not None else None
        if container is None:
            return {}
        if container.format == PNG:
            chunks = {
                keyword: image_blocks.png_texts(container, frozenset({keyword.encode()}))
                for keyword in other_recipes.KEYWORDS
            }
            return {keyword: text for keyword, some in chunks.items() for text in islice(some, 1)}
        exif, texts = image_blocks.read_exif(container), {}
    comments = [text for text in _exif_texts(exif) if text.lstrip().startswith("{")] if exif else []
    return {"parameters": comments[-1], **texts} if comments else texts


def _our_recipe(text: str) -> Recipe | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or "wiro_widgets" not in fields:
        return None
    if "prompt" in fields and fields["prompt"] is None and isinstance(fields.get("parameters"), dict):
        fields["prompt"] = fields["parameters"].get("prompt")
    return _checked_fields(fields)
