"""Signatures declared once: a blocking method takes what its awaitable counterpart takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def same_call(
    source: Callable[Concatenate[Any, P], Any],
) -> Callable[[Callable[..., R]], Callable[Concatenate[Any, P], R]]:
    """Give a method the parameters of `source`, and its docstring unless the method has one.

    Type checkers see the parameters, and so do `inspect.signature`, help and Tab completion, which read
    `__signature__`. A TypedDict with Unpack could not stand beside `**values`, and Tab would not see through it.
    """

    def decorate(method: Callable[..., R]) -> Callable[Concatenate[Any, P], R]:
        returns = inspect.signature(method).return_annotation
        signature = inspect.signature(source).replace(return_annotation=returns)
        method.__signature__ = signature  # type: ignore[attr-defined]  # the attribute that inspect.signature reads
        method.__doc__ = method.__doc__ or source.__doc__
        return method

    return decorate
