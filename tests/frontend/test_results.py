"""Results of every kind, and what can be done with them."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import (
    SEED_MODEL,
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
from wiro_widgets.widget.wire import labels

PICTURES = [output("1-0", "0.png"), output("1-1", "1.png")]
# A page that is not served over TLS has no clipboard, and may not even fake one.
CLIPBOARD = """(allowed) => {
  window.copied = [];
  const write = async (what) => {
    if (!allowed) throw new Error("denied");
    window.copied.push(what);
  };
  window.ClipboardItem ??= class {
    constructor(data) {
      this.types = Object.keys(data);
    }
  };
  const clipboard = { writeText: write, write: async ([item]) => write(item.types[0]) };
  Object.defineProperty(navigator, "clipboard", { value: clipboard, configurable: true });
  document.execCommand = () => false;
}"""


def _show(panel: PanelPage, *outputs: Payload, traits: Payload | None = None, **facts: Any) -> None:
    panel.start(state(**(traits or {})))
    done = {"status": "succeeded", "stages": STAGES, "progress": None, "outputs": list(outputs)}
    panel.tell(delta(rows((0.0, "done", "Done")), run=run(**(done | facts))))
    for hue, one in enumerate(outputs):
        if one["width"]:
            panel.tell(image(one["id"]), {"hue": hue * 90})


def _clipboard(panel: PanelPage, *, permission: bool = True) -> None:
    panel.page.evaluate(CLIPBOARD, permission)


def _copies(panel: PanelPage) -> list[str]:
    texts: list[str] = panel.page.evaluate("() => window.copied")
    return texts


def test_arrow_keys_go_through_the_pictures(panel: PanelPage) -> None:
    """One stop of Tab for the strip, then left, right, Home and End."""
    _show(panel, *PICTURES)
    panel.button("Picture 1 of 2").press("ArrowRight")
    expect(panel.button("Picture 2 of 2")).to_be_focused()
    expect(panel.page.get_by_role("button", name="Picture 2 of 2, open full size")).to_be_visible()
    panel.page.keyboard.press("Home")
    expect(panel.button("Picture 1 of 2")).to_be_focused()
    expect(panel.button("Picture 2 of 2")).to_have_attribute("tabindex", "-1")


def test_json_reads_well(panel: PanelPage) -> None:
    """A small JSON result is shown at once, indented, and can be copied."""
    _show(panel, output("1-0", "labels.json", "application/json", text='{"label":"cat","score":0.98}'))
    words = '{\n  "label": "cat",\n  "score": 0.98\n}'
    document = panel.page.get_by_role("region", name="labels.json")
    assert document.inner_text() == words
    _clipboard(panel)
    panel.button("Copy").click()
    expect(panel.page.get_by_text("Copied", exact=True).first).to_be_visible()
    assert _copies(panel) == [words]


def test_a_film_is_fetched_when_it_is_wanted(panel: PanelPage) -> None:
    """Play asks for its bytes and puts a player in its place."""
    _show(panel, output("1-0", "film.mp4", "video/mp4"))
    assert panel.sent_messages("image") == []
    panel.button("Play film.mp4").click()
    assert panel.await_sent("image")[0]["id"] == "1-0"
    panel.tell(image("1-0", "full", name="film.mp4", mime="video/mp4"), {"hue": 1})
    player = panel.page.locator("video")
    expect(player).to_have_attribute("controls", "")
    expect(player).to_be_focused()
    assert str(player.get_attribute("src")).startswith("blob:")


EVIL_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">
<rect width="40" height="30" fill="red"/>
<script>window.ran = true; opener?.stolen?.(); parent.stolen?.()</script></svg>"""


