"""Wiro in a notebook: a live panel, PIL images and a record of every run.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from wiro_widgets.protocol import __version__

if TYPE_CHECKING:
    from wiro_widgets.client.async_client import AsyncClient as AsyncClient
    from wiro_widgets.client.sync_client import Client as Client
    from wiro_widgets.client.sync_client import Task as Task
    from wiro_widgets.client.sync_model import Model as Model
    from wiro_widgets.client.sync_sweep import Sweep as Sweep
    from wiro_widgets.connection import connect as connect
    from wiro_widgets.journal.dataframe import from_pandas as from_pandas
    from wiro_widgets.journal.dataframe import to_pandas as to_pandas
    from wiro_widgets.journal.result import Images as Images
    from wiro_widgets.journal.result import TaskResult as TaskResult
    from wiro_widgets.local_sandbox import Sandbox as Sandbox
    from wiro_widgets.media.recipes import read_recipe as read_recipe
    from wiro_widgets.media.recipes import strip_recipe as strip_recipe
    from wiro_widgets.media.recipes import write_recipe as write_recipe
    from wiro_widgets.money.budget import Budget as Budget
    from wiro_widgets.money.budget import budget as budget
    from wiro_widgets.nested_loops import allow_nested_loops as allow_nested_loops
    from wiro_widgets.protocol.errors import ApiError as ApiError
    from wiro_widgets.protocol.errors import AuthenticationError as AuthenticationError
    from wiro_widgets.protocol.errors import BudgetExceeded as BudgetExceeded
    from wiro_widgets.protocol.errors import ConcurrencyLimit as ConcurrencyLimit
    from wiro_widgets.protocol.errors import ConfigurationError as ConfigurationError
    from wiro_widgets.protocol.errors import InsufficientBalance as InsufficientBalance
    from wiro_widgets.protocol.errors import InvalidParameter as InvalidParameter
    from wiro_widgets.protocol.errors import NotFound as NotFound
    from wiro_widgets.protocol.errors import OutputError as OutputError
    from wiro_widgets.protocol.errors import RateLimited as RateLimited
    from wiro_widgets.protocol.errors import RunOutcomeUnknown as RunOutcomeUnknown
    from wiro_widgets.protocol.errors import SetUpFailed as SetUpFailed
    from wiro_widgets.protocol.errors import TaskCancelled as TaskCancelled
    from wiro_widgets.protocol.errors import TaskError as TaskError
    from wiro_widgets.protocol.errors import TaskFailed as TaskFailed
    from wiro_widgets.protocol.errors import TaskTimeout as TaskTimeout
    from wiro_widgets.protocol.errors import TransportError as TransportError
    from wiro_widgets.protocol.errors import WiroError as WiroError
    from wiro_widgets.protocol.errors import WiroWarning as WiroWarning
    from wiro_widgets.protocol.prices.pricing import Estimate as Estimate
    from wiro_widgets.protocol.record import TaskRecord as TaskRecord
    from wiro_widgets.protocol.schema.schema import ModelSchema as ModelSchema
    from wiro_widgets.sweeps.prompt_patterns import prompts as prompts
    from wiro_widgets.sweeps.prompt_patterns import word_lists as word_lists
    from wiro_widgets.widget.cells.live_view import LiveView as LiveView
    from wiro_widgets.widget.gallery.gallery import Gallery as Gallery
    from wiro_widgets.widget.panel import Panel as Panel

_HOMES = {
    "client.async_client": ("AsyncClient",),
    "money.budget": ("Budget", "budget"),
    "client.sync_model": ("Model",),
    "client.sync_sweep": ("Sweep",),
    "client.sync_client": ("Client", "Task"),
    "connection": ("connect",),
    "local_sandbox": ("Sandbox",),
    "nested_loops": ("allow_nested_loops",),
    "protocol.errors": (
        "ApiError",
        "AuthenticationError",
        "BudgetExceeded",
        "ConcurrencyLimit",
        "ConfigurationError",
        "InsufficientBalance",
        "InvalidParameter",
        "NotFound",
        "OutputError",
        "RateLimited",
        "RunOutcomeUnknown",
        "SetUpFailed",
        "TaskCancelled",
        "TaskError",
        "TaskFailed",
        "TaskTimeout",
        "TransportError",
        "WiroError",
        "WiroWarning",
    ),
    "protocol.prices.pricing": ("Estimate",),
    "protocol.record": ("TaskRecord",),
    "protocol.schema.schema": ("ModelSchema",),
    "media.recipes": ("read_recipe", "strip_recipe", "write_recipe"),
    "journal.result": ("Images", "TaskResult"),
    "journal.dataframe": ("from_pandas", "to_pandas"),
    "sweeps.prompt_patterns": ("prompts", "word_lists"),
    "widget.cells.live_view": ("LiveView",),
    "widget.gallery.gallery": ("Gallery",),
    "widget.panel": ("Panel",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]  # noqa: PLE0604 - the keys are text


def __getattr__(name: str) -> Any:
    """Load a public name from the room it lives in."""
    home = _HOME_OF.get(name)
    if home is None:
        text = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(text, name=name, obj=sys.modules[__name__])  # Python says which name is near
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def load_ipython_extension(shell: Any) -> None:
    """Bring `%%wiro`: IPython calls this for `%load_ext wiro_widgets`."""
    import_module(f"{__name__}.cell_magic").install(shell)


def __dir__() -> list[str]:
    # What completion offers.
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
