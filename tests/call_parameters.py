"""The parameters that a call of a function really takes, where `inspect.signature` would repeat `__signature__`."""

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

PASSED_ON = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def call_parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return the parameters in the function's code; `*args` and `**kwargs` pass on what its signature announces.

    A method of the blocking face announces the signature of its awaitable counterpart, whatever its code takes.
    """
    announced = inspect.signature(function).parameters
    code = inspect.getattr_static(function, "__init__") if isinstance(function, type) else function
    if not isinstance(code, FunctionType):
        return announced
    bare = FunctionType(code.__code__, {}, argdefs=code.__defaults__, closure=code.__closure__)
    bare.__kwdefaults__ = code.__kwdefaults__
    bare.__annotations__ = code.__annotations__
    written = dict(inspect.signature(bare).parameters)
    if isinstance(function, type):
        del written["self"]
    named = {name: item for name, item in written.items() if item.kind not in PASSED_ON}
    if len(named) == len(written):
        return written
    return {**announced, **{name: item for name, item in named.items() if name != "self"}}