def test_an_svg_is_drawn_and_runs_nothing(panel: PanelPage) -> None:
    """It is seen through an img, and its address belongs to no origin, also in a tab of its own."""
    _show(panel, output("1-0", "drawing.svg", "image/svg+xml") | {"width": None, "height": None})
    panel.button("Show drawing.svg").click()
    panel.await_sent("image")
    panel.tell(image("1-0", "full", name="drawing.svg", mime="image/svg+xml"), {"text": EVIL_SVG})
    drawing = panel.page.get_by_role("img", name="drawing.svg")
    expect(drawing).to_have_js_property("naturalWidth", 40)
    address = str(drawing.get_attribute("src"))
    assert address.startswith("data:image/svg+xml")
    tab = panel.page.context.new_page()
    tab.goto(address)
    assert tab.evaluate("window.origin") == "null"
    tab.close()
    assert panel.page.evaluate("window.ran") is None


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("page.html", "text/html"), ("drawing.svg", "image/svg+xml"), ("paper.pdf", "application/pdf")],
)
def test_a_document_is_a_download(panel: PanelPage, name: str, content_type: str) -> None:
    """What a browser would open as a page of Jupyter's origin is handed over as a file."""
    _show(panel, output("1-0", name, content_type) | {"width": None, "height": None})
    with panel.page.expect_download() as download:
        panel.button("Download").click()
        panel.await_sent("image")
        panel.tell(image("1-0", "full", name=name, mime=content_type), {"text": EVIL_SVG})
    assert download.value.suggested_filename == name
    kind = panel.page.evaluate(
        "async (url) => (await fetch(url)).headers.get('content-type')", download.value.url
    )
    assert kind == "application/octet-stream"


def test_an_unknown_file_is_a_download(panel: PanelPage) -> None:
    """It is named and weighed; what cannot be read is told."""
    _show(panel, output("1-0", "all.zip", "application/zip"))
    expect(panel.page.get_by_text("application/zip · 202 kB")).to_be_visible()
    panel.button("Download all.zip").click()
    panel.await_sent("image")
    panel.reply(0, error="all.zip has expired.")
    expect(panel.page.get_by_role("alert")).to_have_text("all.zip has expired.")


def test_several_kinds_are_one_strip(panel: PanelPage) -> None:
    """Each result has its tile, and the stage shows the chosen one."""
    _show(panel, PICTURES[0], output("1-1", "notes.txt", "text/plain", text="words"))
    panel.button("notes.txt 2 of 2").click()
    expect(panel.page.get_by_role("region", name="notes.txt")).to_have_text("words")
    expect(panel.page.locator(".large")).to_be_hidden()


def test_a_picture_is_copied_as_png(panel: PanelPage) -> None:
    """Its bytes are fetched first; the clipboard gets a picture, not an address."""
    _show(panel, *PICTURES)
    _clipboard(panel)
    panel.button("Copy").click()
    panel.await_sent("image")
    panel.tell(image("1-0", "full"), {"hue": 1})
    expect(panel.page.get_by_text("Copied", exact=True).first).to_be_visible()
    assert _copies(panel) == ["image/png"]


def test_a_forbidden_clipboard_is_explained(panel: PanelPage) -> None:
    """The way that is left is named."""
    _show(panel, *PICTURES)
    _clipboard(panel, permission=False)
    panel.button("Copy").click()
    panel.await_sent("image")
    panel.tell(image("1-0", "full"), {"hue": 1})
    expect(panel.page.get_by_text("download it instead", exact=False).first).to_be_visible()


def test_the_recipe_is_copied(panel: PanelPage) -> None:
    """The kernel is asked for the recipe of the chosen picture; without one it says so."""
    _show(panel, *PICTURES)
    _clipboard(panel)
    panel.button("Copy recipe").click()
    question = panel.await_sent("recipe")[0]
    assert question["id"] == "1-0"
    panel.reply(question["rev"], text='{"model": "a/b"}')
    expect(panel.page.get_by_text("Recipe copied").first).to_be_visible()
    assert _copies(panel) == ['{"model": "a/b"}']
    panel.button("Copy recipe").click()
    panel.reply(panel.await_sent("recipe", 2)[1]["rev"], error="It carries no recipe.")
    expect(panel.page.get_by_text("It carries no recipe.").first).to_be_visible()


def test_a_result_becomes_an_input(panel: PanelPage) -> None:
    """The output is named, not sent again; it shows in the field at once."""
    _show(panel, *PICTURES)
    panel.button("Picture 2 of 2").click()
    panel.button("Use as input").click()
    assert panel.await_sent("values")[0]["patch"] == {"inputImage": [{"output": "1-1"}]}
    expect(panel.field("inputImage").get_by_text("1.png")).to_be_visible()
    expect(panel.page.get_by_text("1.png is now the input image").first).to_be_visible()


