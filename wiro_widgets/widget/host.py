"""The front end, built from js/ into one file."""

from __future__ import annotations

from pathlib import Path

from wiro_widgets.protocol.errors import ConfigurationError

_BUNDLE = Path(__file__).parent.parent / "static" / "widget.js"


def load() -> str:
    """Return the module's text; raises ConfigurationError when this checkout was never built."""
    try:
        return _BUNDLE.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            "The panel's front end is not built. In a checkout, run: pip install . (or make test)"
        ) from None
