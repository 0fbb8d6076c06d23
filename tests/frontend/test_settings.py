"""A picture that carries its settings: dropped on the panel, or chosen, it sets the controls."""

import pytest
from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_VALUES, form, parameter, state

TRANSFER = """async ([kind, selector, name, type]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(10)], name, { type }));
  const travels = { bubbles: true, composed: true, cancelable: true };
  const target = host.root().querySelector(selector);
  if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: dataTransfer, ...travels }));
  else target.dispatchEvent(new DragEvent(kind, { dataTransfer, ...travels }));
}"""
TAKEN = "The settings are those of photo.png."


def _drop(
    panel: PanelPage, selector: str = ".frame", name: str = "photo.png", mime: str = "image/png"
) -> None:
    panel.page.evaluate(TRANSFER, ["drop", selector, name, mime])


def _finish(panel: PanelPage, error: str | None = None) -> None:
    chunk = panel.await_sent("file")[0]
    byte_count = 0 if error else chunk["size"]
    panel.reply(chunk["rev"], upload=chunk["upload"], received=byte_count, error=error)


def test_a_picture_dropped_on_the_panel_gives_its_settings(panel: PanelPage) -> None:
    """It goes up to be read for its recipe, and is told when it was."""
    panel.start(state())
    _drop(panel)
    chunk = panel.await_sent("file")[0]
    assert (chunk["field"], chunk["name"]) == ("*recipe", "photo.png")
    _finish(panel)
    expect(panel.page.get_by_text(TAKEN).first).to_be_visible()


def test_what_is_held_over_a_file_field_is_the_fields(panel: PanelPage) -> None:
    """The veil that offers the settings goes while the field is under the pointer, and after a drop on either."""
    panel.start(state())
    section, field = panel.page.locator("section.panel"), panel.page.locator(".drop")
    panel.page.evaluate(TRANSFER, ["dragover", ".frame", "photo.png", "image/png"])
    expect(section).to_have_class("panel dropping")
    panel.page.evaluate(TRANSFER, ["dragover", ".drop", "photo.png", "image/png"])
    expect(section).to_have_class("panel")
    expect(field).to_have_class("drop over")
    _drop(panel, ".drop")
    expect(field).to_have_class("drop")
    expect(section).to_have_class("panel")
    assert panel.await_sent("file")[0]["field"] == "inputImage"


def test_words_that_are_dragged_are_not_the_panels(panel: PanelPage) -> None:
    """A sentence dropped on the prompt goes where the browser puts it."""
    panel.start(state())
    default_prevented = panel.page.evaluate(
        """() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData("text/plain", "a lighthouse");
      const event = new DragEvent("drop", { dataTransfer, bubbles: true, composed: true, cancelable: true });
      return !host.root().querySelector("textarea").dispatchEvent(event);
    }"""
    )
    assert default_prevented is False


def test_settings_are_taken_back(panel: PanelPage) -> None:
    """Undo sets every control to what it said before."""
    panel.start(state())
    _drop(panel)
    _finish(panel)
    panel.update(values=SEED_VALUES | {"prompt": "from the picture", "steps": 5})
    panel.button("Undo").click()
    patch = panel.await_sent("values")[0]["patch"]
    assert (patch["prompt"], patch["steps"]) == (SEED_VALUES["prompt"], 20)
    expect(panel.field("steps").get_by_role("spinbutton")).to_have_value("20")
    expect(panel.button("Undo")).to_be_hidden()


def test_a_picture_without_a_recipe_can_still_be_the_input(panel: PanelPage) -> None:
    """The error is told, and the other thing that may have been meant is one click away."""
    panel.start(state())
    _drop(panel)
    _finish(panel, "photo.png carries no recipe")
    expect(
        panel.page.get_by_text("photo.png carries no recipe: no settings were taken.").first
    ).to_be_visible()
    panel.button("Use it as input image").click()
    assert panel.await_sent("file", 2)[1]["field"] == "inputImage"
    expect(panel.button("Use it as input image")).to_be_hidden()


def test_on_a_file_field_it_is_a_file(panel: PanelPage) -> None:
    """Where it is dropped says what is meant."""
    panel.start(state())
    _drop(panel, ".drop")
    assert panel.await_sent("file")[0]["field"] == "inputImage"


def test_what_carries_no_settings_goes_to_the_file_field(panel: PanelPage) -> None:
    """A film on the panel is not read for a recipe."""
    clip = parameter("clip", "file", "Clip", accept="video", max_files=1)
    panel.start(state(_form=form(clip), values={"clip": []}))
    _drop(panel, ".frame", "film.mp4", "video/mp4")
    assert panel.await_sent("file")[0]["field"] == "clip"


def test_the_panel_says_what_a_drop_would_do(panel: PanelPage) -> None:
    """While a file is held over it, and no longer."""
    panel.start(state())
    panel.page.evaluate(TRANSFER, ["dragover", ".frame", "photo.png", "image/png"])
    words = panel.view().evaluate("(panel) => getComputedStyle(panel, '::after').content")
    assert "take its settings" in words
    _drop(panel)
    assert panel.view().evaluate("(panel) => getComputedStyle(panel, '::after').content") == "none"


@pytest.mark.parametrize("traits", [{}, {"_form": {"v": 1, "models": True}, "values": {}}])
def test_a_picture_is_chosen_without_dragging(panel: PanelPage, traits: dict[str, object]) -> None:
    """The same by a button, with a model and without one."""
    panel.start(state(**traits))
    with panel.page.expect_file_chooser() as chooser:
        panel.button("Settings from a picture").click()
    chooser.value.set_files({"name": "photo.png", "mimeType": "image/png", "buffer": b"1"})
    assert panel.await_sent("file")[0]["field"] == "*recipe"
    _finish(panel)
    expect(panel.page.get_by_text(TAKEN).first).to_be_visible()


def test_a_picture_pasted_where_no_field_takes_it_gives_its_settings(panel: PanelPage) -> None:
    """A model without file fields has one use for a picture."""
    panel.start(state(_form=form(parameter("prompt", "textarea")), values={"prompt": ""}))
    panel.page.evaluate(TRANSFER, ["paste", ".primary", "photo.png", "image/png"])
    assert panel.await_sent("file")[0]["field"] == "*recipe"
