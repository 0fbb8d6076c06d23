"""A run in the panel: from the click to the pictures, with everything that can go wrong between."""

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import (
    SEED_VALUES,
    STAGES,
    Payload,
    delta,
    form,
    image,
    output,
    parameter,
    rows,
    run,
    state,
)

PICTURES = [output("o0", "0.png"), output("o1", "1.png")]
FAILURE = {"kind": "error", "title": "The model stopped with exit code 1", "text": "CUDA out of memory."}


def _result(**facts: object) -> Payload:
    return run(status="succeeded", elapsed=18.2, stages=STAGES, progress=None, cost=0.00351, **facts)


def _done(panel: PanelPage) -> None:
    panel.start(state())
    panel.update(status="succeeded")
    panel.tell(delta([], run=_result(outputs=PICTURES)))
    panel.tell(image("o0"), {"hue": 250})
    panel.tell(image("o1"), {"hue": 20})


def test_run_sends_what_the_controls_say(panel: PanelPage) -> None:
    """The values of the moment go up, seed as text, without files."""
    panel.start(state())
    panel.field("prompt").locator("textarea").fill("a red fox")
    panel.button("Run").click()
    values = panel.await_sent("run")[0]["values"]
    assert values == {k: v for k, v in SEED_VALUES.items() if k != "inputImage"} | {"prompt": "a red fox"}
    assert panel.sent_messages("values")[0]["rev"] < panel.sent_messages("run")[0]["rev"]


def test_a_click_shows_submitting_at_once(panel: PanelPage) -> None:
    """The panel does not wait for the kernel to show that it heard."""
    panel.start(state())
    panel.button("Run").click()
    expect(panel.page.locator(".pill")).to_have_text("Submitting")
    panel.tell(delta([], run=run(status="queued")))
    expect(panel.page.locator(".pill")).to_have_text("Queued")


def test_a_second_click_starts_nothing(panel: PanelPage) -> None:
    """A double click is one run and stops nothing."""
    panel.start(state())
    panel.button("Run").dblclick()
    assert len(panel.sent_messages("run")) == 1
    assert panel.sent_messages("stop") == []


def test_stop_is_there_while_a_run_is_active(panel: PanelPage) -> None:
    """Stop asks the kernel and says so; once it is gone the focus is on Run, and not before."""
    panel.start(state())
    expect(panel.button("Stop")).to_be_hidden()
    panel.tell(delta([], run=run(number=7)))
    panel.button("Stop").press("Enter")
    assert panel.await_sent("stop")[0]["run"] == 7
    expect(panel.page.locator(".pill")).to_have_text("Stopping")
    expect(panel.button("Stopping")).to_be_focused()
    panel.tell(delta([], run=run(number=7, status="cancelled")))
    expect(panel.page.locator(".pill")).to_have_text("Stopped")
    expect(panel.button("Stop")).to_be_hidden()
    expect(panel.button("Run")).to_be_focused()


def test_run_by_keyboard_alone(panel: PanelPage) -> None:
    """Tab into the prompt, write, press Ctrl Enter: the notebook sees none of these keys."""
    panel.start(state(values=SEED_VALUES | {"prompt": ""}))
    panel.page.evaluate(
        "() => { window.keys = 0; document.addEventListener('keydown', () => window.keys++); }"
    )
    for _ in ("About", "Models", "Presets", "Copy as Python", "the prompt"):
        panel.page.keyboard.press("Tab")
    panel.page.keyboard.type("a red fox")
    panel.page.keyboard.press("Control+Enter")
    assert panel.await_sent("run")[0]["values"]["prompt"] == "a red fox"
    assert panel.page.evaluate("() => window.keys") == 1  # the Tab that led in


def test_a_key_that_is_held_down_runs_once(panel: PanelPage) -> None:
    """However long Enter is pressed on Run, and whatever the kernel answers meanwhile."""
    panel.start(state())
    panel.button("Run").focus()
    panel.page.keyboard.down("Enter")
    panel.reply(panel.await_sent("run")[0]["rev"])
    panel.past_double_click()
    for _ in range(3):
        panel.page.keyboard.down("Enter")  # a second one without an "up" between is a repeat
    panel.page.keyboard.up("Enter")
    assert len(panel.sent_messages("run")) == 1


