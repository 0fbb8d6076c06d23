"""ModelInfo: what Wiro tells of a model besides its parameters (docs/protocol.md, Catalogue)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.prices import pricing
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema import listing
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.scalars import is_url, mark_untrusted
from wiro_widgets.protocol.schema.schema import COMMON, ModelSchema, is_session
from wiro_widgets.protocol.schema.tool_detail import slug
from wiro_widgets.protocol.text import html_text

MAX_EXAMPLES: Final = 24
MAX_SAMPLES: Final = 24
_NOT_TAKEN: Final = frozenset(item.id for item in COMMON)
_MAX_VALUE: Final = 20_000  # characters of one value of an example
_MAX_FILES: Final = 64  # of one value
_SNIPPET: Final = 48  # characters
_SHORT: Final = 12  # characters


@dataclass(frozen=True, slots=True, repr=False)
class ModelInfo:
    """What Wiro tells of a model: title, description, cover, readme, prices, example inputs and sample results.

    `cover` and `samples` are URLs, `readme` is Markdown whatever Wiro sends, and `price` says in words what a run
    costs. `examples` are values by parameter, of those that the model takes, in their types; a file is its URL, which
    nobody has fetched. From `Client.info`.

    >>> info = client.info("tencent/hunyuan-flux-srpo")
    >>> images = client.generate(info.model, info.examples[0])
    """

    model: str
    title: str = ""
    description: str = ""
    categories: tuple[str, ...] = ()
    cover: str | None = None
    readme: str = field(default="", repr=False)
    price: str = ""
    examples: tuple[dict[str, Any], ...] = ()
    samples: tuple[str, ...] = ()

    @classmethod
    def from_tool(cls, tool: Mapping[str, Any], schema: ModelSchema) -> ModelInfo:
        """Read a catalogue entry, the `tool` of a Tool/Detail reply; `schema` is what the model takes."""
        examples = (fit(values, schema) for values in _examples(tool))
        unique = {repr(sorted(values.items())): values for values in examples if values}
        pictures = (wire_values.text(tool.get(name)) for name in ("image", "cover"))
        return cls(
            model=slug(tool) or schema.model,
            title=wire_values.first_text(tool.get("title")) or schema.title,
            description=wire_values.first_text(tool.get("description"), tool.get("seodescription")),
            categories=wire_values.strings(tool.get("categories")),
            cover=next((url.strip() for url in pictures if url and is_url(url)), None),
            readme=html_text.markdown(wire_values.first_text(tool.get("readme"))),
            price=pricing.rates(pricing.read(tool)),
            examples=tuple(list(unique.values())[:MAX_EXAMPLES]),
            samples=tuple(dict.fromkeys(_samples(tool)))[:MAX_SAMPLES],
        )

    def __repr__(self) -> str:
        return printable(f"<ModelInfo {self.model}, examples: {len(self.examples)}>")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print title, description, price and the examples, each in a line, in IPython."""
        printer.text(repr(self) if cycle else str(self))

    def __str__(self) -> str:
        lines = [
            " \N{MIDDLE DOT} ".join(filter(None, [self.model, self.title, self.price])),
            listing.shorten(self.description),
            *(f"  {snippet(values)}" for values in self.examples),
        ]
        return printable("\n".join(filter(None, lines)))


def fit(values: Mapping[str, Any], schema: ModelSchema) -> dict[str, Any]:
    """Return those of an example's values that the model takes, in their types.

    Whoever wrote the example is not trusted to name a file of this machine, where a run is reported to, or a project or
    a conversation of somebody: files are web addresses alone, and the others are left out.
    """
    values = {name: value for name, value in values.items() if name not in _NOT_TAKEN}
    if schema.is_open:
        return dict(
            mark_untrusted({name: value for name, value in values.items() if value not in (None, "", [])})
        )
    result: dict[str, Any] = {}
    for name, value in values.items():
        parameter = _parameter(name, schema)
        if parameter is None or is_session(parameter):
            continue
        if parameter.kind == "file":
            urls = [url.strip() for url in wire_values.strings(value) if is_url(url)][:_MAX_FILES]
            value = urls if parameter.multiple else next(iter(urls), None)  # noqa: PLW2901 - the same, checked
        if parameter.is_missing(value):
            continue
        try:
            result[parameter.id] = parameter.convert(mark_untrusted(value))
        except InvalidParameter:
            continue
    return result


def snippet(values: Mapping[str, Any]) -> str:
    """Return an example in a few words: its prompt or its longest text, else its values, and how many files it has."""
    texts = {name: item for name, item in values.items() if isinstance(item, str) and not is_url(item)}
    file_count = sum(len(_urls(item)) for item in values.values())
    words = texts.get("prompt") or max(texts.values(), key=len, default="")
    if len(words) < _SHORT and "prompt" not in texts:  # an option's name says nothing without the parameter's
        plain = [f"{name} {item}" for name, item in values.items() if not _urls(item)]
        words = ", ".join(plain[:3])
    words = " ".join(words.split())
    words = words if len(words) <= _SNIPPET else f"{words[: _SNIPPET - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    files = f"{file_count} file{'s' if file_count > 1 else ''}" if file_count else ""
    return " \N{MIDDLE DOT} ".join(filter(None, [words, files]))


def _parameter(name: str, schema: ModelSchema) -> Parameter | None:
    """Return the parameter of a name; `inputImageUrl` is the file `inputImage` where the model lists no such text."""
    parameter = schema.get(name)
    if parameter is None and name.endswith("Url"):
        parameter = schema.get(name.removesuffix("Url"))
        return parameter if parameter is not None and parameter.kind == "file" else None
    return parameter


def _examples(tool: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield the objects among `inspire` and `samples`; a text that is no address is a prompt."""
    for name in ("inspire", "samples"):
        for item in wire_values.items_or_single(tool.get(name))[: 4 * MAX_EXAMPLES]:
            values = wire_values.mapping(item)
            text = item.strip() if isinstance(item, str) else ""
            if not values and text not in ("", "null") and not is_url(text):
                values = {"prompt": item}
            yield {key: value for key, value in values.items() if _is_plain(value)}


def _samples(tool: Mapping[str, Any]) -> Iterable[str]:
    return (url.strip() for url in wire_values.strings(tool.get("samples")) if is_url(url))


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= _MAX_FILES and all(
            isinstance(item, str) and len(item) <= _MAX_VALUE for item in value
        )
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _MAX_VALUE)


def _urls(value: object) -> list[str]:
    return [
        item
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, str) and is_url(item)
    ]
