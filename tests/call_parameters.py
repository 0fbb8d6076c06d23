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
    signature = inspect.signature(function).parameters
    code = inspect.getattr_static(function, "__init__") if isinstance(function, type) else function
    if not isinstance(code, FunctionType):
        return signature
    bare = FunctionType(code.__code__, {}, argdefs=code.__defaults__, closure=code.__closure__)
    bare.__kwdefaults__ = code.__kwdefaults__
    bare.__annotations__ = code.__annotations__
    in_code = dict(inspect.signature(bare).parameters)
    if isinstance(function, type):
        del in_code["self"]
    by_name = {name: item for name, item in in_code.items() if item.kind not in PASSED_ON}
    if len(by_name) == len(in_code):
        return in_code
    return {**signature, **{name: item for name, item in by_name.items() if name != "self"}}
