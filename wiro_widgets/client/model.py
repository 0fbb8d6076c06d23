"""Model: one model as a function, with the model's parameters in its signature and its help."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Coroutine, Generator
from importlib import import_module
from inspect import Parameter as Argument
from time import monotonic
from typing import Any, Generic, Self, TypeVar

from wiro_widgets.journal.result import Images
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema.call_signature import call_signature, help_text
from wiro_widgets.protocol.schema.model_info import ModelInfo
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.render import model_table
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps.async_sweep import AsyncSweep

R = TypeVar("R")
T = TypeVar("T")

_PATIENCE = 3.0  # seconds that a completion or a display waits for the catalogue
_PAUSE = 30.0  # seconds until it asks again after it got no answer
_OPEN_CALL = re.compile(r"([^\W\d][\w.]*)\(\s*\Z")
_MAX_NAMES = 6  # parameters that a repr names


class _Signature:
    """`__signature__` of an instance; the class itself has none, so that `inspect` reads its constructor."""

    def __get__(self, instance: ModelCall[Any] | None, owner: type) -> inspect.Signature:
        if instance is None:
            raise AttributeError("__signature__")
        return instance.signature()


class _Doc:
    """`__doc__` of an instance: the help of its model; of the class: its docstring."""

    def __init__(self, class_doc: str | None) -> None:
        self._class_doc = class_doc

    def __get__(self, instance: ModelCall[Any] | None, owner: type) -> str | None:
        return self._class_doc if instance is None else instance.help_text()


def with_help(cls: type[R]) -> type[R]:
    """Let `help` of an instance list its model's parameters."""
    cls.__doc__ = _Doc(cls.__doc__)  # type: ignore[assignment]  # `type.__doc__` calls a descriptor
    return cls


@with_help
class ModelCall(Generic[R]):
    """One function of a client with its model filled in; `inspect.signature` and `help` know the model's parameters.

    Its schema is asked for when the signature or the help is first read, for a few seconds at most.
    """

    __signature__ = _Signature()

    def __init__(
        self,
        model: str,
        function: Callable[..., R],
        read_schema: Callable[[], ModelSchema | None],
        *,
        lists: bool = False,
        is_whole: bool = True,
    ) -> None:
        self.name = model
        self.__name__ = function.__name__.strip("_")
        self._function = function
        self._read_schema = read_schema
        self._lists = lists
        self._is_whole = is_whole

    def __call__(self, *args: Any, **kwargs: Any) -> R:  # noqa: D102 - IPython would show it beside the instance's
        return self._function(self.name, *args, **kwargs)

    def __repr__(self) -> str:
        return printable(f"<{self.__name__} of {self.name}>")

    def signature(self) -> inspect.Signature:
        """Return the parameters of a call, those of the model first; `(params=None, /, **values)` if nobody knows."""
        first, *own = self._arguments()
        return call_signature(
            self._read_schema(), own, first=first, lists=self._lists, is_whole=self._is_whole
        )

    def help_text(self) -> str:
        """Return what the call does, and each parameter with its label, range, options, default and help."""
        about = inspect.getdoc(self._function) or ""
        _, *own = self._arguments()
        text = help_text(self.name, self._read_schema(), [item.name for item in own])
        return printable(f"{text}\n\n{about}")

    def _arguments(self) -> list[Argument]:
        """Return what comes after the model, without its values: `params` or `cells`, and keyword arguments."""
        arguments = list(inspect.signature(self._function).parameters.values())[1:]
        return [
            item.replace(annotation=item.empty) for item in arguments if item.kind is not item.VAR_KEYWORD
        ]


