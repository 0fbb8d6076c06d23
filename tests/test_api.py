"""The API page: its names are there, and take what it says."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import wiro_widgets as wiro
from tests.call_parameters import call_parameters
from tests.protocol.test_errors import EVERY
from wiro_widgets import AsyncClient, Client, ModelSchema, Panel, Sandbox, Task, TaskRecord, TaskResult
from wiro_widgets.journal.history import History
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.state import TaskState
from wiro_widgets.runs.task import AsyncTask

# What the page promises, written as the page writes it.
CLIENT = "api_key=None, api_secret=None, *, base_url=None, socket_url=None, timeout=30.0, journal=None, output_dir=None"
PROMISED: list[tuple[Callable[..., Any], str]] = [
    (
        Client,
        CLIENT,
    ),
    (Client.run, "self, model, params=None, /, **values"),
    (Client.generate, "self, model, params=None, /, *, timeout=None, **values"),
    (Client.attach, "self, task_id"),
    (Client.detail, "self, task_id"),
    (Client.schema, "self, model"),
    (Client.models, 'self, search="", categories=(), limit=20'),
    (Client.close, "self"),
    (Task.events, "self"),
    (Task.wait, "self, timeout=None"),
    (Task.stop, "self"),
    (Task.cancel, "self"),
    (Task.kill, "self"),
    (Task.add_callback, "self, callback"),
    (Output.bytes, "self"),
    (Output.image, "self"),
    (Output.save, "self, path"),
    (TaskRecord.to_dict, "self"),
    (ModelSchema.from_tool, "tool"),
    (ModelSchema.from_openapi, "spec"),
    (ModelSchema.bind, "self, values"),
    (Panel, "model=None, *, client=None, **values"),
    (Panel.set, "self, **values"),
    (Panel.run, "self"),
    (Panel.stop, "self"),
    (Panel.wait, "self, timeout=None"),
    (Panel.to_pandas, "self"),
    (Panel.code, "self"),
    (Panel.close, "self"),
    (Sandbox, "port=0, *, workers=2, speed=1.0, faults=None"),
    (Sandbox.client, "self"),
    (History.to_pandas, "self, expand=False"),
    (History.unfinished, "self"),
    (History.__getitem__, "self, task_id"),
    (wiro.to_pandas, "records"),
    (wiro.read_recipe, "source"),
    (wiro.strip_recipe, "path"),
    (wiro.write_recipe, "path, recipe"),
    (wiro.allow_nested_loops, ""),
    (wiro.prompts, "pattern, /, **lists"),
]


def _essentials(parameter: inspect.Parameter) -> tuple[str, object, object]:
    return parameter.name, parameter.kind, parameter.default


@pytest.mark.parametrize(("real", "page"), PROMISED, ids=lambda item: getattr(item, "__qualname__", ""))
def test_a_signature(real: Callable[..., Any], page: str) -> None:
    """It takes what the page says, in that order and with those defaults; whatever more it takes is optional."""
    page_parameters = list(inspect.signature(eval(f"lambda {page}: None")).parameters.values())  # noqa: S307 - our own
    parameters = list(call_parameters(real).values())
    by_position = [item for item in page_parameters if item.kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert [(item.kind, item.default) for item in parameters[: len(by_position)]] == [
        (item.kind, item.default) for item in by_position
    ]
    others = {
        _essentials(item)[1:] if item.kind != inspect.Parameter.KEYWORD_ONLY else _essentials(item)
        for item in page_parameters
    }
    here = {
        _essentials(item)[1:] if item.kind != inspect.Parameter.KEYWORD_ONLY else _essentials(item)
        for item in parameters
    }
    assert others <= here
    optional = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    assert all(
        item.default is not item.empty or item.kind in optional for item in parameters[len(by_position) :]
    )


@pytest.mark.parametrize("name", ["run", "generate", "attach", "detail", "schema", "models", "close"])
def test_the_clients_have_the_same_names(name: str) -> None:
    """What blocks in Client is awaited in AsyncClient, with the same parameters."""
    blocking, asynchronous = getattr(Client, name), getattr(AsyncClient, name)
    assert inspect.iscoroutinefunction(asynchronous)
    assert list(map(_essentials, call_parameters(asynchronous).values())) == list(
        map(_essentials, call_parameters(blocking).values())
    )
    assert list(call_parameters(AsyncClient)) == list(call_parameters(Client))


@pytest.mark.parametrize("name", ["wait", "stop", "cancel", "kill"])
def test_the_tasks_have_the_same_names(name: str) -> None:
    """An AsyncTask is awaited where a Task blocks; its events are iterated with `async for`."""
    assert inspect.iscoroutinefunction(getattr(AsyncTask, name))
    assert inspect.isasyncgenfunction(AsyncTask.events)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Task, "id model values status state record"),
        (AsyncTask, "id status state record add_callback"),
        (Client, "history"),
        (AsyncClient, "history"),
        (TaskResult, "images"),
        (Output, "size text"),
        (Panel, "values status progress task tasks images image outputs text record records events"),
        (Sandbox, "requests base_url socket_url api_key api_secret"),
        (Parameter, "multiple"),
        (ModelSchema, "parameters"),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_what_can_be_read(kind: type, names: str) -> None:
    """Each of these is an attribute, not a method to call."""
    for name in names.split():
        assert hasattr(kind, name)
        if name != "add_callback":
            assert not inspect.isfunction(inspect.getattr_static(kind, name))


def test_the_fields_of_values() -> None:
    """The frozen values have the page's fields."""
    assert {"model", "title", "groups"} <= {item.name for item in fields(ModelSchema)}
    assert {item.name for item in fields(Parameter)} >= {
        "id",
        "kind",
        "label",
        "required",
        "default",
        "options",
        "minimum",
        "maximum",
        "step",
        "help",
        "advanced",
    }
    assert {"record", "outputs", "text"} <= {item.name for item in fields(TaskResult)}
    assert {"status", "progress", "outputs", "log"} <= {item.name for item in fields(TaskState)}


