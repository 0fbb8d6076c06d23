"""The presets and earlier prompts of a panel's model: what Python and the page ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.journal.prompts.presets import Presets, is_style
from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.widget.panel_controls import PanelControls
from wiro_widgets.widget.wire import messages


class PanelPresets:
    """Saves the values of the controls as presets, and loads them; `client` raises ConfigurationError."""

    def __init__(self, controls: PanelControls, client: Callable[[], Client]) -> None:
        self._controls = controls
        self._client = client

    def __repr__(self) -> str:
        return f"<PanelPresets of {self._controls.model}>"

    @property
    def presets(self) -> Presets:
        """The presets of the model; raises ConfigurationError without one."""
        return self._client().presets(self._controls.required_model())

    @property
    def prompts(self) -> list[str]:
        """The prompts of earlier runs of the model."""
        return self._client().prompts(self._controls.required_model())

    def save(self, name: str, values: Mapping[str, Any]) -> None:
        """Save these values, or those of the controls if there are none."""
        self.presets[name] = self._controls.schema.convert(values) if values else self._controls.preset()

    def load(self, name: str) -> None:
        """Set the controls to a preset; raises KeyError."""
        self._controls.load(self.presets[name])

    def load_default(self) -> None:
        """Put the default preset into the controls of a new panel, if there is one and the journal can be read."""
        with suppress(WiroError, KeyError):
            if (name := self.presets.default) is not None:
                self._controls.put_preset(self.presets[name])

    def answer(self, message: messages.Prompts | messages.Preset) -> dict[str, Any]:
        """Do what the page asks, and return the earlier prompts or all presets; raises WiroError."""
        if isinstance(message, messages.Prompts):
            return {"prompts": self.prompts}
        presets = self.presets
        try:
            match message.action:
                case "save":
                    self.save(message.name, {})
                case "load":
                    self.load(message.name)
                case "rename":
                    presets.rename(message.name, message.to)
                case "delete":
                    del presets[message.name]
                case "default":
                    presets.default = None if message.name == presets.default else message.name
        except KeyError as error:
            raise WiroError(str(error.args[0])) from error
        except InvalidParameter as error:
            raise WiroError(f"{error.reason[:1].upper()}{error.reason[1:]}.") from error
        default = presets.default
        return {
            "presets": [
                {"name": name, "is_default": name == default, "is_style": _is_style(presets, name)}
                for name in presets
            ]
        }


def _is_style(presets: Presets, name: str) -> bool:
    """Return True for a style; a damaged preset is listed all the same, so that it can be deleted."""
    with suppress(WiroError, KeyError):
        return is_style(presets[name])
    return False
