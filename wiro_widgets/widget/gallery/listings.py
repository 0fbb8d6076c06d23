"""Listings: which runs each page of a gallery looks at, brought up to date with the journal."""

from __future__ import annotations

import sqlite3
import threading
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any, Final

from wiro_widgets.journal.columns import OUTCOMES
from wiro_widgets.journal.gallery import run_listing
from wiro_widgets.journal.gallery.run_collection import RunCollection
from wiro_widgets.journal.gallery.run_listing import Filter, Listing
from wiro_widgets.render import run_words
from wiro_widgets.widget.gallery import cards
from wiro_widgets.widget.gallery.gallery_messages import Find, Ids, Items, Look
from wiro_widgets.widget.wire.messages import VERSION, reply

FIRST: Final = 2_000  # runs that are listed before the others
FIRST_ITEMS: Final = 100  # cards that come with a list
MAX_ITEMS: Final = 300  # cards in one message
MAX_IDS: Final = 20_000
MAX_PAGES: Final = 8  # browsers that look at the same gallery
FORGOTTEN: Final = 0  # the number of a listing that tells a page to ask for its runs again
_SYNC_SECONDS: Final = 1.5  # of building the index between two messages


@dataclass(frozen=True, slots=True)
class _Page:
    """What one page looks at: its question, and the runs that answer it, under a number."""

    find: Find
    number: int
    listing: Listing
    version: tuple[int, ...]  # of the index


