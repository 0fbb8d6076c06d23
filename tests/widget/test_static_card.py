"""The static card as HTML and as text: what it says, what it leaves out, how large it gets."""

from typing import Any

from PIL import Image

from wiro_widgets.media.images import thumbnail
from wiro_widgets.widget.fallback import EDGE, MAX_BYTES, card, words

RUN: dict[str, Any] = {
    "number": 1,
    "status": "succeeded",
    "word": "Done \N{MIDDLE DOT} 18.2 s",
    "elapsed": 18.24,
    "price": "$0.00351",
    "task": "2221",
    "notice": None,
    "text": None,
    "outputs": [],
}


def _card(pictures: int = 0, values: dict[str, Any] | None = None, **facts: Any) -> str:
    noise = thumbnail(Image.effect_noise((2048, 2048), 120).convert("RGB"), edge=EDGE)
    return card("c1", model="a/b", run=RUN | facts, values=values or {}, pictures=[noise] * pictures)


def test_eight_large_pictures_fit() -> None:
    """Eight pictures of pure noise, which compress worst, are all there in 150 kB."""
    html = _card(pictures=8, values={"prompt": "x"})
    assert html.count("<img ") == 8
    assert len(html.encode()) <= MAX_BYTES


def test_no_values_make_it_larger() -> None:
    """Ever so many long values, an endless answer and an endless error stay within the limit."""
    values = {f"name{index}" * 50: "&\"'<>\u4e2d" * 5_000 for index in range(300)}
    endless = {"notice": {"title": "&" * 99_999, "text": "<" * 99_999}, "text": {"answer": "'" * 999_999}}
    html = _card(pictures=8, values=values, **endless)
    assert len(html.encode()) <= MAX_BYTES


def test_everything_is_escaped() -> None:
    """No text from anywhere becomes markup."""
    wild = "<img src=x onerror=alert(1)>\"'"
    outputs = [{"name": wild, "content_type": "video/mp4"}]
    html = _card(
        values={wild: wild, "prompt": wild}, task=wild, outputs=outputs, notice={"title": wild, "text": wild}
    )
    assert "<img" not in html
    assert "<img" not in card("c1", model=f"a/{wild}", run=None, values={}, pictures=[])


def test_no_secret_and_no_address() -> None:
    """Values named like a credential are left out, of an address only its last name is told."""
    values = {
        "apiKey": "k-123",
        "callbackUrl": "https://example.com/hook",
        "inputImage": "https://example.com/s/a.png?t=1",
    }
    for shown in (_card(values=values), words(model="a/b", run=RUN, values=values)):
        assert "k-123" not in shown
        assert "example.com" not in shown
        assert "a.png" in shown


def test_a_failed_run_says_why() -> None:
    """The notice stands in the card, in words."""
    html = _card(
        status="failed", word="Failed", notice={"title": "Out of memory", "text": "Try a smaller size."}
    )
    assert "Failed" in html
    assert "Out of memory Try a smaller size." in html


def test_an_answer_and_other_files_are_told() -> None:
    """A language model's answer is there; what is no picture is told by its name."""
    assert "Because." in _card(text={"answer": "Because.", "thinking": "Hm", "done": True})
    assert "Files: clip.mp4" in _card(outputs=[{"name": "clip.mp4", "content_type": "video/mp4"}])


def test_before_any_run_there_is_the_model_alone() -> None:
    """No status is claimed for a run that never was."""
    html = card("c1", model="a/b", run=RUN | {"number": 0}, values={"steps": 20}, pictures=[])
    assert "Done" not in html
    assert words(model="a/b", run=None, values={"steps": 20}) == "a/b\nsteps 20"
