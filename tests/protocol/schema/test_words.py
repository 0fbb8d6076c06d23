"""Labels and help texts as words, and those that tell nothing left out."""

import pytest

from wiro_widgets.protocol.schema import words


@pytest.mark.parametrize(
    ("text", "name", "label"),
    [
        ("Input Image", "inputImage", "Input Image"),
        ("CFG Scale", "scale", "CFG Scale"),
        ("LoRA", "lora", "LoRA"),
        ("prompt", "prompt", "Prompt"),
        ("inferencesteps", "steps", "Inference steps"),
        ("guidancescale", "scale", "Guidance scale"),
        ("negativeprompt-label", "negativePrompt", "Negative prompt"),
        ("zwirbelgrad", "zwirbelGrad", "Zwirbel grad"),
        ("zwirbelgrad", "x", "Zwirbelgrad"),
        ("", "inputImage2", "Input image 2"),
        ("", "top_p", "Top p"),
        ("", "prompt[0].text", "Prompt 0 text"),
        ("", "CFGScale", "CFG scale"),
        ("强度", "strength", "强度"),
        ("", "强度", "强度"),
        ("  Steps ", "steps", "Steps"),
    ],
)
def test_labels(text: str, name: str, label: str) -> None:
    """A label for people stays; an untranslated key or an id becomes words, a run of letters only if all are known."""
    assert words.label(text, name) == label


def test_a_long_run_of_letters_takes_no_time() -> None:
    """It cannot be read in exponentially many ways."""
    assert words.of_id("in" * 29 + "x") == "In" + "in" * 28 + "x"


@pytest.mark.parametrize(
    ("texts", "help_text"),
    [
        (("seed-help", "More steps draw more."), "More steps draw more."),
        (("seed-help",), ""),
        (("inferencesteps-help", ""), ""),
        (("Inference steps",), ""),
        (("inference_steps.",), ""),
        (("steps",), ""),
        ((" How many of them ",), "How many of them"),
        (("Asks for self-help",), "Asks for self-help"),
    ],
)
def test_help(texts: tuple[str, ...], help_text: str) -> None:
    """A key, and a repetition of the label or the id, are no help."""
    assert words.help_text("Inference steps", "steps", *texts) == help_text
