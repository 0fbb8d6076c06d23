"""`wiro-widgets models | info`."""

from tests.commands.terminal import Terminal

FLUX = "tencent/hunyuan-flux-srpo"


def test_models(terminal: Terminal) -> None:
    """One line a model, its name first; `--json` has all that the catalogue tells."""
    status, out, _ = terminal.run("models", "upscale")
    assert (status, out) == (0, "wiro/sandbox-upscale  Sandbox Upscale  about $0.0008 a run\n")
    (row,) = terminal.rows("models", "upscale")
    assert (row["model"], "upscale" in row["categories"]) == ("wiro/sandbox-upscale", True)
    assert len(terminal.run("models", "--limit", "3")[1].splitlines()) == 3
    assert terminal.run("models", "no such thing") == (0, "", "No model matches.\n")


def test_a_category(terminal: Terminal) -> None:
    """`--category` narrows the list."""
    rows = terminal.rows("models", "--category", "upscale")
    assert [row["model"] for row in rows] == ["wiro/sandbox-upscale"]


def test_info(terminal: Terminal) -> None:
    """What a model takes and costs, as text and as JSON."""
    status, out, _ = terminal.run("info", "wiro/sandbox-upscale")
    assert status == 0
    assert "Price of a run: at least $0.0008" in out
    assert "inputImage   a file   required" in out
    (facts,) = terminal.rows("info", "wiro/sandbox-upscale")
    parameter = {item["id"]: item for item in facts["parameters"]}["scale"]
    assert (parameter["kind"], parameter["options"], parameter["default"]) == ("select", ["2", "3", "4"], "2")
    assert facts["price"]["low"] == 0.0008


def test_info_has_examples(terminal: Terminal) -> None:
    """Each is the command that runs it; `--json` has the cover, the readme and the values."""
    status, out, _ = terminal.run("info", "wiro/sandbox-poster")
    assert status == 0
    command = (
        "  wiro-widgets run wiro/sandbox-poster -p 'prompt=Mountains in the evening' -p resolution=1080p"
    )
    assert f"{command} -p samples=2" in out.splitlines()
    (facts,) = terminal.rows("info", "wiro/sandbox-poster")
    assert facts["examples"][1] == {"prompt": "Mountains in the evening", "resolution": "1080p", "samples": 2}
    assert (facts["readme"], facts["samples"]) == ("Upright pictures in three sizes.", [])
    assert facts["cover"].endswith("/uploads/models/sandbox-poster-cover.png")
    assert "Examples" not in terminal.run("info", "wiro/sandbox-fail")[1]


def test_info_without_a_key(bare_terminal: Terminal) -> None:
    """What a built-in model takes can be read without an account; its price cannot."""
    (facts,) = bare_terminal.rows("info", FLUX)
    assert (facts["model"], facts["price"]) == (FLUX, None)
    status, out, err = bare_terminal.run("info", "wiro/sandbox-upscale")
    assert (status, out, "WIRO_API_KEY" in err) == (1, "", True)


def test_info_of_no_model(terminal: Terminal) -> None:
    """A model that is not there is one sentence."""
    status, out, err = terminal.run("info", "tencent/nothing")
    assert (status, out) == (1, "")
    assert "there is no model tencent/nothing" in err