def test_shift_enter_never_runs(panel: PanelPage) -> None:
    """With it people go on to the next cell, while Run still has the focus of the click; Enter still presses it."""
    panel.start(state())
    panel.button("Run").focus()
    panel.page.keyboard.press("Shift+Enter")
    panel.wait_until_painted()
    assert panel.sent_messages("run") == []
    panel.page.keyboard.press("Enter")
    assert panel.await_sent("run")


def test_enter_alone_never_runs(panel: PanelPage) -> None:
    """A run costs money: Enter in a field only ends the writing."""
    panel.start(state(_form=form(parameter("text", "text", "Text")), values={"text": "hi"}))
    panel.page.get_by_label("Text").press("Enter")
    panel.wait_until_painted()
    assert panel.sent_messages("run") == []


def test_a_wrong_field_holds_the_run_and_gets_the_focus(panel: PanelPage) -> None:
    """Nothing is sent, every complaint shows, the first bad field is focused, folded ones unfold."""
    tag = parameter("tag", "text", "Tag", required=True, advanced=True)
    panel.start(state(_form=form(tag), values={"tag": ""}))
    panel.button("Run").click()
    expect(panel.page.get_by_label("Tag", exact=True)).to_be_focused()
    expect(panel.page.get_by_text("This cannot be empty")).to_be_visible()
    assert panel.sent_messages("run") == []


def test_progress_stands_on_the_picture(panel: PanelPage) -> None:
    """Step, speed and time left in words, the share as a progress bar."""
    panel.start(state())
    panel.update(status="running", progress=0.6)
    panel.tell(delta(rows((2.0, "start", "Started")), run=run()))
    expect(panel.page.get_by_text("Generating · step 12 of 20")).to_be_visible()
    expect(panel.page.get_by_text("1.2 it/s · 7 s left")).to_be_visible()
    bar = panel.page.get_by_role("progressbar", name="Progress")
    expect(bar).to_have_attribute("aria-valuenow", "60")


def test_the_time_goes_on_between_messages(panel: PanelPage) -> None:
    """Elapsed seconds tick in the page while the kernel is silent."""
    panel.start(state())
    panel.update(status="running")
    panel.tell(delta([], run=run(elapsed=12.9)))
    expect(panel.page.locator(".aside")).to_have_text("running 13 s")


def test_stages_have_their_durations(panel: PanelPage) -> None:
    """A finished run tells how long each stage took."""
    _done(panel)
    stages = panel.page.get_by_role("list", name="Stages").get_by_role("listitem")
    expect(stages).to_have_text(["Queue 1.4 s", "Prepare 0.6 s", "Generate 15.0 s", "Finish 1.2 s"])


def test_pictures_show_with_a_strip(panel: PanelPage) -> None:
    """The first is large, the others are one click away, the cost is told."""
    _done(panel)
    large = panel.page.get_by_role("button", name="Picture 1 of 2, open full size")
    expect(large.locator("img")).to_have_js_property("complete", value=True)
    panel.button("Picture 2 of 2").click()
    expect(panel.page.get_by_role("button", name="Picture 2 of 2, open full size")).to_be_visible()
    expect(panel.page.locator(".aside")).to_have_text("last run: $0.00351")
    expect(panel.page.locator(".pill")).to_have_text("Done · 18.2 s")


def test_what_run_would_cost_stands_beside_it(panel: PanelPage) -> None:
    """The estimate before, then with it what the last run has truly cost; the reason is a hover away."""
    panel.start(state(_outlook={"price": "about $0.0023", "reason": "billed by the second"}))
    aside = panel.page.locator(".aside")
    expect(aside).to_have_text("about $0.0023")
    expect(aside).to_have_attribute("title", "billed by the second")
    panel.tell(delta([], run=run()))
    expect(aside).to_contain_text("running")
    expect(aside).to_have_attribute("title", "")
    panel.tell(delta([], run=run(status="succeeded", progress=None, cost=0.00351)))
    panel.update(_outlook={"price": "about $0.0035", "reason": "one such run of yours cost $0.00351"})
    expect(aside).to_have_text("about $0.0035 · last run: $0.00351")


