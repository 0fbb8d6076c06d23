"""Gallery: every run of the journal as pictures in a notebook cell, and the selected ones in Python."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from wiro_widgets.client import loop_thread
from wiro_widgets.client.sync_client import Client, default_client
from wiro_widgets.journal import history_query
from wiro_widgets.journal.dataframe import to_pandas
from wiro_widgets.journal.gallery import ranking
from wiro_widgets.journal.gallery.ranking import Rating
from wiro_widgets.journal.gallery.run_listing import Filter
from wiro_widgets.journal.history_query import Moment
from wiro_widgets.journal.result import NAME
from wiro_widgets.journal.row import record_of_row
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema.schema import split_model
from wiro_widgets.render import run_words
from wiro_widgets.widget import host
from wiro_widgets.widget.cells.card_displays import CardDisplays
from wiro_widgets.widget.gallery import folder_export
from wiro_widgets.widget.gallery.folder_export import Exported
from wiro_widgets.widget.gallery.gallery_receiver import GalleryCalls, GalleryReceiver
from wiro_widgets.widget.gallery.listings import Listings
from wiro_widgets.widget.gallery.selection import SelectedRuns, SelectionTrait
from wiro_widgets.widget.gallery.thumbnails import Thumbnails
from wiro_widgets.widget.panel import Panel
from wiro_widgets.widget.static_card import StaticCard
from wiro_widgets.widget.wire.host_session import HostedWidget
from wiro_widgets.widget.wire.messages import sendable

if TYPE_CHECKING:
    import pandas as pd

MAX_PANELS = 8  # that were opened from the page and stay
CARD_PICTURES = 8  # in a saved notebook


class Gallery(HostedWidget):
    """Every run of the journal as pictures, with search and filters; shows in a cell, composes with ipywidgets.

    `client` is the Client whose history is shown, by default one made from the environment. `model` (one or several),
    `text`, `starred`, `tags` and `since` leave out the runs that do not match, see `History.find`. Files are read when
    their pictures come into sight, so that a million runs open as fast as a hundred. Raises ConfigurationError without
    credentials, ValueError that names an argument with a wrong value.

    >>> gallery = Gallery(model="tencent/hunyuan-flux-srpo", starred=True)
    >>> gallery.selected
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _anywidget_id = traitlets.Unicode("wiro_widgets.Gallery").tag(sync=True)
    _facts = traitlets.Dict().tag(sync=True)
    _card_id = traitlets.Unicode().tag(sync=True)
    selected: list[TaskRecord] = SelectionTrait(  # type: ignore[assignment] # a trait is a descriptor
        help="The records of the selected runs, in the order in which they were selected."
    ).tag(sync=True, to_json=lambda value, _gallery: list(value.ids))

    _loop: loop_thread.LoopThread | None = None  # while the gallery is open

    def __init__(
        self,
        client: Client | None = None,
        *,
        model: str | Iterable[str] | None = None,
        text: str | None = None,
        starred: bool | None = None,
        tags: str | Iterable[str] = (),
        since: Moment | None = None,
    ) -> None:
        if client is not None and not isinstance(client, Client):
            raise TypeError(f"A Client is needed, not {type(client).__name__}.")
        base = _filter(model=model, text=text, starred=starred, tags=tags, since=since)
        self._client = client or default_client()
        self._lock = threading.RLock()
        self.panels: tuple[Panel, ...] = ()  # those that were opened from the page
        self._loop = loop_thread.acquire()
        self._collection = self._client.history.collection()
        self._listings = Listings(self._collection, base, self._send_message, self._later)
        self._thumbnails = Thumbnails(self._collection, self._send_message, self._later)
        self._receiver = GalleryReceiver(
            GalleryCalls(self._client, self._select, self._open_panel, self._export, self._update_cards),
            self._collection,
            self._listings,
            self._thumbnails,
            send=self._send_message,
            later=self._later,
        )
        self._cards = CardDisplays(lambda: self._cards.update(self._card(make=True)))
        super().__init__(
            _facts={"v": 1, "sandbox": self._client.is_sandbox, "query": _words(base)},
            _card_id=self._cards.id,
        )
        self.on_msg(lambda _gallery, content, buffers: self._receiver.receive(content, buffers))

    @traitlets.default("_esm")
    def _front_end(self) -> str:
        return host.front_end("gallery.js")

    def __repr__(self) -> str:
        words = _words(self._listings.base)
        return printable(f"<Gallery of {words or 'all runs'}: {len(self.selected)} selected>")

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        if bundle is not None:
            self._cards.show(bundle, lambda: self._card(make=False))
            self._later(self._update_cards, 0)

    def close(self) -> None:
        """Take the gallery away. Closing twice is fine."""
        loop, self._loop = self._loop, None
        if loop is not None:
            self._cards.close()
            super().close()
            self._collection.close()
            loop_thread.release(loop)

    @property
    def client(self) -> Client:
        """The client whose history is shown."""
        return self._client

    # The runs

    def find(
        self,
        text: str | None = None,
        *,
        model: str | Iterable[str] | None = None,
        outcome: str | Iterable[str] | None = None,
        starred: bool | None = None,
        tags: str | Iterable[str] = (),
        since: Moment | None = None,
        until: Moment | None = None,
        limit: int | None = None,
    ) -> list[TaskRecord]:
        """Return the runs of this gallery that match, newest first.

        `text` is looked for as the search field does: all of its words, or parts of words, in prompts, models, tags and
        notes. The other arguments are those of `History.find`. Raises ValueError that names a wrong argument.
        """
        narrower = _filter(
            model=model, text=text, starred=starred, tags=tags, since=since, until=until, outcome=outcome
        )
        return self._records([self._listings.base, narrower], history_query.check_limit(limit))

    def to_pandas(self, expand: bool = False, *, tz: tzinfo | str | None = "UTC") -> pd.DataFrame:
        """Return the runs that the gallery shows now as a DataFrame, newest first; see `wiro_widgets.to_pandas`.

        The column `rating` is the Elo rating by the picks of the ranking, missing for a run that was in none; `wins`
        and `comparisons` count these picks.
        """
        rows = self._collection.rows(self._ids(self._listings.filters))
        table = to_pandas([record_of_row(row) for row in rows], expand=expand, tz=tz)
        scores = ranking.ratings(self._collection.picks())
        table["rating"] = [scores[row.id].value if row.id in scores else float("nan") for row in rows]
        table["wins"] = [scores.get(row.id, Rating()).wins for row in rows]
        table["comparisons"] = [scores.get(row.id, Rating()).comparisons for row in rows]
        return table.astype({"rating": "float64", "wins": "int64", "comparisons": "int64"})

    def panel(self) -> Panel:
        """Return a panel with the model and the values of the first selected run, or of the newest that is shown.

        Raises ConfigurationError if there is none.
        """
        records = self.selected or self._records(self._listings.filters, 1)
        if not records:
            raise ConfigurationError("The gallery shows no run to open in a panel.")
        return Panel.from_record(records[0], client=self._client)

    def export(self, folder: str | Path, name: str = NAME, *, dataset: bool = False) -> list[Path]:
        """Copy the outputs of the selected runs into a folder, and return the paths; nothing there is overwritten.

        Without a selection these are all runs that the gallery shows. `name` is a pattern as in `Images.save`. A CSV
        table beside the files has a line for each; with `dataset` only pictures are copied and their lines are in
        metadata.jsonl, which readers of image folders know. A file that is missing is left out. Raises
        InvalidParameter for another field of the pattern, ConfigurationError if the folder cannot be used, OSError.
        """
        ids = self.selected.ids if isinstance(self.selected, SelectedRuns) else ()
        ids = ids or tuple(self._ids(self._listings.filters))
        return self._export(ids, folder, name, dataset=dataset).paths

    def _export(self, run_ids: Sequence[str], folder: str | Path, name: str, *, dataset: bool) -> Exported:
        """Copy the outputs of runs, by the ids of their rows, as the page does; see `export`."""
        results = (self._collection.result(row) for row in self._collection.rows(run_ids))
        return folder_export.export(results, folder, name=name or NAME, dataset=dataset)

    def _open_panel(self, run_id: str, model: str | None = None) -> str:
        """Open a run in a panel beneath the gallery, as the page does, and return the id of the panel's widget.

        With a model it is a panel of that one, with the values that fit it. Raises what `Panel.from_record` raises.
        """
        records = self._collection.records([run_id])
        if not records:
            raise ConfigurationError("This run is no longer in the history.")
        record = records[0] if model is None else replace(records[0], model="/".join(split_model(model)))
        panel = Panel.from_record(record, client=self._client)
        with self._lock:
            self.panels = (*self.panels, panel)[-MAX_PANELS:]
        return str(panel.model_id)

    def _ids(self, filters: Sequence[Filter], limit: int | None = None) -> list[str]:
        while not self._collection.index.sync(10):
            pass
        return self._collection.ids(self._collection.listing(filters, limit).numbers)

    def _records(self, filters: Sequence[Filter], limit: int | None = None) -> list[TaskRecord]:
        return self._collection.records(self._ids(filters, limit))

    # The selection

    def _select(self, run_ids: Iterable[str]) -> None:
        """Select runs by the ids of their rows in the journal, as the page does."""
        rows = self._collection.rows(run_ids)
        records = self._collection.records([row.id for row in rows])
        with self._lock:
            self.selected = SelectedRuns(records, [row.id for row in rows])

    def _runs_of(self, items: Sequence[TaskRecord | str]) -> SelectedRuns:
        """Return the runs of records or task ids that are in the history."""
        task_ids = [item if isinstance(item, str) else item.task_id or "" for item in items]
        ids = self._collection.ids_of_tasks(task_ids)
        return SelectedRuns(self._collection.records(ids), ids)

    # The traits

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take a selection from the page, as a link from another widget sends it; a page sets no other trait."""
        ids = sync_data.get("selected")
        if isinstance(ids, list) and all(isinstance(item, str) for item in ids):
            self._later(lambda: self._select(ids), 0)

    # For the parts

    def _send_message(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        if self._loop is not None and self.comm is not None:
            self.send(sendable(content), buffers)

    def _later(self, work: Callable[[], object], seconds: float) -> None:
        """Call a function on a worker thread after some seconds, unless the gallery is closed by now."""

        def run() -> None:
            with suppress(sqlite3.ProgrammingError):  # the gallery was closed while this was under way
                if self._loop is not None:
                    work()

        if self._loop is not None:
            self._loop.later(seconds, run)

    def _update_cards(self) -> None:
        """Bring the cards of saved notebooks up to date: they have pictures of the newest runs."""
        self._cards.update(self._card(make=True))

    def _card(self, *, make: bool) -> StaticCard:
        """Return the static card of the newest runs; without `make` nothing of it takes time."""
        listing = None
        if make:
            self._collection.index.sync()
            listing = self._collection.listing([self._listings.base], 60)
        return StaticCard.of_pictures(
            self._cards.id,
            title=run_words.join_facts("Gallery", _words(self._listings.base)),
            pictures=self._thumbnails.newest(listing, CARD_PICTURES) if listing else (),
        )


def _filter(
    *,
    model: str | Iterable[str] | None,
    text: str | None,
    starred: bool | None,
    tags: str | Iterable[str],
    since: Moment | None,
    until: Moment | None = None,
    outcome: str | Iterable[str] | None = None,
) -> Filter:
    """Return the filter; raises ValueError that names an argument with a wrong value."""
    query = history_query.query(
        model=model,
        since=since,
        until=until,
        outcome=outcome,
        text=text,
        parameters=None,
        star=starred,
        tag=tags,
        note=None,
    )
    return Filter(
        text=query.text or "",
        models=query.models,
        outcomes=query.outcomes,
        star=query.star,
        tags=query.tags,
        since=query.since,
        until=query.until,
    )


def _words(base: Filter) -> str:
    """Return a gallery's own filter in words."""
    since = f"since {base.since.astimezone():%Y-%m-%d}" if base.since else None
    star = None if base.star is None else "starred" if base.star else "without a star"
    text = base.text and f'"{base.text}"'
    return run_words.join_facts(", ".join(base.models or ()), text, star, ", ".join(base.tags), since)