class ModelFace(ModelCall[R], NotebookRepr):
    """What `Model` and `AsyncModel` share: a call of `generate`, and a table of the parameters."""

    _internal_names = (
        "help_text",
        "signature",
    )

    def __init__(self, client: Any, model: str) -> None:
        super().__init__("/".join(split_model(model)), client.generate, self._schema_at_hand)
        self._client = client
        self._next_question = 0.0  # monotonic seconds
        self.__name__ = "model"
        _offer_parameters()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._client, self.name)

    def __repr__(self) -> str:
        schema = self._client.quick_schema(self.name, 0.0)
        if schema is None or schema.is_open:
            return printable(f"<{type(self).__name__} {self.name}>")
        names = [item.id for item in schema.parameters if not item.advanced]
        more = [f"and {len(names) - _MAX_NAMES} more"] if len(names) > _MAX_NAMES else []
        return printable(
            f"<{type(self).__name__} {self.name}: {', '.join([*names[:_MAX_NAMES], *more]) or 'no parameters'}>"
        )

    def _repr_html_(self) -> str:
        return model_table.model(self.name, self._schema_at_hand())

    def _call(self, function: Callable[..., T], **how: bool) -> ModelCall[T]:
        return ModelCall(self.name, function, self._schema_at_hand, **how)

    def _schema_at_hand(self) -> ModelSchema | None:
        """Return the schema if the catalogue answers soon; a name that it does not show is asked for now and then."""
        schema: ModelSchema | None = self._client.quick_schema(self.name, 0.0)
        if schema is None and monotonic() >= self._next_question:
            schema = self._client.quick_schema(self.name, _PATIENCE)
            self._next_question = monotonic() + _PAUSE
        return schema


@with_help
class AsyncModel(ModelFace[Coroutine[Any, Any, Images]]):
    """A model as a function whose calls are awaited; made by `AsyncClient.model`.

    Awaiting the model itself fetches its schema, which its signature and its help then show.

    >>> flux = await client.model("tencent/hunyuan-flux-srpo")
    >>> images = await flux(prompt="a lighthouse at dusk", steps=20)
    """

    def __init__(self, client: Any, model: str) -> None:
        super().__init__(client, model)
        self.run: ModelCall[Coroutine[Any, Any, AsyncTask]] = self._call(client.run)
        self.sweep: ModelCall[Coroutine[Any, Any, AsyncSweep[AsyncTask]]] = self._call(
            client.sweep, lists=True
        )
        self.map: ModelCall[Coroutine[Any, Any, AsyncSweep[AsyncTask]]] = self._call(
            client.map, is_whole=False
        )
        self.estimate: ModelCall[Coroutine[Any, Any, Estimate]] = self._call(client.estimate, is_whole=False)

    def __await__(self) -> Generator[Any, Any, Self]:
        yield from self._client.schema(self.name).__await__()
        return self

    @property
    def schema(self) -> ModelSchema | None:
        """What the model takes, if it was fetched: `await model` does that, and so does a run."""
        schema: ModelSchema | None = self._client.quick_schema(self.name, 0.0)
        return schema

    @property
    async def info(self) -> ModelInfo:
        """What Wiro tells of the model besides, as `await flux.info`; asked once, raises NotFound."""
        info: ModelInfo = await self._client.info(self.name)
        return info

    @property
    async def examples(self) -> tuple[dict[str, Any], ...]:
        """Example inputs that Wiro gives: `first, *_ = await flux.examples`, then `await flux(**first)`.

        A file is its URL, which Wiro itself fetches once the example runs. Raises NotFound.
        """
        return (await self.info).examples


def _offer_parameters() -> None:
    """Have Tab right after `flux(` list the model's parameters in its order, not somewhere among Python's names.

    IPython completes them by the signature alone as soon as something more is typed.
    """
    ipython = sys.modules.get("IPython")
    completer = getattr(ipython and ipython.get_ipython(), "Completer", None)
    matchers = getattr(completer, "custom_matchers", None)  # IPython's place for those of other packages
    if matchers is not None and _match_parameters not in matchers:
        matchers.append(_match_parameters)


def _match_parameters(context: Any) -> dict[str, Any]:
    """Return the keyword arguments of the ModelCall before the cursor, as a matcher of IPython (version 2)."""
    names: list[str] = []
    if expression := _OPEN_CALL.search(context.text_until_cursor):
        first, *rest = expression[1].split(".")
        value = sys.modules["IPython"].get_ipython().user_ns.get(first)
        for name in rest:
            value = vars(value).get(name) if isinstance(value, ModelCall) else None
        if isinstance(value, ModelCall):
            parameters = value.signature().parameters.values()
            names = [f"{item.name}=" for item in parameters if item.kind is item.KEYWORD_ONLY]
    completion = import_module("IPython.core.completer").SimpleCompletion
    return {
        "completions": [completion(text=name, type="param") for name in names],
        "matched_fragment": "" if names else context.token,
        "ordered": True,
        "suppress": bool(names),
    }


_match_parameters.matcher_api_version = 2  # type: ignore[attr-defined]  # the attributes that IPython reads
_match_parameters.matcher_identifier = "wiro_widgets.parameters"  # type: ignore[attr-defined]
_match_parameters.matcher_priority = 100  # type: ignore[attr-defined]
