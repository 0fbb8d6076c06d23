"""What a newcomer gets wrong is refused before anything is sent, and what a newcomer prints is one short line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wiro_widgets
from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount
from wiro_widgets import (
    AsyncClient,
    Client,
    ConfigurationError,
    Gallery,
    InvalidParameter,
    Panel,
    read_recipe,
)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"api_key": 1}, "api_key is a text, not int"),
        ({"api_key": "k", "api_secret": b"s"}, "api_secret is a text, not bytes"),
        ({"api_key": "k", "timeout": "30"}, "timeout is a number of seconds above 0, not '30'"),
        ({"api_key": "k", "on_interrupt": "detatch"}, '"stop" or "detach" is needed, not \'detatch\''),
    ],
)
def test_wrong_settings(settings: dict[str, Any], reason: str) -> None:
    """A client of wrong settings is not made, and says which one is wrong."""
    with pytest.raises((ConfigurationError, InvalidParameter), match=reason):
        Client(journal=False, **settings)


def test_wrong_waits(sandbox_client: Client, run_count: RunCount) -> None:
    """A wait that cannot be is refused before the run is paid, and a task goes on."""
    for wrong in ({"timeout": "9"}, {"timeout": -1}, {"on_interrupt": "detatch"}):
        with pytest.raises(InvalidParameter, match=next(iter(wrong))):
            sandbox_client.generate(FLUX, prompt="x", **wrong, **SMALL)
    assert run_count() == 0
    task = sandbox_client.run(FLUX, prompt="x", **SMALL)
    waits: list[Callable[[], object]] = [
        lambda: task.wait(-1),
        lambda: task.wait(on_interrupt="detatch"),  # type: ignore[arg-type] # the mistake
        lambda: list(task.events(on_interrupt="detatch")),  # type: ignore[arg-type] # the mistake
    ]
    for wait in waits:
        with pytest.raises(InvalidParameter):
            wait()
    assert task.wait().images


def test_a_client_in_the_wrong_place(sandbox_client: Client) -> None:
    """A widget says at once what it was given."""
    awaited: Any = AsyncClient("k", journal=False)
    for make in (Gallery, lambda client: Panel(FLUX, client=client)):
        with pytest.raises(TypeError, match="A Client is needed, not AsyncClient"):
            make(awaited)
    with pytest.raises(TypeError, match='A model is "owner/name" or a ModelSchema, not Client'):
        Panel(sandbox_client)  # type: ignore[arg-type] # the mistake


def test_a_run_is_named_by_its_record(sandbox_client: Client) -> None:
    """What the history returned names a run to the history, and to the client."""
    task = sandbox_client.run(FLUX, prompt="x", **SMALL)
    task.wait()
    history = sandbox_client.history
    history.star(history.find()[0])
    history.tag(task.record, "poster")
    assert history[task.record].star
    assert history[task.id or ""].tags == ("poster",)
    assert sandbox_client.attach(task.record).id == sandbox_client.detail(task.record).id == task.id
    history.forget(task.record)
    with pytest.raises(KeyError, match=rf"no task {task.id} in this history"):
        history.result(task.record)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """It is refused before a run is paid."""
    (tmp_path / "outputs").write_text("x")
    with pytest.raises(ConfigurationError, match="it is a file, not a folder"):
        Client("k", journal=False, output_dir=tmp_path / "outputs")


def test_a_misspelt_name_has_what_python_needs_to_guess() -> None:
    """The traceback of `wiro_widgets.Clent` asks whether Client was meant."""
    with pytest.raises(AttributeError) as caught:
        wiro_widgets.Clent  # noqa: B018 - the mistake
    assert (caught.value.name, caught.value.obj) == ("Clent", wiro_widgets)


def test_the_path_of_a_table(sandbox_client: Client) -> None:
    """The name of a file is no table, and the error says what reads one."""
    with pytest.raises(InvalidParameter, match=r"not str; pandas\.read_csv"):
        sandbox_client.map(FLUX, "rows.csv")


def test_the_recipe_of_an_output(sandbox_client: Client) -> None:
    """An output is as good as its path."""
    [output] = sandbox_client.generate(FLUX, prompt="x", **SMALL).outputs
    assert read_recipe(output) == read_recipe(str(output.path))


def test_every_repr_is_one_short_line(make_sandbox_client: MakeClient) -> None:
    """Whatever a user prints fits into two lines of a terminal."""
    client = make_sandbox_client(budget=1.0)
    task = client.run(FLUX, prompt="a lighthouse in the fog " * 20, **SMALL)
    result = task.wait()
    sweep = client.sweep(FLUX, prompt="x", seed=[1, 2], **SMALL).wait()
    schema, panel = client.schema(FLUX), Panel(FLUX, client=client)
    gallery = Gallery(client)
    things = [
        *(client, client.budget, client.history, client.history.lineage(task.id or "")),
        *(task, task.state, result, result.record, result.images, client.detail(task.id or "")),
        *(schema, *schema.groups, *schema.parameters, client.info(FLUX), client.model(FLUX)),
        *(sweep, *sweep.cells, sweep.grid(x="seed"), client.presets(FLUX), panel, gallery),
    ]
    assert [text for text in map(repr, things) if len(text) > 200 or "\n" in text] == []
    assert "1 output>" in repr(result)
    panel.close()
    gallery.close()
