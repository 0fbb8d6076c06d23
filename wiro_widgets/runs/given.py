"""What a call gives: a dict of values, keyword arguments, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.scalars import short_repr


def given(params: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return both as one, keyword arguments last; raises InvalidParameter where `params` is no dict."""
    if params is None:
        return dict(values)
    if not isinstance(params, Mapping):
        hint = f"; did you mean prompt={short_repr(params)}?" if isinstance(params, str) else ""
        raise InvalidParameter("params", f"a dict of values is needed, not {short_repr(params)}{hint}")
    return {**params, **values}