def test_the_full_picture_is_asked_for_and_can_be_saved(panel: PanelPage) -> None:
    """A click opens it; Download waits for the bytes and gives them its name; Escape closes."""
    _done(panel)
    panel.page.get_by_role("button", name="Picture 1 of 2, open full size").click()
    dialog = panel.page.get_by_role("dialog")
    assert panel.await_sent("image")[0]["id"] == "o0"
    with panel.page.expect_download(timeout=15_000) as download:
        dialog.get_by_role("button", name="Download").click()
        panel.tell(image("o0", "full", name="0.png"), {"hue": 250, "width": 1024, "height": 1024})
    assert len(panel.sent_messages("image")) == 1
    assert download.value.suggested_filename == "0.png"
    panel.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_result_that_is_no_picture_can_be_saved(panel: PanelPage) -> None:
    """It is named and weighed, and its bytes are asked for on Download."""
    panel.start(state(status="succeeded"))
    panel.tell(delta([], run=_result(outputs=[output("m", "song.mp3", "audio/mpeg")])))
    expect(panel.page.get_by_text("audio/mpeg · 202 kB")).to_be_visible()
    panel.button("Download").click()
    with panel.page.expect_download(timeout=15_000) as download:
        panel.tell(image("m", "full", name="song.mp3", mime="audio/mpeg"), {"hue": 1})
    assert download.value.suggested_filename == "song.mp3"


def test_the_last_picture_stays_faint_while_the_next_is_made(panel: PanelPage) -> None:
    """A new run does not blank the stage."""
    _done(panel)
    before = panel.page.locator(".frame").bounding_box()
    panel.update(status="running")
    panel.tell(delta([], run=run(number=2)))
    expect(panel.page.locator(".large")).to_have_attribute("aria-disabled", "true")
    assert panel.page.locator(".frame").bounding_box() == before


def test_a_failure_is_told_in_words(panel: PanelPage) -> None:
    """What happened and what to do, with the log one click away."""
    panel.start(state(status="failed"))
    panel.tell(delta(rows((4.1, "stderr", "CUDA out of memory")), run=run(status="failed", notice=FAILURE)))
    expect(panel.page.get_by_text(FAILURE["title"], exact=True)).to_be_visible()
    panel.button("Show the log").click()
    expect(panel.page.get_by_role("log")).to_contain_text("CUDA out of memory")


def test_an_answer_grows_as_text_with_its_thinking_folded(panel: PanelPage) -> None:
    """Markup in an answer stays text."""
    panel.start(state(status="running"))
    text = {"thinking": "Let me see.", "answer": "<b>Diffusion</b> models", "done": False}
    panel.tell(delta([], run=run(text=text)))
    expect(panel.page.get_by_text("<b>Diffusion</b> models")).to_be_visible()
    expect(panel.page.get_by_text("Let me see.")).to_be_hidden()
    panel.page.get_by_text("Thoughts").click()
    expect(panel.page.get_by_text("Let me see.")).to_be_visible()


def test_a_refused_run_says_why_and_can_be_tried_again(panel: PanelPage) -> None:
    """The reply's error stands beside the button, the panel is ready."""
    panel.start(state())
    panel.button("Run").click()
    panel.reply(panel.await_sent("run")[0]["rev"], error="No API key was found. Set WIRO_API_KEY.")
    expect(panel.page.get_by_role("alert")).to_have_text("No API key was found. Set WIRO_API_KEY.")
    expect(panel.page.locator(".pill")).to_have_text("Ready")
    panel.past_double_click()
    panel.button("Run").click()
    assert len(panel.await_sent("run", 2)) == 2


def test_the_status_is_announced_and_the_log_is_not(panel: PanelPage) -> None:
    """One polite region speaks when the status changes."""
    panel.start(state())
    region = panel.page.locator("[role=status]")
    expect(region).to_have_text("")
    panel.tell(delta([], run=run()))
    expect(region).to_have_text("Running")
    panel.tell(delta([], run=_result(outputs=PICTURES)))
    expect(region).to_have_text("Done in 18.2 s. 2 pictures")
