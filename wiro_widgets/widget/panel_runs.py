"""The runs and sweeps that a panel starts."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from wiro_widgets.client.chat import Conversation
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.display.live_line import ProgressMode
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.media.output import fetch_missing
from wiro_widgets.protocol.errors import InvalidParameter, RunOutcomeUnknown, WiroError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.scalars import short_repr
from wiro_widgets.render import run_words
from wiro_widgets.runs.options import OnInterrupt
from wiro_widgets.widget.form import next_seed
from wiro_widgets.widget.panel_controls import PanelControls
from wiro_widgets.widget.wire.messages import Choice
from wiro_widgets.widget.wire.publisher import Publisher
from wiro_widgets.widget.wire.run_view import PastTurns, RunView
from wiro_widgets.widget.wire.sweep_view import SweepView

MAX_TASKS = 500  # of one panel that Python can still ask for
MAX_TIMES = 50  # runs of one press; a sweep makes more, and says what they cost

_log = logging.getLogger("wiro_widgets")


class PanelRuns:
    """Starts runs and sweeps with the values of the controls, shows them, and keeps their tasks.

    `client` returns the client, `show_errors` marks fields, `later` calls a function on a worker thread after some
    seconds, and `lock` is the panel's own.
    """

    def __init__(
        self,
        controls: PanelControls,
        publisher: Publisher,
        *,
        client: Callable[[], Client],
        show_errors: Callable[[Mapping[str, InvalidParameter]], None],
        later: Callable[[Callable[[], object], float], None],
        lock: threading.RLock,
    ) -> None:
        self.tasks: tuple[Task, ...] = ()
        self.sweep: Sweep | None = None
        self._controls = controls
        self._publisher = publisher
        self._client = client
        self._show_errors = show_errors
        self._later = later
        self._lock = lock
        self._tasks_lock = threading.Lock()  # for `tasks` alone: the engine's thread adds those of a sweep
        self._numbers = count(1)
        self._sweep_view: SweepView | None = None  # the newest launch, if that is a sweep
        # The turns that the history has of the newest session, by model and session.
        self._past: tuple[tuple[Any, ...], PastTurns] = ((), PastTurns())

    def __repr__(self) -> str:
        return f"<PanelRuns {len(self.tasks)} tasks>"

    @property
    def task(self) -> Task | None:
        """The newest task."""
        return self.tasks[-1] if self.tasks else None

    def run(self, times: int = 1) -> tuple[Task, ...]:
        """Start so many runs, their seeds counted up, and return their tasks at once; errors become the tasks'.

        Raises InvalidParameter for anything but 1 to `MAX_TIMES`.
        """
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MAX_TIMES:
            raise InvalidParameter("times", f"1 to {MAX_TIMES} runs are possible, not {short_repr(times)}")
        with self._lock:
            controls = self._controls
            self._show_errors(controls.problems())
            session = controls.schema.session
            if session is not None and times == 1 and not controls.values.get(session):
                new_session = uuid.uuid4().hex
                controls.set({session: new_session})  # without one the model mixes all conversations
                self._past = (controls.model, new_session), PastTurns()
            tasks = tuple(self._run(controls.model, values) for values in controls.repeats(times))
            controls.move_seed(times)
            return tasks

    def _run(self, model: str | None, values: Mapping[str, Any]) -> Task:
        """Start a run with these values; the panel's lock is held."""
        controls, values = self._controls, dict(values)
        schema = controls.known_schema if model == controls.model else None
        view = RunView(next(self._numbers), model, values)
        if schema is not None:
            self._join_conversation(view, schema.session, values)
        view.next_seed = next_seed(view.seed, controls.schema.get("seed"))
        self._sweep_view = None
        self._publisher.begin(view)
        try:
            task = self._client().start(model or controls.required_model(), values, schema)
        except WiroError as error:
            task = Task.refused(model, values, error)
        view.task = task
        self._add_task(task)
        self._publisher.follow(view)
        return task

    def _join_conversation(self, view: RunView, session: str | None, values: Mapping[str, Any]) -> None:
        """Give a run the earlier turns of its session: those of this panel, and those of the history once read."""
        if session is None or view.model is None:
            return
        session_id = values.get(session)
        view.conversation = tuple(
            task for task in self.tasks if task.model == view.model and task.values.get(session) == session_id
        )
        if not session_id:
            return
        if self._past[0] != (view.model, session_id):
            past, conversation = PastTurns(), Conversation(view.model, session, str(session_id))
            self._past = (view.model, session_id), past
            self._later(lambda: self._read_past(past, conversation), 0)
        view.past = self._past[1]

    def _read_past(self, past: PastTurns, conversation: Conversation) -> None:
        try:
            conversation.read(self._client().history)
        except WiroError as error:
            _log.warning("The earlier turns of a conversation could not be read: %s", error)
            return
        past.turns = tuple(conversation.turns)
        self._publisher.catch_up()

    def show_result(self, result: TaskResult) -> None:
        """Show a result of the history as if it had been run here."""
        record = result.record
        view = RunView(next(self._numbers), record.model, record.parameters)
        if record.model == self._controls.model:
            self._join_conversation(view, self._controls.schema.session, record.parameters)
        view.next_seed = next_seed(view.seed, self._controls.schema.get("seed"))
        view.task = Task.from_result(result)
        self._add_task(view.task)
        self._publisher.begin(view)
        self._publisher.follow(view)

    def run_sweep(self, *, resume: bool) -> Sweep:
        """Start a sweep over the axes and return it once it is planned and priced."""
        view, launch = self._prepare_sweep(resume=resume)
        launch()
        return view.launch.result()

    def press(self, times: int = 1) -> None:
        """Do what the Run button says: run so often, or plan and start a sweep on a worker thread if there are axes.

        If every combination is done and nothing fixes the seed, the sweep runs again.
        """
        if self._controls.axis_controls:
            _, launch = self._prepare_sweep(resume=None)
            self._later(launch, 0)
        else:
            self.run(times)

    def stop(self) -> None:
        """Begin to stop the newest run or sweep."""
        if self._sweep_view is not None:
            self._sweep_view.stop()
        elif self.task is not None:
            self.task.stop_soon()

    def decide(self, number: int, choice: Choice) -> dict[str, str]:
        """Do what the user chose for a run of unknown outcome or without all its outputs, and return what came of it.

        Only one choice of a run is carried out at a time. Raises a WiroError that says why nothing came of it.
        """
        with self._lock:
            view = self._publisher.view(number)
            if view is None or view.is_deciding or choice not in view.choices:
                raise WiroError("This run has changed meanwhile. Nothing was done.")
            view.is_deciding = True
        self._publisher.catch_up()
        try:
            if isinstance(view, SweepView):
                return {"text": self._decide_sweep(view, choice)}
            assert isinstance(view, RunView)  # noqa: S101 - there are two kinds
            return {"text": self._decide_run(view, choice)}
        finally:
            view.is_deciding = False
            self._publisher.catch_up()

    def _decide_sweep(self, view: SweepView, choice: Choice) -> str:
        unknown_count = view.settle_unknown("send" if choice == "send" else "ask")
        with self._lock:
            self._publisher.begin(view)
            self._publisher.follow(view)
        return (
            f"Looked again: {run_words.count(unknown_count, 'run')} still unknown. Nothing was sent."
            if unknown_count
            else ""
        )

    def _decide_run(self, view: RunView, choice: Choice) -> str:
        client, task = self._client(), view.task
        assert task is not None  # noqa: S101 - a run without one has no choices
        match choice:
            case "look":
                try:
                    attached_task = (
                        client.attach(task.id) if task.id else client.find_run(view.journal_id or "")
                    )
                except RunOutcomeUnknown as error:
                    raise WiroError(f"Still unknown: {error.reason}. Nothing was sent.") from None
                with self._tasks_lock:
                    self.tasks = tuple(attached_task if item is task else item for item in self.tasks)
                view.replace_task(attached_task)
            case "send":
                with self._lock:
                    view.is_sent_again = True
                    self._run(view.model, view.values or {})
                return ""
            case "close":
                client.history.close(view.journal_id or "", "closed in the panel")
                view.close()
            case "fetch":
                fetch_missing(task.outputs)
                view.finish()
        with self._lock:
            self._publisher.begin(view)
            self._publisher.follow(view)
        return "Not everything is here yet. Fetch again later." if "fetch" in view.choices else ""

    def wait(
        self, timeout: float | None, progress: ProgressMode, on_interrupt: OnInterrupt | None
    ) -> TaskResult:
        """Wait for the newest run or sweep, and return its last result or raise its error."""
        view = self._sweep_view
        if view is not None:
            return self._wait_for_sweep(view, timeout, progress, on_interrupt)
        if self.task is None:
            raise WiroError("Nothing has been run yet: press Run in the panel, or call panel.run().")
        try:
            return self.task.wait(timeout, progress=progress, on_interrupt=on_interrupt)
        finally:
            if self.task.over:
                self._publisher.catch_up()

    def price(self) -> Estimate:
        """Return what Run would cost; asks the catalogue, so it takes time."""
        estimate, _ = self.prices()
        return estimate

    def prices(self) -> tuple[Estimate, dict[str, Estimate]]:
        """Return what `price` does, and the same by model."""
        with self._lock:
            controls = self._controls
            model, values = controls.required_model(), dict(controls.values)
            inputs, errors = controls.sweep_inputs(), controls.axis_controls.errors
            resume = not self._wants_another_seed()
        for error in errors.values():
            raise error
        if not inputs.axes:
            estimate = self._client().estimate(model, values)
            return estimate, {model: estimate}
        return self._client().estimate_sweep(*inputs, resume=resume)

    def _add_task(self, task: Task) -> None:
        with self._tasks_lock:
            self.tasks = (*self.tasks, task)[-MAX_TASKS:]

    def _wait_for_sweep(
        self,
        view: SweepView,
        timeout: float | None,
        progress: ProgressMode,
        on_interrupt: OnInterrupt | None,
    ) -> TaskResult:
        sweep = view.launch.result(timeout)
        try:
            sweep.wait(timeout, progress=progress, on_interrupt=on_interrupt)
        finally:
            self._publisher.catch_up()
        result = next((cell.result for cell in reversed(sweep.cells) if cell.result), None)
        if result is None:
            raise next((cell.error for cell in sweep.cells if cell.error), WiroError("Nothing was run."))
        return result

    def _prepare_sweep(self, *, resume: bool | None) -> tuple[SweepView, Callable[[], None]]:
        """Show a new sweep, and return it with the function that plans, prices and starts it."""
        with self._lock:
            controls = self._controls
            model, inputs = controls.model, controls.sweep_inputs()
            errors = controls.axis_controls.errors
            if resume is None:
                resume = not self._wants_another_seed()
            view = SweepView(
                next(self._numbers), inputs, controls.axis_controls.run_count, on_task=self._add_task
            )
            self._sweep_view = view
            self._publisher.begin(view)
            self._show_errors(controls.problems())

        def launch() -> None:
            try:
                for error in errors.values():
                    raise error  # noqa: TRY301 - refused like a plan that fails
                if model is None:
                    controls.required_model()  # raises
                sweep = self._client().plan_sweep(*inputs, resume=resume)
                if not view.stopped:
                    sweep.resume()
            except WiroError as error:
                view.refuse(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is shown, and nobody waits for ever
                _log.exception("A sweep of the panel could not be started")
                view.refuse(WiroError(f"The sweep could not be started: {error}"))
            else:
                self.sweep = sweep
                view.accept(sweep)
            self._publisher.follow(view)

        return view, launch

    def _wants_another_seed(self) -> bool:
        """Return True if every combination is done and would come out differently now, as nothing fixes the seed."""
        if self.sweep is None or set(self.sweep.counts) != {"succeeded"}:
            return False
        controls = self._controls
        seeds = [item.id for item in controls.schema.parameters if item.id.lower() == "seed"]
        return bool(seeds) and not any(
            seed in controls.values or seed in controls.axis_controls for seed in seeds
        )