def test_without_a_field_for_it_a_result_is_no_input(panel: PanelPage) -> None:
    """What cannot be done is not offered."""
    _show(panel, *PICTURES, traits={"_form": form(parameter("prompt", "textarea")), "values": {"prompt": ""}})
    expect(panel.button("Use as input")).to_be_hidden()
    expect(panel.button("Next seed")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "seed"), [("Same seed", "9007199254740993"), ("Next seed", "9007199254740994")]
)
def test_a_run_is_repeated_with_its_seed_or_the_next(panel: PanelPage, name: str, seed: str) -> None:
    """With what the controls say now, exact beyond what a double holds."""
    _show(panel, *PICTURES, seed="9007199254740993", next_seed="9007199254740994")
    panel.field("prompt").locator("textarea").fill("a red fox")
    panel.button(name).click()
    values = panel.await_sent("run")[0]["values"]
    assert (values["seed"], values["prompt"]) == (seed, "a red fox")


def test_the_shown_run_is_starred_under_its_result(panel: PanelPage) -> None:
    """Pressed once to star, once more to take it back."""
    _show(panel, *PICTURES, starred=True)
    star = panel.button("Star this run")
    expect(star).to_have_attribute("aria-pressed", "true")
    star.click()
    assert panel.await_sent("star")[0]["on"] is False


def test_an_answer_that_grows_does_not_move_its_reader(panel: PanelPage) -> None:
    """At its end it is followed, above it nothing moves."""
    panel.start(state(status="running"))
    words = "Diffusion models learn to undo noise.\n" * 60
    panel.tell(delta([], run=run(text={"thinking": "", "answer": words, "done": False})))
    answer = panel.page.get_by_role("region", name="Answer")
    answer.evaluate("(box) => box.scrollTo(0, box.scrollHeight)")
    panel.tell(delta([], run=run(text={"thinking": "", "answer": words + words, "done": False})))
    assert answer.evaluate("(box) => box.scrollTop + box.clientHeight >= box.scrollHeight - 1")
    answer.evaluate("(box) => box.scrollTo(0, 100)")
    panel.tell(delta([], run=run(text={"thinking": "", "answer": words * 3, "done": False})))
    assert answer.evaluate("(box) => box.scrollTop") == 100


def test_an_answer_is_copied(panel: PanelPage) -> None:
    """The words of the answer, without the thinking."""
    text = {"thinking": "Let me see.", "answer": "Noise, undone.", "done": True}
    _show(panel, text=text, traits={"_form": SEED_MODEL})
    _clipboard(panel)
    panel.button("Copy").click()
    expect(panel.page.get_by_text("Copied", exact=True).first).to_be_visible()
    assert _copies(panel) == ["Noise, undone."]


def test_a_cut_off_answer_says_so(panel: PanelPage) -> None:
    """The sentence is in sight above a long answer's end, and under its last words once they are reached."""
    words = "Diffusion models learn to undo noise.\n" * 60 + "The last word"
    text = {"thinking": "", "answer": words, "done": True, "note": labels.cut_off("length")}
    _show(panel, text=text, traits={"_form": SEED_MODEL})
    note = panel.page.get_by_text("The answer is cut off. The model reached its limit of length.")
    expect(note).to_be_in_viewport(ratio=1)
    answer = panel.page.get_by_role("region", name="Answer")
    answer.evaluate("(box) => box.scrollTo(0, box.scrollHeight)")
    words_end, note_start, note_end = answer.evaluate("""(box) => {
      const [words, note] = [".words", ".note"].map((name) => box.querySelector(name).getBoundingClientRect());
      return [words.bottom, note.top, note.bottom];
    }""")
    assert words_end <= note_start
    box = answer.bounding_box()
    assert box is not None
    assert note_end <= box["y"] + box["height"] + 1


def test_a_whole_answer_has_no_note(panel: PanelPage) -> None:
    """Nothing stands under it."""
    text = {"thinking": "", "answer": "Noise, undone.", "done": True, "note": labels.cut_off("stop")}
    _show(panel, text=text, traits={"_form": SEED_MODEL})
    expect(panel.page.locator(".answer .note")).to_be_hidden()
