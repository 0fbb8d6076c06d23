"""`%%wiro`: a cell whose body is the prompt of a model; `%load_ext wiro_widgets` brings it.

Imported by `load_ipython_extension` alone: nothing else of the package needs IPython.
"""

from __future__ import annotations

import keyword
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from IPython.core.error import UsageError

from wiro_widgets.client.sync_client import Client, default_client
from wiro_widgets.commands.run import read_values
from wiro_widgets.protocol.errors import InvalidParameter, NotFound, WiroError
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model

USAGE = "%%wiro owner/model [-p NAME=VALUE ...] [--panel] [-> name]"


@dataclass
class Call:
    """What the line of a `%%wiro` cell says."""

    model: str
    parameters: list[str] = field(default_factory=list)
    panel: bool = False
    name: str | None = None


def install(shell: Any) -> None:
    """Register `%%wiro` with a shell of IPython."""

    def wiro(line: str, cell: str) -> Any:
        """Run a model on Wiro; the body of the cell is the prompt, and the result is shown.

        %%wiro owner/model [-p NAME=VALUE ...] [--panel] [-> name]

        -p NAME=VALUE  a value, in quotes if it has spaces; @PATH for a file; several times for a list
        --panel        show a panel with these values, and send nothing
        -> name        also put the result (a TaskResult: .images, .text, .record), or the panel, into this variable

        {variable} in the body is the text or the number of that variable; other braces stay as they are. The variable
        `client` is used if it is a Client, otherwise one from the environment.
        """
        try:
            call = read_line(line)
            value = _run(call, _client(shell.user_ns), fill(cell, shell.user_ns).strip())
        except WiroError as error:
            raise UsageError(printable(str(error))) from None  # IPython prints it as one line
        if call.name is not None:
            shell.user_ns[call.name] = value
        return value

    shell.register_magic_function(wiro, magic_kind="cell", magic_name="wiro")


def read_line(line: str) -> Call:
    """Read the line after `%%wiro`; quotes hold a value together. Raises UsageError."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    lexer.escape = ""  # a backslash is part of a Windows path
    try:
        words = iter(list(lexer))
    except ValueError:
        raise UsageError(f"a quote is not closed: {line.strip()}") from None
    call = Call("")
    for word in words:
        if word == "-p":
            call.parameters.append(_next(words, "NAME=VALUE is needed after -p"))
        elif word == "--panel":
            call.panel = True
        elif word.startswith("->"):
            call.name = word[2:] or _next(words, "a name is needed after ->")
            if not call.name.isidentifier() or keyword.iskeyword(call.name):
                raise UsageError(f"{call.name!r} after -> is no name of a variable")
        elif word.startswith("-") or call.model:
            raise UsageError(f"{word!r} is not understood; the line is {USAGE}")
        else:
            call.model = word
    if not call.model:
        raise UsageError(f"a model is needed: {USAGE}")
    call.model = "/".join(split_model(call.model))
    return call


def fill(text: str, variables: Mapping[str, Any]) -> str:
    """Replace `{name}` by the variable of that name, if it is a text or a number; other braces stay."""

    def value(match: re.Match[str]) -> str:
        variable = variables.get(match[1])
        is_plain = isinstance(variable, str | int | float) and not isinstance(variable, bool)
        return str(variable) if is_plain else match[0]

    return re.sub(r"\{([^\W\d]\w*)\}", value, text)


def _next(words: Iterator[str], complaint: str) -> str:
    word = next(words, None)
    if word is None:
        raise UsageError(complaint)
    return word


def _client(variables: Mapping[str, Any]) -> Client:
    client = variables.get("client")
    return client if isinstance(client, Client) and not client.closed else default_client()


def _run(call: Call, client: Client, prompt: str) -> Any:
    values = read_values(call.parameters)
    if prompt:
        try:
            name = prompt_name(client.schema(call.model))
        except NotFound:
            name = "prompt"
        if name in values:
            raise InvalidParameter(name, "is given twice, by -p and by the body of the cell")
        values[name] = prompt
    model = client.model(call.model)
    return model.panel(values) if call.panel else model.run(values).wait()


def prompt_name(schema: ModelSchema) -> str:
    """Return the parameter that the body of a cell is for: `prompt`, or the text that a run needs."""
    texts = [item for item in schema.parameters if item.kind in ("text", "textarea")]
    needed = [item for item in texts if item.has_to_be_given]
    names = [item.id for item in (*needed, *(item for item in texts if item.kind == "textarea"))]
    if schema.is_open or schema.get("prompt") is not None:
        return "prompt"
    if not names:
        raise InvalidParameter(
            "prompt", f"{schema.model} takes no text; leave the body of the cell empty and use -p"
        )
    return names[0]
