"""The text of a language model is stored like a picture: it was paid for as well."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sandbox_clients import MakeClient, RunCount
from wiro_widgets import Client, Sandbox, from_pandas

CHAT = "wiro/sandbox-chat"


def test_the_history_has_the_text(make_sandbox_client: MakeClient) -> None:
    """The result of an earlier chat has its text, also in another client on the same journal."""
    result = make_sandbox_client().run(CHAT, prompt="Why is the sky blue?").wait()
    assert result.text
    from_history = make_sandbox_client().history.result(result.record.task_id or "")
    assert (from_history.text, [output.text for output in from_history.outputs]) == (
        result.text,
        [result.text],
    )
    assert from_history.record == result.record


def test_a_table_has_the_text(sandbox_client: Client, tmp_path: Path) -> None:
    """Texts are a column of the history's table, and move with it."""
    result = sandbox_client.run(CHAT, prompt="Why is the sky blue?").wait()
    table = sandbox_client.history.to_pandas()
    assert table["text"].tolist() == [result.text]
    assert [record.text for record in from_pandas(table)] == [result.text]
    sandbox_client.history.export_to(tmp_path / "runs.jsonl")
    assert result.text.split("\n")[0] in (tmp_path / "runs.jsonl").read_text(encoding="utf-8")  # type: ignore[union-attr]  # it has text


def test_a_sweep_asks_once(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """A sweep of a language model takes its texts from the journal, in a new client too, and sends nothing again."""
    questions = [{"prompt": "Why is the sky blue?"}, {"prompt": "Why is the grass green?"}]
    first = make_sandbox_client().map(CHAT, questions).wait(progress=False)
    again = make_sandbox_client().map(CHAT, questions).wait(progress=False)
    texts = [cell.result.text for cell in first.cells if cell.result]
    assert [cell.result.text for cell in again.cells if cell.result] == texts
    assert (all(cell.from_journal for cell in again.cells), run_count()) == (True, 2)
    assert all(text and text.split("\n")[0][:20] in again.grid()._repr_html_() for text in texts)


def test_an_executor_brings_texts_too(sandbox_client: Client) -> None:
    """A chat that an executor fetched has its text."""
    with ThreadPoolExecutor(2) as pool:
        sweep = sandbox_client.map(CHAT, [{"prompt": "hello"}], executor=pool).wait(progress=False)
    assert sweep.cells[0].result is not None
    assert sweep.cells[0].result.text == sandbox_client.history.records()[0].text


@pytest.mark.parametrize("wiro_knows_it", [True, False], ids=["Wiro knows it", "Wiro has forgotten it"])
def test_an_answer_can_be_attached_to(
    make_sandbox_client: MakeClient, sandbox: Sandbox, wiro_knows_it: bool
) -> None:
    """An earlier chat has its text even if only the journal still knows it."""
    result = make_sandbox_client().run(CHAT, prompt="hello").wait()
    sandbox.faults = {} if wiro_knows_it else {"detail_missing": 9}
    task = make_sandbox_client().attach(result.record.task_id or "")
    assert task.wait().text == result.text
    assert task.state.text is not None
    assert task.state.text.text == result.text
