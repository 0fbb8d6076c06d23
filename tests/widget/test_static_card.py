"""The static card as HTML and as text: its content, what it leaves out, its size."""

from collections.abc import Sequence
from typing import Any

from PIL import Image

from wiro_widgets.media.images import Thumbnail, thumbnail
from wiro_widgets.widget.static_card import EDGE, MAX_BYTES, StaticCard

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
    return _static_card(RUN | facts, values or {}, [noise] * pictures).html


def _static_card(
    run: dict[str, Any] | None, values: dict[str, Any], pictures: Sequence[Thumbnail] = ()
) -> StaticCard:
    return StaticCard.of("c1", model="a/b", run=run, values=values, pictures=pictures)


def test_eight_large_pictures_fit() -> None:
    """Eight pictures of noise, which compresses worst, fit into 150 kB."""
    html = _card(pictures=8, values={"prompt": "x"})
    assert html.count("<img ") == 8
    assert len(html.encode()) <= MAX_BYTES


def test_no_values_make_it_larger() -> None:
    """Many long values, a long answer and a long error stay within the limit."""
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
    assert "<img" not in StaticCard.of("c1", model=f"a/{wild}", run=None, values={}).html


def test_no_secret_and_no_address() -> None:
    """Values named like a credential are left out, of an address only the last part is shown."""
    values = {
        "apiKey": "k-123",
        "callbackUrl": "https://example.com/hook",
        "inputImage": "https://example.com/s/a.png?t=1",
    }
    card = _static_card(RUN, values)
    for text in (card.html, card.text):
        assert "k-123" not in text
        assert "example.com" not in text
        assert "a.png" in text


def test_a_failed_run_says_why() -> None:
    """The card has the notice."""
    html = _card(
        status="failed", word="Failed", notice={"title": "Out of memory", "text": "Try a smaller size."}
    )
    assert "Failed" in html
    assert "Out of memory Try a smaller size." in html


def test_an_answer_and_other_files_are_in_the_card() -> None:
    """A language model's answer is there; other files are listed by name."""
    assert "Because." in _card(text={"answer": "Because.", "thinking": "Hm", "done": True})
    assert "<strong>so</strong>" in _card(text={"answer": "It is **so**.", "thinking": "", "done": True})
    assert "It is short." in _card(
        text={"answer": "Because.", "thinking": "", "done": True, "note": "It is short."}
    )
    assert "Files: clip.mp4" in _card(outputs=[{"name": "clip.mp4", "content_type": "video/mp4"}])


def test_before_any_run_there_is_the_model_alone() -> None:
    """Without a run there is no status."""
    assert "Done" not in _static_card(RUN | {"number": 0}, {"steps": 20}).html
    assert _static_card(None, {"steps": 20}).text == "a/b\nsteps 20"


def test_the_values_stand_in_the_order_of_the_controls() -> None:
    """Values without a control come last."""
    values = {"mystery": 1, "seed": 2, "steps": 3}
    card = StaticCard.of("c1", model="a/b", run=None, values=values, order=["steps", "seed"])
    assert card.text == "a/b\nsteps 3, seed 2, mystery 1"
