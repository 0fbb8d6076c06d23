"""Checks the parts of a Run against the model's parameters, with Wiro's error messages."""

import math
from dataclasses import dataclass, field
from typing import Any

from wiro_widgets.sandbox.models.model import FILE_TYPES, NUMBER_TYPES, Field, Model
from wiro_widgets.sandbox.tasks.forms import Form, Upload

COMMON = ("callbackUrl", "projectid")


class Refused(Exception):
    """A parameter is missing or wrong; the message is Wiro's."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a task by parameter: texts, numbers, files and URLs."""

    texts: dict[str, str]
    numbers: dict[str, float]
    files: dict[str, tuple[Upload | str, ...]] = field(repr=False)

    def integer(self, name: str, default: int) -> int:
        """Return a number parameter as an integer, exact beyond 2**53."""
        text = self.texts.get(name, "")
        try:
            return int(text)
        except ValueError:
            return int(self.numbers.get(name, default))


def read_inputs(model: Model, form: Form) -> Inputs:
    """Check every parameter of the model; raise Refused for the first wrong one."""
    texts: dict[str, str] = {}
    numbers: dict[str, float] = {}
    files: dict[str, tuple[Upload | str, ...]] = {}
    for parameter in model.fields:
        if parameter.type in FILE_TYPES:
            files[parameter.id] = _files(parameter, form)
            continue
        text = form.text(parameter.id).strip() or (parameter.default or "")
        if parameter.required and not form.text(parameter.id).strip():
            raise Refused(f"Request parameter [{parameter.id}] required")
        values = [value for value, _ in parameter.options]
        if values and text not in values:
            raise Refused(f"Request parameter [{parameter.id}] must be one of {', '.join(values)}")
        texts[parameter.id] = text
        if parameter.type in NUMBER_TYPES and text:
            numbers[parameter.id] = _number(parameter, text)
    for name in COMMON:
        texts.setdefault(name, form.text(name))
    return Inputs(texts, numbers, files)


def _number(parameter: Field, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refused(f"Request parameter [{parameter.id}] must be integer or float")
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and not low <= number <= high:
        raise Refused(f"Request parameter [{parameter.id}] must be between {low:g} and {high:g}")
    return number


def _files(parameter: Field, form: Form) -> tuple[Upload | str, ...]:
    sources: list[Upload | str] = []
    for value in (*form.values(parameter.id), *_listed_urls(parameter, form)):
        if isinstance(value, Upload):
            if value.data:
                sources.append(value)
        elif isinstance(value, str) and value.strip():
            sources.append(value.strip())
    if parameter.required and not sources:
        raise Refused(f"Request files [{parameter.id}] required")
    limit = 1 if parameter.type == "fileinput" else parameter.max_files
    if limit is not None and len(sources) > limit:
        raise Refused(f"Request files [{parameter.id}] must be {limit} or less")
    return tuple(sources)


def _listed_urls(parameter: Field, form: Form) -> list[str]:
    # `{id}Url` holds one URL for a fileinput and a comma separated list for a multifileinput.
    text = form.text(f"{parameter.id}Url")
    return text.split(",") if parameter.type == "multifileinput" else [text]


def shown_parameters(model: Model, form: Form, urls: dict[str, list[str]]) -> dict[str, Any]:
    """Return what Task/Detail shows as `parameters`: files by their address, texts as they were sent."""
    parameters: dict[str, Any] = {}
    for parameter in model.fields:
        if parameter.type in FILE_TYPES:
            if sources := urls.get(parameter.id):
                parameters[parameter.id] = sources[0] if len(sources) == 1 else sources
        elif form.values(parameter.id):
            parameters[parameter.id] = form.text(parameter.id)
    return parameters
