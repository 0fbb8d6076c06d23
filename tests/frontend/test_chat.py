"""A conversation on the stage: earlier turns, the prompt, and an answer that is Markdown."""

from typing import Any

from playwright.sync_api import expect

from tests.frontend.panel_page import BUNDLE, PanelPage
from tests.frontend.payloads import Payload, delta, form, parameter, run, snapshot, state

CHAT = form(
    parameter("prompt", "textarea", "Prompt", required=True, role="prompt"),
    parameter("session_id", "text", "Session ID", role="session"),
    model="wiro/sandbox-chat",
)
ANSWER = """## Two reasons

The sky is **blue** since *blue* light is scattered `1/λ⁴`:

1. air is small
2. light is not

```python
print("a < b")
```

| colour | nm |
| --- | --- |
| blue | 450 |

> Rayleigh, [1871](https://example.org/a)"""
TURNS = [{"prompt": "Hello", "answer": "**Hi!** What would you like to know?"}]


def _text(answer: str, *, done: bool = True) -> Payload:
    return {"thinking": "", "answer": answer, "done": done, "note": ""}


def _send_writer(panel: PanelPage) -> None:
    """Answer as the kernel does, and wait until the page draws with it."""
    question = panel.await_sent("module")[0]
    panel.reply(question["rev"], text=BUNDLE.with_name(f"{question['name']}.js").read_text(encoding="utf-8"))
    expect(panel.page.locator(".answer .words > div").first).to_be_attached()


def _start(panel: PanelPage, answer: str = ANSWER, **facts: Any) -> None:
    panel.start(state(_form=CHAT, values={"prompt": "Why?", "session_id": "s1"}))
    last_run = run(number=2, status="succeeded", prompt="Why?", text=_text(answer), outputs=[])
    panel.tell(snapshot([], run=last_run, **facts))
    _send_writer(panel)


def test_an_answer_is_drawn(panel: PanelPage) -> None:
    """Headings, lists, code, tables, quotes and links become elements."""
    _start(panel)
    answer = panel.page.get_by_role("region", name="Answer")
    expect(answer.get_by_role("heading", name="Two reasons")).to_be_visible()
    expect(answer.get_by_role("listitem")).to_have_text(["air is small", "light is not"])
    expect(answer.locator("pre code")).to_have_text('print("a < b")')
    expect(answer.get_by_role("cell")).to_have_text(["blue", "450"])
    expect(answer.get_by_role("link", name="1871")).to_have_attribute("rel", "noopener noreferrer")
    expect(answer.locator(".asked")).to_be_hidden()


def test_markup_is_text(panel: PanelPage) -> None:
    """Nothing that a model writes becomes an element of its own, nor an address of ours."""
    _start(panel, "<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](https://example.org/b.png)")
    answer = panel.page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("<img src=x onerror=alert(1)>")
    assert answer.locator("img").count() == 0
    expect(answer.get_by_role("link")).to_have_text(["b"])


def test_the_conversation_is_above(panel: PanelPage) -> None:
    """Earlier turns and the prompt; another run without them shows none."""
    _start(panel, talk={"run": 2, "prompt": "Why is the sky blue?", "turns": TURNS})
    answer = panel.page.get_by_role("region", name="Answer")
    expect(answer.locator(".asked")).to_have_text(["Hello", "Why is the sky blue?"])
    expect(answer.get_by_text("What would you like to know?")).to_be_attached()
    expect(answer.locator("strong").first).to_have_text("Hi!")
    panel.tell(snapshot([], epoch="e2", run=run(number=3, status="succeeded", text=_text("alone"))))
    expect(answer.get_by_text("alone")).to_be_visible()
    expect(answer.get_by_text("Hello")).to_have_count(0)


def test_turns_of_the_history_may_come_later(panel: PanelPage) -> None:
    """They are read while the run is on its way; what is there already is drawn again with them above."""
    _start(panel, talk={"run": 2, "prompt": "Why is the sky blue?", "turns": []})
    answer = panel.page.get_by_role("region", name="Answer")
    expect(answer.locator(".asked")).to_have_text(["Why is the sky blue?"])
    panel.tell(delta([], talk={"run": 2, "prompt": "Why is the sky blue?", "turns": TURNS}))
    expect(answer.locator(".asked")).to_have_text(["Hello", "Why is the sky blue?"])


def test_a_new_conversation(panel: PanelPage) -> None:
    """A press empties the session; the next run gets another."""
    _start(panel, talk={"run": 2, "prompt": "Why?", "turns": []})
    anew = panel.button("New conversation")
    anew.click()
    assert panel.await_sent("values")[-1]["patch"] == {"session_id": ""}
    expect(anew).to_be_hidden()
    expect(panel.page.locator("[role=status]")).to_have_text("The next run begins a new conversation.")


def test_what_is_there_stays_while_the_answer_grows(panel: PanelPage) -> None:
    """A selection in an earlier part is not lost."""
    panel.start(state(_form=CHAT, values={"prompt": "Why?", "session_id": ""}))
    panel.tell(snapshot([], run=run(number=2, text=_text("# One\n\ntwo", done=False))))
    _send_writer(panel)
    heading = panel.page.get_by_role("region", name="Answer").locator("h3")
    heading.evaluate("(one) => { one.dataset.same = 'yes'; }")
    panel.tell(delta([], run=run(number=2, text=_text("# One\n\ntwo **three**", done=False))))
    expect(panel.page.get_by_role("region", name="Answer").locator("strong")).to_have_text("three")
    assert heading.get_attribute("data-same") == "yes"


def test_without_the_writer_it_is_plain_text(panel: PanelPage) -> None:
    """Until the kernel has sent it, and where a host forbids it."""
    panel.start(state(_form=CHAT, values={"prompt": "Why?", "session_id": ""}))
    panel.tell(snapshot([], run=run(number=2, text=_text("# One", done=False))))
    answer = panel.page.get_by_role("region", name="Answer")
    expect(answer.get_by_text("# One")).to_be_visible()
    panel.reply(panel.await_sent("module")[0]["rev"], text="no module (")
    panel.tell(delta([], run=run(number=2, text=_text("# One\n\n**two**", done=False))))
    expect(answer.get_by_text("**two**")).to_be_visible()
    assert len(panel.sent_messages("module")) == 1
