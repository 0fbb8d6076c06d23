"""What a client and its list of models show in a notebook."""

from tests.sandbox_clients import FLUX, SMALL, MakeClient
from wiro_widgets import Budget, Client, Sandbox
from wiro_widgets.client.catalogue import Models
from wiro_widgets.protocol.replies import ModelSummary


def test_the_account_of_the_day(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """Runs, what they cost, and what is left of the budget."""
    client = make_sandbox_client(budget=Budget(2.0))
    assert "Budget left" in client._repr_html_()
    client.generate(FLUX, prompt="x", **SMALL)
    sandbox.faults = {"fail_tasks": 1}
    task = client.run(FLUX, prompt="y", **SMALL)
    for _ in task.events():
        pass
    text = client._repr_html_()
    assert ">2, 1 failed<" in text
    assert client.budget is not None
    assert f">${client.budget.spent:.4f}"[:5] in text
    assert "of $2.00" in text
    assert sandbox.api_secret not in text
    assert sandbox.api_key not in text
    assert "<script" not in text
    assert repr(client) == client._repr_mimebundle_()["text/plain"]


def test_a_client_without_a_budget_or_a_journal(make_sandbox_client: MakeClient) -> None:
    """What does not apply is left out, and a client that is closed still shows something."""
    client = make_sandbox_client(journal=False)
    assert "Budget" not in client._repr_html_()
    assert ">0<" in client._repr_html_()
    client.close()
    assert "<table" in client._repr_html_()


def test_models_are_a_table(sandbox_client: Client) -> None:
    """Names, titles and prices; still a list."""
    models = sandbox_client.models("sketch")
    assert isinstance(models, list)
    text = models._repr_html_()
    assert "wiro/sandbox-sketch" in text
    assert "$0.002" in text
    assert "wiro/sandbox-sketch" in repr(models).splitlines()[0]
    assert "No models" in Models()._repr_html_()


def test_nothing_of_the_catalogue_acts() -> None:
    """Texts are escaped, and no picture is loaded from another host."""
    evil = '<script>alert(1)</script>"'
    models = Models([ModelSummary(f"a/{evil}", evil, evil, image="https://elsewhere.example/x.png")])
    text = models._repr_html_()
    assert "<script" not in text
    assert "elsewhere" not in text
    assert "<img" not in text
