"""What a panel's controls hold, whoever set them: Python's values, the browser's view of them, what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import InvalidParameter, OutputError
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.axis_controls import MARK, VariedControls
from wiro_widgets.widget.value_codec import Files, as_list, from_browser, to_browser, web_address
from wiro_widgets.widget.wire.output_view import Shown
from wiro_widgets.widget.wire.previews import Previews


class Controls:
    """The values of one model's controls; pure bookkeeping, told and asked by the panel."""

    def __init__(self, schema: ModelSchema | None, model: str) -> None:
        self.schema = schema or ModelSchema(model)
        self.known = schema is not None
        self.values: dict[str, Any] = dict(self.schema.defaults)
        self.varied = VariedControls(self.schema)
        self._errors: dict[str, InvalidParameter] = {}
        self.files = Files()
        self.previews = Previews()

    def __repr__(self) -> str:
        return f"<Controls of {self.schema.model}: {len(self.values)} values, {len(self.errors)} wrong>"

    @property
    def errors(self) -> dict[str, InvalidParameter]:
        """What is wrong with what was typed, by field; the text of an axis has a name of its own (see `varied`)."""
        return self._errors | self.varied.errors

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values converted, None for those to be cleared; raises InvalidParameter naming the field."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            parameter = self.schema.get(name) if self.known else None
            if parameter is None and self.known:
                self.schema.bind({name: value})  # raises the error that proposes the near name
            missing = value is None if parameter is None else parameter.is_missing(value)
            found[name] = None if missing else parameter.convert(value) if parameter else value
        return found

    def put(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Take checked values; returns everything the controls then hold."""
        merged = {**self.values, **values}
        self.values = {name: value for name, value in merged.items() if value is not None}
        for name in values:
            self._errors.pop(name, None)
        self._forget_files()
        return self.values

    def patch(self, values: Mapping[str, Any], output: Callable[[str], Shown | None]) -> dict[str, Any]:
        """Take what a hand typed; wrong text is kept as typed, with its error.

        `output` finds an earlier result that is to be used as an input.
        """

        def held(item: Any) -> Any:
            if isinstance(item, str):
                return self.files.get(item)
            if not isinstance(item, dict):
                return None
            shown = output(str(item.get("output"))) if "output" in item else None
            return as_file(shown.output) if shown else web_address(item.get("url"))

        for name, value in values.items():
            if name.startswith(MARK):
                self._vary(name.removeprefix(MARK), value)
                continue
            parameter = self.schema.get(name)
            if parameter is None:
                continue
            if parameter.kind == "file" and name in self.varied:
                self.varied.put_files(name, [file for file in map(held, as_list(value)) if file is not None])
                self._forget_files()
                continue
            converted, error = from_browser(parameter, value, held)
            self.put({name: converted})
            if error is not None:
                self._errors[name] = error
        return self.values

    def fit(self, values: Mapping[str, Any], *, trusted: bool) -> dict[str, Any]:
        """Take those of another model's, or of a recipe's, values that fit here; leave out the others.

        What comes out of a picture or a record is not trusted to name a file of this machine: of its files only
        web addresses are taken.
        """
        for name, value in values.items():
            parameter = self.schema.get(name)
            if parameter and parameter.kind == "file" and not trusted:
                value = [item for item in as_list(value) if web_address(item)]  # noqa: PLW2901 - the same, checked
            try:
                self.put(self.checked({name: value}))
            except InvalidParameter:
                continue
            self.varied.put(name, None)
        return self.values

    def add_file(self, name: str, file: NamedBytes) -> dict[str, Any]:
        """Put a file that was uploaded where it belongs: beside the others, or in place of the one before."""
        parameter = self.schema.get(name)
        if parameter is None or parameter.kind != "file":
            raise InvalidParameter(name, "takes no file")
        if name in self.varied:
            self.varied.put_files(name, [*self.varied.files(name), file])
            return self.values
        files = [*as_list(self.values.get(name)), file] if parameter.multiple else file
        return self.put(self.checked({name: files}))

    def problems(self) -> dict[str, InvalidParameter]:
        """Return everything a run would be refused for, by field."""
        if not self.known:
            return {}
        return self.schema.problems({**self.values, **self.varied.first()}) | self.varied.errors

    def to_json(self) -> dict[str, Any]:
        """Return the `values` trait as the browser takes it."""
        return to_browser(self.schema, self.values, self.files)

    def axes_to_json(self) -> dict[str, Any]:
        """Return the `_axes` trait: what stands over the values, what is said beside it, and the number of runs."""
        files = {
            axis.name: [self.files.reference(item) for item in _flat(axis.values)]
            for axis in self.varied.axes
            if self._is_file(axis.name)
        }
        shown = {**self.varied.to_json(), **files}
        return {"shown": shown, "words": self.varied.told(), "runs": self.varied.runs}

    def held(self) -> dict[str, Any]:
        """Return the files that the controls hold, by file id."""
        return {
            self.files.reference(item)["id"]: item
            for parameter in self.schema.parameters
            if parameter.kind == "file"
            for item in self._held_by(parameter.id)
        }

    def _vary(self, name: str, given: object) -> None:
        """Begin, change or end an axis; the first of its files stays when it ends."""
        files = self.varied.files(name) if name in self.varied and self._is_file(name) else ()
        self.varied.typed(name, given, self.values.get(name))
        if files and name not in self.varied:
            self.put(self.checked({name: files[0]}))

    def _held_by(self, name: str) -> list[Any]:
        return _flat(self.varied.files(name)) if name in self.varied else as_list(self.values.get(name))

    def _is_file(self, name: str) -> bool:
        parameter = self.schema.get(name)
        return parameter is not None and parameter.kind == "file"

    def _forget_files(self) -> None:
        axes = {
            f"{MARK}{axis.name}": _flat(axis.values) for axis in self.varied.axes if self._is_file(axis.name)
        }
        self.files.keep_only({**self.values, **axes})


def _flat(values: Sequence[Any]) -> list[Any]:
    return [item for value in values for item in as_list(value)]


def as_file(output: Output) -> Any:
    """Return an earlier result as a file value: its path, else its bytes under its name."""
    if output.path is not None:
        return output.path
    try:
        return NamedBytes(output.bytes(), output.name)
    except OutputError:
        return None
