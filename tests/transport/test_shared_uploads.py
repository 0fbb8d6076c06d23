"""Upload once: the same bytes for several runs go up once, and nothing depends on it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.sandbox_clients import FLUX, SMALL, MakeClient
from wiro_widgets import ApiError, Client, InvalidParameter, RunOutcomeUnknown, Sandbox

COLLAGE = "wiro/sandbox-collage"


def picture(seed: int = 1) -> bytes:
    """Return a picture that does not compress: 12 kB."""
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


PICTURE = picture()


def traffic(sandbox: Sandbox) -> dict[str, list[int]]:
    """Return the number of files in each upload and in each Run, in order."""
    return {
        name: [len(item.files) for item in sandbox.requests if name in item.path]
        for name in ("/File/Upload", "/Run/")
    }


def sweep(client: Client, **values: Any) -> Any:
    """Run four seeds with a picture."""
    values = {"prompt": "x", **SMALL, "inputImage": PICTURE, "seed": range(4), **values}
    return client.sweep(FLUX, values).wait()


def test_the_cells_of_a_sweep_upload_once(sandbox_client: Client, sandbox: Sandbox) -> None:
    """Four cells with one picture bring it up once, and the pictures are those that four uploads would have made."""
    cells = sweep(sandbox_client).cells
    assert traffic(sandbox) == {"/File/Upload": [1], "/Run/": [0, 0, 0, 0]}
    with sandbox.client(journal=False) as other:
        direct = other.generate(FLUX, {"prompt": "x", **SMALL, "inputImage": PICTURE, "seed": 0})[0]
    assert cells[0].images[0].tobytes() == direct.tobytes()


def test_pictures_of_one_run_each_go_with_their_runs(sandbox_client: Client, sandbox: Sandbox) -> None:
    """Different pictures gain nothing by another call."""
    sandbox_client.sweep(FLUX, SMALL, prompt="x", inputImage=[picture(1), picture(2)]).wait()
    assert traffic(sandbox) == {"/File/Upload": [], "/Run/": [1, 1]}


def test_a_picture_that_comes_again(sandbox_client: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    """The first run takes it along, the second uploads it, the others name it; a path and bytes are the same file."""
    path = tmp_path / "in.png"
    path.write_bytes(PICTURE)
    for seed, file in enumerate([PICTURE, path, Image.open(path), PICTURE, path]):
        sandbox_client.generate(FLUX, prompt="x", inputImage=file, seed=seed, **SMALL)
    assert traffic(sandbox) == {"/File/Upload": [1], "/Run/": [1, 0, 1, 0, 0]}


def test_the_journal_keeps_the_bytes(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """A cell is the same cell whichever way its picture went: nothing is paid for again."""
    sweep(make_sandbox_client())
    again = sweep(make_sandbox_client())
    assert [cell.from_journal for cell in again.cells] == [True] * 4
    assert len(traffic(sandbox)["/Run/"]) == 4
    first = make_sandbox_client(reuse=True)
    values = {"prompt": "y", **SMALL, "seed": 3, "inputImage": PICTURE}
    first.generate(FLUX, values)
    assert first.run(FLUX, values).record.reused_from is not None


@pytest.mark.parametrize(
    "faults",
    [
        {"invalid_parameters": "File/Upload:9"},
        {"auth_error": "File/Upload:9"},
        {"server_error": "File/Upload:9"},
        {"cut_before": "File/Upload:9"},
        {"broken_json": "File/Upload:9"},
        {"html_error": "File/Upload:9"},
        {"rate_limit": "File/Upload:9"},
    ],
    ids=lambda faults: next(iter(faults)),
)
def test_a_project_that_may_not_upload(
    sandbox_client: Client, sandbox: Sandbox, faults: dict[str, str]
) -> None:
    """Each run sends its own file then, and nobody notices; a refusal is not asked for again."""
    sandbox.faults = faults
    assert sweep(sandbox_client).counts == {"succeeded": 4}
    assert traffic(sandbox)["/Run/"] == [1, 1, 1, 1]
    assert len(traffic(sandbox)["/File/Upload"]) == 1
    sandbox.faults = None
    assert sweep(sandbox_client, seed=range(4, 6)).counts == {"succeeded": 2}


def test_a_run_that_is_refused_with_an_address(sandbox_client: Client, sandbox: Sandbox) -> None:
    """It goes again with its own file, at once, and only once more."""
    sandbox.faults = {"invalid_parameters": "Run:1"}
    done = sandbox_client.sweep(
        FLUX, {"prompt": "x", **SMALL, "inputImage": PICTURE, "seed": range(3)}, concurrency=1
    ).wait()
    assert done.counts == {"succeeded": 3}
    sandbox.faults = {"invalid_parameters": "Run:9"}
    failed = sandbox_client.sweep(
        FLUX, {"prompt": "z", **SMALL, "inputImage": picture(3), "seed": range(2)}, concurrency=1
    ).wait()
    assert failed.counts == {"failed": 2}
    assert all(isinstance(cell.error, ApiError) for cell in failed.cells)


def test_an_address_that_is_gone_is_not_named(sandbox_client: Client, sandbox: Sandbox) -> None:
    """It is looked at before each use: after a deletion the run takes its file along, and the next uploads anew."""
    task = sandbox_client.run(FLUX, prompt="x", inputImage=PICTURE, **SMALL)
    task.wait()
    second = sandbox_client.run(FLUX, prompt="x", inputImage=PICTURE, seed=2, **SMALL)
    second.wait()
    assert traffic(sandbox) == {"/File/Upload": [1], "/Run/": [1, 0]}
    sandbox_client.delete_files(second.id or "")
    for seed in (3, 4):
        sandbox_client.generate(FLUX, prompt="x", inputImage=PICTURE, seed=seed, **SMALL)
    assert traffic(sandbox) == {"/File/Upload": [1, 1], "/Run/": [1, 0, 1, 0]}


def test_files_in_use_are_not_deleted(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """While a run is under way, the shared input of a finished one stays."""
    client = make_sandbox_client()
    for seed in (1, 2):
        done = client.run(FLUX, prompt="x", inputImage=PICTURE, seed=seed, **SMALL)
        done.wait()
    sandbox.faults = {"stuck": "run"}
    busy = client.run(FLUX, prompt="x", inputImage=PICTURE, seed=3, **SMALL)
    with pytest.raises(InvalidParameter, match="its input is also that of runs under way"):
        client.delete_files(done.id or "")
    busy.stop()
    sandbox.faults = None
    client.delete_files(done.id or "")


def test_a_lost_run_is_found_by_its_bytes(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """A run that named an address and lost its reply is matched like one that took its file along."""
    client = make_sandbox_client()
    for seed in (1, 2):
        client.generate(FLUX, prompt="x", inputImage=PICTURE, seed=seed, **SMALL)
    sandbox.faults = {"lose_run_reply": 1}
    with pytest.raises(RunOutcomeUnknown) as unknown:
        client.run(FLUX, prompt="x", inputImage=PICTURE, seed=3, **SMALL)
    sandbox.faults = None
    assert traffic(sandbox)["/Run/"] == [1, 0, 0]
    task = client.find_run(unknown.value.journal_id or "")
    assert task.wait().record.seed == 3
    assert not client.recover().problems


def test_other_projects_and_unknown_models_share_nothing(sandbox_client: Client, sandbox: Sandbox) -> None:
    """A run for another project, a field with URLs of its own, and a model without a schema go as before."""
    for seed in range(3):
        sandbox_client.generate(FLUX, prompt="x", inputImage=PICTURE, projectid="7", seed=seed, **SMALL)
        sandbox_client.run(COLLAGE, prompt="x", inputImage=PICTURE, seed=seed).wait()
        sandbox_client.run("wiro/sandbox-riddle", prompt="x", inputImage=PICTURE, seed=seed).wait()
    assert traffic(sandbox) == {"/File/Upload": [], "/Run/": [1] * 9}


def test_each_client_uploads_for_itself(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """An address belongs to the key that made it."""
    for seed in range(2):
        client = make_sandbox_client(journal=False)
        for _ in range(2):
            client.generate(FLUX, prompt="x", inputImage=PICTURE, seed=seed, **SMALL)
    assert traffic(sandbox) == {"/File/Upload": [1, 1], "/Run/": [1, 0, 1, 0]}
