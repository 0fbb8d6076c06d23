"""The gallery's messages from the browser; the mirror image of js/src/gallery/gallery_messages.ts.

Each is checked by `wire.messages.parse` before anything acts on it: a page is not trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wiro_widgets.widget.wire.messages import Image, LongText, Message, Module, Question


@dataclass(frozen=True, slots=True)
class Find(Question):
    """The person looks for runs: what stands in the search field and the filters. Days are ISO 8601 text, or empty."""

    text: str
    models: tuple[str, ...]
    outcomes: tuple[str, ...]
    tags: tuple[str, ...]
    star: bool | None
    since: str
    until: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Look(Question):
    """Is there anything new? `anchor` is the place of the first card that can be seen."""

    listing: int
    anchor: int


@dataclass(frozen=True, slots=True)
class Items(Question):
    """Send the cards from a place of a listing on."""

    listing: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Ids(Question):
    """Send the ids of the runs from a place of a listing on, to be selected."""

    listing: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Thumbs(Message):
    """Send the small pictures of these outputs, and no others that were asked for before."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Details(Question):
    """Send all that the large view shows of a run."""

    id: str


@dataclass(frozen=True, slots=True)
class Select(Question):
    """The person selected these runs, and no others."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark(Question):
    """Star runs, or take their stars away."""

    ids: tuple[str, ...]
    on: bool


@dataclass(frozen=True, slots=True)
class Tag(Question):
    """Add tags to runs, and take others away."""

    ids: tuple[str, ...]
    add: tuple[str, ...]
    remove: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note(Question):
    """Replace the note of runs."""

    ids: tuple[str, ...]
    text: LongText


@dataclass(frozen=True, slots=True)
class CodeOf(Question):
    """Send the Python call that repeats a run."""

    id: str


@dataclass(frozen=True, slots=True)
class Forget(Question):
    """Take runs out of the history, with `files` their files too; the page has asked twice."""

    ids: tuple[str, ...]
    files: bool


@dataclass(frozen=True, slots=True)
class Export(Question):
    """Copy the outputs of runs into a folder of this machine; `dataset` writes metadata.jsonl instead of a table."""

    ids: tuple[str, ...]
    folder: str
    name: str
    dataset: bool


@dataclass(frozen=True, slots=True)
class Fetch(Question):
    """Fetch the outputs of a run again, whose files are missing."""

    id: str


@dataclass(frozen=True, slots=True)
class OpenPanel(Question):
    """Open a run in a panel; with a model, in a panel of that one with the values that fit it."""

    id: str
    model: str


@dataclass(frozen=True, slots=True)
class Panels(Question):
    """Send the panels that are open in this kernel."""


@dataclass(frozen=True, slots=True)
class Use(Question):
    """Use an output of a run, or all of its first one's kind, as input of an open panel.

    Without a field it is the first that takes such a file.
    """

    id: str
    place: int | None
    panel: str
    field: str


@dataclass(frozen=True, slots=True)
class Pair(Question):
    """Send two of these runs to choose between."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PickOne(Question):
    """The person found one run better than another; with `tie` neither."""

    better: str
    worse: str
    tie: bool


@dataclass(frozen=True, slots=True)
class Poster(Message):
    """A frame of a video that the page has drawn, to stand for it on its card."""

    id: str
    data: bytes


TYPES: Final[Mapping[str, type[Message]]] = {
    "find": Find,
    "look": Look,
    "items": Items,
    "ids": Ids,
    "thumbs": Thumbs,
    "image": Image,
    "details": Details,
    "select": Select,
    "mark": Mark,
    "tag": Tag,
    "note": Note,
    "code": CodeOf,
    "forget": Forget,
    "export": Export,
    "fetch": Fetch,
    "panel": OpenPanel,
    "panels": Panels,
    "use": Use,
    "pair": Pair,
    "pick": PickOne,
    "poster": Poster,
    "module": Module,
}
