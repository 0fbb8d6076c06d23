"""File inputs that a description calls plain strings, and the fields that take their URLs (docs/protocol.md, Files).

A sibling for the URL is the sign, or else what the name and the description say. Doubt leaves a text: a text field
that took only files could not be filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from wiro_widgets.protocol.schema import words
from wiro_widgets.protocol.schema.parameters import FileStyle, Parameter
from wiro_widgets.protocol.schema.scalars import is_url

_ONE = "image|photo|photograph|picture|mask|video|audio|document|file|pdf|footage|recording|selfie|screenshot|zip"
_MEDIA = frozenset(word + end for word in _ONE.split("|") for end in ("", "s"))
_PLURALS = frozenset(word for word in _MEDIA if word.endswith("s")) | {"urls"}
# Before a media word these say that the file goes in.
_LIST_INPUT_WORDS = """
input reference ref source src init initial upload uploaded driving driver control conditioning base start
end first last target subject person human face model garment cloth clothes style character product
background original user
"""
_INPUT_WORDS = frozenset(_LIST_INPUT_WORDS.split())
# With one of these the parameter decides about what is done or comes out.
_LIST_OTHER_WORDS = """
output result generate generated generation enable enabled disable has is use with without include return
save keep remove add show num number count max maximum min minimum total per allow extract create make no
"""
_OTHER_WORDS = frozenset(_LIST_OTHER_WORDS.split())
# An id or a title that ends in one of these takes words.
_LIST_TEXT_WORDS = """
prompt prompts text texts caption captions name names title titles description instruction instructions
message messages question query format type mode style id ids size width height ratio count length duration
strength scale weight quality language voice model webhook callback seed key token password email username
lyrics script json url urls uri link links path website site page brand company content
"""
_TEXT_WORDS = frozenset(_LIST_TEXT_WORDS.split())
_UPLOAD = re.compile(
    rf"(?:^|[.!?:;(]\s*|\bplease\s+)upload\b[^.]*\b(?:{_ONE})s?\b|\b(?:{_ONE})s?\s+to\s+(?:be\s+)?upload(?:ed)?\b",
    re.IGNORECASE,
)
_FILE_OR_URL = re.compile(
    rf"\b(?:{_ONE})s?\s+(?:files?|urls?)\b|\burls?\s+(?:of|to|for)\s+(?:\w+\s+){{0,3}}(?:{_ONE})s?\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\bmultiple\b|\bseveral\b|\bup\s+to\s+(?:[2-9]|\d\d+)\b|\bone\s+or\s+more\b|\bcomma[\s-]separated\b",
    re.IGNORECASE,
)
_WORDS_FOR_TEXT = re.compile(r"\b(?:name|title|text|sentence|word|describe|description)s?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlainString:
    """A property that a description calls a string, or a list of strings, without options."""

    id: str
    title: str = ""
    description: str = ""
    default: str = ""
    is_list: bool = False
    is_uri: bool = False


def file_style(field: PlainString, sibling: str | None) -> FileStyle | None:
    """Return how a plain string takes files, None if it is a text; `sibling` is its field for URLs."""
    if not _is_file(field, has_sibling=sibling is not None):
        return None
    parts = [part.lower() for part in words.split_id(field.id)]
    ends = [
        parts[-1],
        *(part.lower() for name in (field.title, sibling or "") for part in words.split_id(name)[-1:]),
    ]
    plural_words = _SEVERAL.search(f"{field.title}. {field.description}")
    if "multiple" in parts or (sibling and (field.is_list or plural_words or _PLURALS.intersection(ends))):
        return "multi"
    return "combine" if field.is_list or plural_words or _PLURALS.intersection(ends) else "single"


def _is_file(field: PlainString, *, has_sibling: bool) -> bool:
    parts = [
        part.lower() for part in words.split_id(field.id) if not part.isdigit() and part.lower() != "multiple"
    ]
    title = [part.lower() for part in words.split_id(field.title)]
    if not parts or (field.default and not is_url(field.default)):
        return False
    if _OTHER_WORDS.intersection(parts) or {parts[-1], *title[-1:]} & _TEXT_WORDS:
        return False
    described = f"{field.title}. {field.description}"
    if has_sibling and (_MEDIA.intersection(parts) or not _WORDS_FOR_TEXT.search(field.description)):
        return True
    if parts[-1] in _MEDIA and (parts[0] in _INPUT_WORDS or field.is_uri or _FILE_OR_URL.search(described)):
        return True
    if _TEXT_WORDS.intersection(parts):
        return False
    # inputImageHuman, or a name that says nothing beside "Upload the photo of the garment".
    return (parts[0] == "input" and parts[1:2] != [] and parts[1] in _MEDIA) or bool(
        _UPLOAD.search(described)
    )


def url_sibling(name: str, others: Iterable[str]) -> str | None:
    """Return the field for the URLs of a file: "inputImageUrl", "inputDocumentUrlMultiple"; None if there is none."""
    letters = _letters(name)
    stem = letters.removesuffix("multiple")
    singular = stem.removesuffix("s")
    letters_of_sibling = {
        f"{item}{end}" for item in (letters, stem, singular) for end in ("url", "urls", "uri", "uris")
    }
    if stem != letters:
        letters_of_sibling |= {f"{stem}urlmultiple", f"{stem}urlsmultiple"}
    return next((item for item in others if item != name and _letters(item) in letters_of_sibling), None)


def link_urls(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Return the parameters with each file's field for URLs, if the list has it as a text.

    One of the two is enough, so the field for URLs is not required by itself, and stands among the advanced ones.
    """
    texts = [item.id for item in parameters if item.kind in ("text", "textarea")]
    siblings = {item.id: url_sibling(item.id, texts) for item in parameters if item.kind == "file"}
    required = {item.id for item in parameters if item.required}
    results = []
    for item in parameters:
        sibling = siblings.get(item.id)
        if sibling is not None:
            results.append(replace(item, url_field=sibling, required=bool({item.id, sibling} & required)))
        elif item.id in siblings.values():
            file = next(name for name, sibling in siblings.items() if sibling == item.id)
            results.append(replace(item, required=False, advanced=True, url_of=file))
        else:
            results.append(item)
    return tuple(results)


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()