def test_the_fields_of_a_record() -> None:
    """One flat row, in the page's order."""
    page = (
        "task_id model status success exit_code prompt seed parameters created_at started_at ended_at queue_seconds "
        "run_seconds elapsed_seconds total_cost output_count output_urls output_paths error outcome"
    )
    assert [item.name for item in fields(TaskRecord)][: len(page.split())] == page.split()


def test_the_words_of_a_status() -> None:
    """`panel.status` is a traitlet that begins as "idle", and `panel.progress` one that begins as None."""
    assert Panel.class_traits()["status"].default_value == "idle"
    assert Panel.class_traits()["progress"].default_value is None


TREE = """
WiroError(Exception)
ConfigurationError(WiroError)
InvalidParameter(WiroError, ValueError) parameter
TransportError(WiroError) safe_to_retry
RunOutcomeUnknown(WiroError) model journal_id
ApiError(WiroError) code message http_status endpoint
AuthenticationError(ApiError)
InsufficientBalance(ApiError)
ConcurrencyLimit(ApiError)
RateLimited(ApiError)
NotFound(ApiError)
TaskError(WiroError) task_id record
TaskFailed(TaskError) exit_code error_text
TaskCancelled(TaskError)
TaskTimeout(TaskError)
BudgetExceeded(WiroError) limit spent estimate
OutputError(WiroError) output
"""


@pytest.mark.parametrize("line", TREE.strip().splitlines())
def test_the_tree_of_errors(line: str) -> None:
    """Each error is what the page says, and carries its fields."""
    name, _, rest = line.partition("(")
    bases, _, names = rest.partition(")")
    error = getattr(wiro, name)
    for base in bases.split(", "):
        assert issubclass(
            error, getattr(wiro, base, None) or {"Exception": Exception, "ValueError": ValueError}[base]
        )
    instance = next(item for item in EVERY if type(item) is error)
    assert set(names.split()) <= vars(instance).keys()