class Listings:
    """Answers the questions of pages; its methods take time and run on worker threads.

    `base` is the gallery's own filter, `send` sends a message, `later` calls a function on a worker thread after some
    seconds.
    """

    def __init__(
        self,
        collection: RunCollection,
        base: Filter,
        send: Callable[[dict[str, Any]], None],
        later: Callable[[Callable[[], object], float], None],
    ) -> None:
        self.base = base
        self._collection = collection
        self._send = send
        self._later = later
        self._lock = threading.Lock()  # for the fields below; nothing is called while it is held
        self._pages: dict[str, _Page] = {}
        self._newest: dict[str, int] = {}  # the `rev` of the newest question by page
        self._numbers = count(1)
        self._is_reading = False  # whether a worker builds the index

    def __repr__(self) -> str:
        return f"<Listings of {len(self._pages)} pages>"

    @property
    def filters(self) -> list[Filter]:
        """The gallery's own filter, and that of the page that asked last."""
        with self._lock:
            finds = [page.find for page in self._pages.values()]
        return [self.base, *(_filter_of(find) for find in finds[-1:])]

    def note_question(self, message: Find) -> None:
        """Remember that this is what a page wants now: an earlier question that is still being answered is given up."""
        with self._lock:
            self._newest.pop(message.client, None)
            self._newest[message.client] = message.rev
            for client in list(self._newest)[:-MAX_PAGES]:
                del self._newest[client]
                self._pages.pop(client, None)
        self._collection.index.interrupt()

    def find(self, message: Find) -> None:
        """Answer with the number of runs, their days and the first cards; the rest of a long list follows."""
        self._collection.index.sync(0.05)
        filters = [self.base, _filter_of(message)]
        before: Listing | None = None
        for limit in (FIRST, None):
            listing = self._read(message, filters, limit)
            if listing is None:
                return
            self._send_listing(self._keep(message, listing), before)
            before = listing
            if listing.is_whole:
                break
        self._send_choices()
        self._read_on()

    def answer(self, message: Look | Items | Ids) -> None:
        """Answer what a page asks about its list."""
        match message:
            case Look():
                self.look(message)
            case Items():
                self.items(message)
            case Ids():
                self.ids(message)

    def look(self, message: Look) -> None:
        """Answer whether anything is new: with a new listing if so, and where the run at `anchor` is in it.

        A page that is not among the last `MAX_PAGES` is told to ask again.
        """
        self._collection.index.sync(0.05)
        with self._lock:
            page = self._pages.get(message.client)
        listing = None
        if (
            page is not None
            and page.number == message.listing
            and page.version != self._collection.index.version
        ):
            listing = self._read(page.find, [self.base, _filter_of(page.find)], None)
        self._read_on()
        if page is None or listing is None:
            self._send(reply(message.client, message.rev, listing=FORGOTTEN if page is None else None))
            return
        newer = self._keep(page.find, listing)
        anchor = _place_of(page.listing, message.anchor, listing)
        self._send(reply(message.client, message.rev) | self._facts(newer) | {"anchor": anchor, "items": []})
        self._send_choices()

    def items(self, message: Items) -> None:
        """Send cards of a listing; None stands for a run that is gone."""
        page = self._page(message.client, message.listing)
        items = [] if page is None else self._items(page, message.first, min(message.count, MAX_ITEMS))
        self._send(
            reply(message.client, message.rev, listing=message.listing, first=message.first, items=items)
        )

    def ids(self, message: Ids) -> None:
        """Send the ids of runs, at most `MAX_IDS`."""
        page = self._page(message.client, message.listing)
        end = message.first + min(message.count, MAX_IDS)
        ids = [] if page is None else self._collection.ids(page.listing.numbers[message.first : end])
        self._send(reply(message.client, message.rev, ids=ids))

    def _read(self, message: Find, filters: list[Filter], limit: int | None) -> Listing | None:
        """Return the runs; None if the page has asked something else meanwhile."""
        for _ in range(5):
            if not self._is_wanted(message):
                return None
            try:
                return self._collection.listing(filters, limit)
            except sqlite3.OperationalError as error:
                if "interrupted" not in str(error):  # perhaps for another page
                    raise
        return None

    def _is_wanted(self, message: Find) -> bool:
        with self._lock:
            return self._newest.get(message.client) == message.rev

    def _keep(self, find: Find, listing: Listing) -> _Page:
        page = _Page(find, next(self._numbers), listing, self._collection.index.version)
        with self._lock:
            self._pages.pop(find.client, None)
            self._pages[find.client] = page
        return page

    def _send_listing(self, page: _Page, before: Listing | None) -> None:
        """Send a page its runs; the cards that it has are right as long as the new list only goes on longer."""
        is_longer = before is not None and page.listing.numbers[: len(before)] == before.numbers
        items = None if is_longer else self._items(page, 0, FIRST_ITEMS)
        self._send(reply(page.find.client, page.find.rev) | self._facts(page) | {"items": items})

    def _page(self, client: str, number: int) -> _Page | None:
        with self._lock:
            page = self._pages.get(client)
        return page if page is not None and page.number == number else None

    def _items(self, page: _Page, first: int, count: int) -> list[dict[str, Any] | None]:
        ids = self._collection.ids_or_none(page.listing.numbers[first : first + count])
        rows = {row.id: row for row in self._collection.rows(item for item in ids if item is not None)}
        return [None if item not in rows else cards.card(rows[item]) for item in ids]

    def _facts(self, page: _Page) -> dict[str, Any]:
        listing = page.listing
        progress = self._collection.index.progress
        notes = []
        if progress is not None:
            notes.append(
                f"Reading the history: {progress[0]:,} of about {run_words.count(progress[1], 'run')}"
            )
        if _filter_of(page.find).is_windowed:
            notes.append(
                f"One or two letters are looked for in the newest {run_listing.WINDOW:,} runs; type a third"
            )
        if not listing and self._collection.trouble:
            notes.append(self._collection.trouble)  # which may be why there are none
        return {
            "listing": page.number,
            "count": len(listing),
            "whole": listing.is_whole,
            "days": listing.days(),
            "notes": notes,
        }

    def _send_choices(self) -> None:
        """Tell all pages which models and tags there are to choose from."""
        with suppress(sqlite3.OperationalError):
            models, tags = self._collection.models(), self._collection.tags()
            self._send(
                {"v": VERSION, "type": "choices", "models": models, "tags": tags, "outcomes": OUTCOMES}
            )

    def _read_on(self) -> None:
        """Go on building the index, on this worker for a moment and then on the next."""
        with self._lock:
            if self._is_reading or self._collection.index.progress is None:
                return
            self._is_reading = True
        self._later(self._build, 0)

    def _build(self) -> None:
        is_done = self._collection.index.sync(_SYNC_SECONDS)
        with self._lock:
            pages = list(self._pages.values())
            self._is_reading = False
        for page in pages:
            listing = self._read(page.find, [self.base, _filter_of(page.find)], None)
            if listing is not None:
                self._send_listing(self._keep(page.find, listing), page.listing)
        if is_done:
            self._send_choices()
        else:
            self._read_on()


def _filter_of(find: Find) -> Filter:
    """Return the filter of a page; a day that cannot be read, or an unknown outcome, is left out."""
    since, until = run_listing.day_range(_day(find.since), _day(find.until))
    outcomes = tuple(name for name in find.outcomes if name in OUTCOMES)
    return Filter(
        text=find.text,
        models=find.models or None,
        outcomes=outcomes or None,
        star=find.star,
        tags=find.tags,
        since=since,
        until=until,
        min_cost=find.low,
        max_cost=find.high,
    )


def _day(text: str) -> date | None:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        return day if 1970 <= day.year < 9999 else None  # noqa: PLR2004 - what local times can be computed for
    return None


def _place_of(older: Listing, place: int, newer: Listing) -> int:
    """Return where a run of one listing is in another, or would be."""
    if not 0 <= place < len(older):
        return 0
    return bisect_left(newer.times, -older.times[place], key=lambda at: -at)
