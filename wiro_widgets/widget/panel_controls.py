"""The controls of a panel: what Python, a hand, a file and a recipe put into them, and the traits that tell of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import traitlets

from wiro_widgets.client.sync_client import Client, default_client
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, WiroError
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.widget.controls import Controls
from wiro_widgets.widget.form import form, no_form
from wiro_widgets.widget.price_watch import Outlook
from wiro_widgets.widget.value_codec import PanelValues, ValuesTrait
from wiro_widgets.widget.wire.messages import sendable
from wiro_widgets.widget.wire.publisher import Display, images, picture_facts


def _values_to_json(_values: Mapping[str, Any], panel: PanelControls) -> dict[str, Any]:
    return sendable(panel.controls.to_json())


class PanelControls(anywidget.AnyWidget):
    """What a panel does with its controls; `Panel` is one of these, and gives it what is declared here."""

    _form = traitlets.Dict().tag(sync=True)
    _errors = traitlets.Dict().tag(sync=True)
    _axes = traitlets.Dict().tag(sync=True)
    values = ValuesTrait(help="The values of the controls that have one.").tag(
        sync=True, to_json=_values_to_json
    )

    controls: Controls
    display: Display
    _model: str | None
    _given_client: Client | None
    _lock: threading.RLock
    _prospect: Outlook
    _searches: bool  # whether the catalogue is offered

    def tell(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a custom message to every view."""
        raise NotImplementedError

    def later(self, work: Callable[[], object], seconds: float = 0) -> None:
        """Have work done on a worker thread."""
        raise NotImplementedError

    @property
    def client(self) -> Client:
        """The client that runs; raises ConfigurationError when none was given and there are no credentials."""
        return self._given_client or default_client()

    @property
    def model(self) -> str | None:
        """The model, as "owner/name", or None; setting it is `switch_to`."""
        return self._model

    @model.setter
    def model(self, name: str) -> None:
        self.switch_to(name)

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take from the page the values of another widget that is linked there, as typed by a hand; nothing else.

        Every other trait is the kernel's to tell, and no page names a file of this machine.
        """
        values = sync_data.get("values")
        if isinstance(values, Mapping):
            self.typed(values)

    def set(self, **values: Any) -> None:
        """Set some controls and leave the others; None clears one. Raises InvalidParameter."""
        self._change(values)

    def switch_to(self, model: str) -> None:
        """Change to another model in place; the values that still fit are kept. Raises NotFound."""
        name = "/".join(split_model(model))
        schema, trouble = self._find_schema(name)
        if trouble is not None:
            raise trouble
        with self._lock:
            before, self._model = self.controls, name
            self.controls = Controls(schema, name)
            self.controls.fit(before.values, trusted=True)
            self.controls.varied.fit(before.varied)
            self._form = self._described()
            self.publish()
        self._prospect.another()

    @traitlets.validate("values")
    def _validate_values(self, proposal: Mapping[str, Any]) -> PanelValues:
        """Take a whole set of values; what it does not name gets its default. Raises InvalidParameter."""
        given = proposal["value"]
        if isinstance(given, PanelValues) and given.is_now(self.controls.values):
            return given
        defaults = dict.fromkeys(self.controls.values) | self.controls.schema.defaults
        self.controls.put(self.controls.checked({**defaults, **given}))
        return self._current()

    @traitlets.observe("values")
    def _values_changed(self, _change: object) -> None:
        self._show_problems(self.controls.errors)
        self._send_previews_soon()
        self._prospect.changed()

    def typed(self, patch: Mapping[str, Any]) -> None:
        """Take what a hand typed; wrong values stay as typed and are explained beside the field."""
        with self._lock:
            self.controls.patch(patch, self.display.output)
            self.publish()

    def uploaded(self, field: str, file: Any) -> None:
        """Take a file that came up whole; raises InvalidParameter."""
        with self._lock:
            self.controls.add_file(field, file)
            self.publish()

    def take_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Set the controls, and the model, to what a picture's recipe says; what does not fit is left out."""
        try:
            if recipe.get("model") and recipe["model"] != self.model:
                self.switch_to(str(recipe["model"]))
        except WiroError as error:
            self.display.explain(error)
        with self._lock:
            self.controls.fit(dict(recipe.get("parameters") or {}), trusted=False)
            self.publish()

    def publish(self) -> None:
        """Bring the traits up to what the controls hold."""
        self.values = self._current()
        axes = sendable(self.controls.axes_to_json())
        if axes != self._axes:
            self._axes = axes
            self._prospect.changed()
        self._show_problems(self.controls.errors)

    # Within

    def _find_schema(self, model: str | None) -> tuple[ModelSchema | None, WiroError | None]:
        known = ModelSchema.built_in(model) if model else None
        if known is not None or model is None:
            return known, None
        try:
            return self.client.schema(model), None
        except WiroError as error:
            return None, error

    def _known_schema(self) -> ModelSchema | None:
        return self.controls.schema if self.controls.known else None

    def _chosen(self) -> str:
        if self.model is None:
            raise ConfigurationError("Choose a model first.")
        return self.model

    def _described(self) -> dict[str, Any]:
        if not self.controls.known:
            return no_form(models=self._searches)
        return sendable(form(self.controls.schema, sandbox=self._in_sandbox(), models=self._searches))

    def _in_sandbox(self) -> bool:
        try:
            return self.client.is_sandbox
        except WiroError:
            return False  # no key: Run will say so

    def _change(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._lock:
            self.controls.put(self.controls.checked(values))
            self.publish()
            return self.controls.values

    def _current(self) -> PanelValues:
        return PanelValues(self.controls.values, self._change)

    def _show_problems(self, problems: Mapping[str, InvalidParameter]) -> None:
        self._errors = {name: error.reason for name, error in problems.items()}

    def _send_previews_soon(self) -> None:
        if self.controls.files:
            self.later(self._send_previews)

    def _send_previews(self) -> None:
        with self._lock:
            controls = self.controls
            held = controls.held()
        fresh = controls.previews.fresh(held)
        told = [picture_facts(file_id, "preview", file_id, picture) for file_id, picture in fresh.items()]
        if told:
            self.tell(images(told, None), [picture.data for picture in fresh.values()])
