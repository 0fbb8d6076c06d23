"""The gallery's receiver: does what a page asks, on worker threads; it returns at once."""

from __future__ import annotations

import logging
import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wiro_widgets.client.sync_client import Client
from wiro_widgets.journal.gallery import ranking
from wiro_widgets.journal.gallery.ranking import Pick
from wiro_widgets.journal.gallery.run_collection import RunCollection
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.media.content_types import type_of_name
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.media.output import fetch_missing
from wiro_widgets.protocol.errors import OutputError, WiroError
from wiro_widgets.render import run_words
from wiro_widgets.widget.gallery import cards, gallery_messages, open_panels
from wiro_widgets.widget.gallery.folder_export import Exported
from wiro_widgets.widget.gallery.listings import Listings
from wiro_widgets.widget.gallery.thumbnails import Thumbnails
from wiro_widgets.widget.host import front_end
from wiro_widgets.widget.python_call import is_noted_file, python_call
from wiro_widgets.widget.wire import messages
from wiro_widgets.widget.wire.messages import BadMessage, image_message, picture_facts, reply, sendable

MAX_TAG: Final = 100  # characters
FETCH_SECONDS: Final = 300.0  # for which files are fetched again
MAX_FULL: Final = 256 * 2**20  # bytes of a file that is sent to the browser

_log = logging.getLogger("wiro_widgets")


@dataclass(frozen=True)
class GalleryCalls:
    """What a gallery does for its page, as for Python: it selects and exports runs, and opens one in a panel.

    `update_cards` brings the cards of saved notebooks up to date.
    """

    client: Client
    select: Callable[[Iterable[str]], None]
    open_panel: Callable[[str, str | None], str]
    export: Callable[..., Exported]
    update_cards: Callable[[], None]


