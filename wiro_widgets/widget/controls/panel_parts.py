"""PanelParts: all that a panel is made of behind its traits. It loads the network, Pillow and the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wiro_widgets.client.sweep_launcher import model_names
from wiro_widgets.client.sync_client import Client
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.protocol.schema.builtin import BUILT_IN
from wiro_widgets.protocol.schema.scalars import split_model
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.protocol.state import Status
from wiro_widgets.widget.controls.model_axis import names_in
from wiro_widgets.widget.controls.panel_info import PanelInfo
from wiro_widgets.widget.form import form, no_form
from wiro_widgets.widget.panel_controls import PanelControls, field_for
from wiro_widgets.widget.panel_presets import PanelPresets
from wiro_widgets.widget.panel_runs import PanelRuns
from wiro_widgets.widget.price_watch import PriceWatch
from wiro_widgets.widget.static_card import StaticCard
from wiro_widgets.widget.value_codec import PanelValues
from wiro_widgets.widget.wire.messages import is_deep, sendable
from wiro_widgets.widget.wire.publisher import Publisher
from wiro_widgets.widget.wire.receiver import PublicPanel, Receiver


def is_at_hand(model: str | ModelSchema | None, client: Client | None) -> bool:
    """Return True if a panel's form can be made without a question to the catalogue."""
    if not isinstance(model, str) or model in BUILT_IN:
        return True
    return client is not None and client.quick_schema(model, 0) is not None


@dataclass(frozen=True, slots=True)
class PanelHooks:
    """What the parts call of their panel; `client` raises ConfigurationError."""

    client: Callable[[], Client]
    send: Callable[[dict[str, Any], list[bytes] | None], None]
    set_status: Callable[[Status, float | None, dict[str, Any]], None]
    later: Callable[[Callable[[], object], float], None]
    show_controls: Callable[[], None]
    show_errors: Callable[[Mapping[str, InvalidParameter]], None]
    show_price: Callable[[str, str, Mapping[str, str]], None]
    show_examples: Callable[[list[str]], None]
    update_card_and_price: Callable[[], None]


class PanelParts:
    """The parts of one panel; `lock` is the panel's own.

    Raises InvalidParameter for a value that the model does not take. A model that cannot be found is shown once the
    panel is ready for it: `explain` does so.
    """

    def __init__(
        self,
        panel: PublicPanel,
        hooks: PanelHooks,
        lock: threading.RLock,
        model: str | ModelSchema | None,
        values: Mapping[str, Any],
    ) -> None:
        self._hooks = hooks
        self._offers_models = model is None
        self._schema_error: WiroError | None = None
        schema: ModelSchema | None = None
        if isinstance(model, ModelSchema):
            schema, model = model, model.model or None
        elif model is not None:
            try:
                schema = self.find_schema(model)
            except WiroError as error:
                self._schema_error = error
        self.controls = PanelControls(schema, model, on_change=hooks.show_controls, lock=lock)
        self.presets = PanelPresets(self.controls, hooks.client)
        if model is not None:
            self.presets.load_default()
        self.controls.put(self.controls.schema.convert(values))
        self.publisher = Publisher(
            send=hooks.send,
            set_status=hooks.set_status,
            on_change=hooks.update_card_and_price,
            later=hooks.later,
            files=self.controls.files_by_id,
            lock=lock,
        )
        self.runs = PanelRuns(
            self.controls,
            self.publisher,
            client=hooks.client,
            show_errors=hooks.show_errors,
            later=hooks.later,
            lock=lock,
        )
        self.price_watch = PriceWatch(self.runs.prices, hooks.show_price, hooks.later)
        self.info = PanelInfo(self.controls, client=hooks.client, show=hooks.show_examples, later=hooks.later)
        self.receiver = Receiver(
            panel,
            controls=self.controls,
            runs=self.runs,
            publisher=self.publisher,
            price_watch=self.price_watch,
            presets=self.presets,
            info=self.info,
            later=hooks.later,
        )

    def __repr__(self) -> str:
        return f"<PanelParts {self.controls} {self.runs}>"

    def explain(self) -> None:
        """Show why there is no form, if the model could not be found."""
        if self._schema_error is not None:
            self.publisher.explain(self._schema_error)

    def find_schema(self, model: str, output: Output | None = None) -> ModelSchema:
        """Return the schema of a model; raises NotFound, and what a question to the catalogue raises.

        Raises InvalidParameter if the model takes no file such as the output.
        """
        name = "/".join(split_model(model))
        schema = ModelSchema.built_in(name) or self._hooks.client().schema(name)
        if output is not None:
            field_for(output, schema)
        return schema

    def vary(self, axes: Mapping[str, Any]) -> None:
        """Set some axes from Python, the models among them; raises what `Panel.vary` raises."""
        name = next(filter(self.controls.is_model_axis, axes), None)
        if name is None:
            self.controls.vary(axes)
            return
        models, own = axes[name], self.controls.required_model()
        names = [] if models is None else model_names(names_in(models) if isinstance(models, str) else models)
        schemas = {item: None if item == own else self.find_schema(item) for item in (own, *names)}
        others = {key: values for key, values in axes.items() if key != name}
        self.controls.vary(others, schemas if names else {})

    def take_values(self, values: Mapping[str, Any]) -> PanelValues:
        """Take a whole set of values: a control that it does not name gets its default. Raises InvalidParameter."""
        controls = self.controls
        if isinstance(values, PanelValues) and values.has_the_items_of(controls.values):
            return values
        defaults = dict.fromkeys(controls.values) | controls.schema.defaults
        with controls.recording():
            controls.put(controls.schema.convert({**defaults, **values}))
        return self.values()

    def enter(self, values: Mapping[str, Any]) -> None:
        """Take values from a page like typed ones; values too deep in each other are ignored."""
        if not is_deep(values):
            self.controls.enter(values, self.publisher.output)

    def traits(self) -> dict[str, Any]:
        """Return the traits that say what the controls are and hold."""
        return {"values": self.values(), "_axes": self.axes(), "_form": self.form()}

    def values(self) -> PanelValues:
        """Return the `values` trait as Python has it."""
        return PanelValues(self.controls.values, self.controls.set)

    def values_to_json(self) -> dict[str, Any]:
        """Return the `values` trait for the browser."""
        return sendable(self.controls.to_json())

    def axes(self) -> dict[str, Any]:
        """Return the `_axes` trait."""
        return sendable(self.controls.axes_to_json())

    def form(self) -> dict[str, Any]:
        """Return the `_form` trait."""
        controls = self.controls
        schema = controls.schema if controls.rows is not None else controls.known_schema
        if schema is None:
            return no_form(models=self._offers_models)
        try:
            sandbox = self._hooks.client().is_sandbox
        except WiroError:
            sandbox = False  # no key: Run will say so
        return sendable(form(schema, sandbox=sandbox, models=self._offers_models))

    def card(self, card_id: str) -> StaticCard:
        """Draw what a saved notebook shows."""
        view, controls = self.publisher.stage, self.controls
        return StaticCard.of(
            card_id,
            model=view.model or controls.model or "Wiro",
            run=view.message(),
            values=controls.values if view.values is None else view.values,
            order=[parameter.id for parameter in controls.schema.parameters],
            pictures=[item.thumbnail for item in list(view.outputs) if item.thumbnail],
        )