class GalleryReceiver:
    """Reads messages and answers them.

    `send` sends a message with its buffers, `later` calls a function on a worker thread after some seconds.
    """

    def __init__(
        self,
        gallery: GalleryCalls,
        collection: RunCollection,
        listings: Listings,
        thumbnails: Thumbnails,
        *,
        send: Callable[[dict[str, Any], list[bytes]], None],
        later: Callable[[Callable[[], object], float], None],
    ) -> None:
        self._gallery = gallery
        self._collection = collection
        self._listings = listings
        self._thumbnails = thumbnails
        self._send = send
        self._later = later
        self._newest_selection: gallery_messages.Select | None = None

    def __repr__(self) -> str:
        return f"<GalleryReceiver, {self._listings}>"

    def receive(self, content: object, buffers: list[Any] | None) -> None:
        """Do what a message asks; one of an unknown shape is logged by its wrong field and ignored."""
        try:
            message = messages.parse(content, buffers, gallery_messages.TYPES)
        except BadMessage as error:
            _log.warning("A message from the browser was ignored: its %r has an unknown shape", str(error))
            return
        match message:
            case gallery_messages.Find():
                self._listings.note_question(message)
                self._work(message, lambda: self._listings.find(message))
            case gallery_messages.Look() | gallery_messages.Items() | gallery_messages.Ids():
                self._work(message, lambda: self._listings.answer(message))
            case gallery_messages.Thumbs():
                self._thumbnails.want(message.client, message.ids)
            case messages.Image():
                self._work(message, lambda: self._send_full(message))
            case gallery_messages.Poster():
                self._work(message, lambda: self._thumbnails.take_poster(message.id, message.data))
            case gallery_messages.Select():
                self._newest_selection = message
                self._work(message, lambda: self._select(message))
            case messages.Question():
                self._work(message, lambda: self._reply(message, **self._answer(message)))

    def _work(self, message: messages.Message, work: Callable[[], object]) -> None:
        """Do the work on a worker thread; an error is the answer to a question."""

        def run() -> None:
            try:
                work()
            except WiroError as error:
                self._refuse(message, str(error))
            except sqlite3.ProgrammingError:
                raise  # the gallery was closed meanwhile
            except Exception as error:  # noqa: BLE001 - whatever it is, the page waits for no answer for ever
                _log.exception("The gallery could not do what the page asked")
                self._refuse(message, f"This did not work: {error or type(error).__name__}")

        self._later(run, 0)

    def _refuse(self, message: messages.Message, reason: str) -> None:
        rev = message.rev if isinstance(message, messages.Question) else 0
        self._send(sendable(reply(message.client, rev, reason)), [])

    def _reply(self, message: messages.Question, **facts: Any) -> None:
        self._send(sendable(reply(message.client, message.rev, **facts)), [])

    def _answer(self, message: messages.Question) -> Mapping[str, Any]:
        """Do what a question asks, and return what the reply has."""
        match message:
            case gallery_messages.Mark() | gallery_messages.Tag() | gallery_messages.Note():
                return self._annotate(message)
            case gallery_messages.Details():
                return self._details(message.id)
            case gallery_messages.CodeOf():
                row = self._row(message.id)
                return {"text": python_call(row.model, self._values(row), {})}
            case messages.Module():
                return {"text": front_end(f"{message.name}.js")}
            case gallery_messages.Panels():
                return {"panels": open_panels.labels()}
        return self._act(message)

    def _values(self, row: JournalRow) -> dict[str, Any]:
        """Return the values of a run, with the paths of files that are outputs of the runs that it was made from."""
        outputs = self._collection.parent_outputs(row)

        def with_path(value: Any) -> Any:
            if isinstance(value, list):
                return [with_path(item) for item in value]
            return outputs.get(str(value.get("sha256")), value) if is_noted_file(value) else value

        return {name: with_path(value) for name, value in row.parameters.items()}

    def _details(self, run_id: str) -> dict[str, Any]:
        row = self._row(run_id)
        parents, children = self._collection.relatives(row)
        outputs = self._collection.result(row).outputs
        rating = ranking.ratings(self._collection.picks()).get(run_id)
        return {"details": cards.details(row, outputs, parents, children, rating)}

    def _act(self, message: messages.Question) -> Mapping[str, Any]:
        """Do what reaches further than a word about a run, and return what the reply has."""
        facts: Mapping[str, Any] = {}
        match message:
            case gallery_messages.Forget():
                facts = {"text": self._forget(message)}
            case gallery_messages.Export():
                exported = self._gallery.export(
                    message.ids, message.folder, message.name, dataset=message.dataset
                )
                facts = {"text": str(exported)}
            case gallery_messages.Fetch():
                facts = self._fetch(message.id)
            case gallery_messages.OpenPanel():
                facts = {"panel": self._gallery.open_panel(message.id, message.model or None)}
            case gallery_messages.Use():
                facts = {"text": self._use(message)}
            case gallery_messages.Pair() | gallery_messages.PickOne():
                facts = self._rank(message)
        return facts

    def _forget(self, message: gallery_messages.Forget) -> str:
        left_files = self._collection.forget(message.ids, files=message.files)
        self._later(self._gallery.update_cards, 0)  # no picture of them stays in the notebook
        text = f"{run_words.count(len(message.ids), 'run')} forgotten"
        if left_files:
            text += f"; files of imported runs are left: {', '.join(left_files[:3])}"
        return text

    def _rank(self, message: gallery_messages.Pair | gallery_messages.PickOne) -> Mapping[str, Any]:
        """Write a pick down, or return the cards of two runs to choose between and how many picks there were."""
        if isinstance(message, gallery_messages.PickOne):
            self._collection.pick(Pick(message.better, message.worse, message.tie))
            return {}
        rows = {row.id: row for row in self._collection.rows(message.ids)}
        ids = [run_id for run_id, row in rows.items() if cards.card(row)["kind"] == "picture"]
        picks = [pick for pick in self._collection.picks() if pick.better in rows and pick.worse in rows]
        pair = ranking.next_pair(ids, picks, random.Random())  # noqa: S311 - no secret
        if pair is None:
            raise WiroError("Select two or more pictures to rank them.")
        return {"cards": [cards.card(rows[run_id]) for run_id in pair], "picks": len(picks)}

    def _fetch(self, run_id: str) -> Mapping[str, Any]:
        """Fetch the outputs of a run again from Wiro, and return its details."""
        row = self._row(run_id)
        if row.task_id is None:
            raise WiroError("This run has no task, so there is nothing to fetch.")
        task = self._gallery.client.attach(row.task_id)
        task.wait(FETCH_SECONDS, on_interrupt="detach", progress=False)
        for output in task.outputs:
            if output.error is None and output.path is not None and not output.path.is_file():
                output.error = OutputError(
                    f"is no longer at {output.path}", output=output.name, may_come=True
                )
        fetch_missing(task.outputs)
        missing = [output for output in task.outputs if output.error is not None]
        if missing:
            raise missing[0].error or WiroError("It is still missing.")
        # A run that Wiro's list gave is now one of this journal, under another id.
        ids = self._collection.ids_of_tasks([row.task_id])
        row = self._row(run_id if self._collection.row(run_id) is not None or not ids else ids[0])
        return {"details": cards.details(row, self._collection.result(row).outputs)}

    def _use(self, message: gallery_messages.Use) -> str:
        """Hand outputs to an open panel, and return what came of it; of several those that are missing are left out."""
        outputs = self._collection.result(self._row(message.id)).outputs
        if message.place is not None:
            outputs = outputs[message.place : message.place + 1]
        present = [output for output in outputs if output.error is None]
        if outputs and not present:
            raise outputs[0].error or WiroError("The file is missing.")
        return open_panels.hand_over(present, message.panel, message.field)

    def _row(self, run_id: str) -> JournalRow:
        row = self._collection.row(run_id)
        if row is None:
            raise WiroError("This run is no longer in the history.")
        return row

    def _select(self, message: gallery_messages.Select) -> None:
        """Select runs, unless the person has selected others since: worker threads keep no order."""
        if self._newest_selection is message:
            self._gallery.select(message.ids)
        self._reply(message)

    def _annotate(
        self, message: gallery_messages.Mark | gallery_messages.Tag | gallery_messages.Note
    ) -> dict[str, Any]:
        """Write down what the person says of runs, and return their cards."""

        def annotations(row: JournalRow) -> dict[str, Any]:
            match message:
                case gallery_messages.Mark():
                    return {"star": message.on}
                case gallery_messages.Note():
                    return {"notes": message.text.strip()}
            tags = [tag for tag in row.tags if tag not in message.remove]
            new = (" ".join(tag.split())[:MAX_TAG] for tag in message.add)
            return {"tags": tuple(dict.fromkeys(filter(None, (*tags, *new))))}

        rows = self._collection.rows(message.ids)
        if not rows:
            raise WiroError("What is selected is no longer in the history.")
        self._collection.annotate({row.id: annotations(row) for row in rows})
        return {"cards": [cards.card(row) for row in self._collection.rows(message.ids)]}

    def _send_full(self, message: messages.Image) -> None:
        """Send one page an output in full."""
        run_id, place = cards.split_id(message.id)
        row = self._collection.row(run_id)
        outputs = self._collection.result(row).outputs if row is not None else ()
        if not 0 <= place < len(outputs):
            raise WiroError("This output is no longer in the history.")
        output = outputs[place]
        if (output.size or 0) > MAX_FULL:
            raise OutputError(f"has more than {MAX_FULL:,} bytes: open it with its path", output=output.name)
        data = output.bytes()
        content_type = output.content_type or type_of_name(output.name) or ""
        facts = picture_facts(message.id, "full", output.name, Thumbnail(data, content_type, 0, 0))
        self._send(sendable(image_message([facts], message.client)), [data])
