"""Width and height: by ratio, locked, like the input picture; and results that are dragged to a field."""

import pytest
from playwright.sync_api import Locator, expect

from tests.frontend.panel_page import BUNDLE, PanelPage
from tests.frontend.payloads import STAGES, Payload, delta, form, image, output, parameter, run, state, whole

SIDES = (whole("width", 256, 2048, role="width"), whole("height", 256, 2048, role="height"))
PICTURE = parameter("inputImage", "file", "Input image", accept="image", max_files=1)
REFERENCE = {
    "id": "f1",
    "name": "holiday.jpg",
    "mime": "image/jpeg",
    "size": 2_345_678,
    "url": None,
    "facts": "JPEG",
}


def _start(
    panel: PanelPage, width: int = 1024, height: int = 1024, **values: object
) -> tuple[Locator, Locator]:
    panel.start(state(_form=form(PICTURE, *SIDES), values={"width": width, "height": height, **values}))
    numbers = panel.field("width").get_by_role("spinbutton")
    return numbers.nth(0), numbers.nth(1)


def _last_patch(panel: PanelPage) -> Payload:
    patch: Payload = panel.await_sent("values")[-1]["patch"]
    return patch


def test_a_ratio_keeps_the_area(panel: PanelPage) -> None:
    """In one patch, and the select says which ratio the size has."""
    across, down = _start(panel)
    ratio = panel.field("width").get_by_role("combobox", name="Ratio")
    expect(ratio).to_have_value("1:1")
    ratio.select_option("16:9")
    expect(across).to_have_value("1368")
    expect(down).to_have_value("768")
    assert _last_patch(panel) == {"width": 1368, "height": 768}
    expect(ratio).to_have_value("16:9")
    panel.button("Swap width and height").click()
    expect(ratio).to_have_value("9:16")
    across.fill("1000")
    expect(ratio).to_have_value("")


def test_a_locked_ratio(panel: PanelPage) -> None:
    """The other side follows what is typed and stepped, within its limits; unlocked it stays."""
    across, down = _start(panel, 1024, 512)
    lock = panel.button("Keep the ratio")
    lock.click()
    expect(lock).to_have_attribute("aria-pressed", "true")
    across.fill("800")
    expect(down).to_have_value("400")
    down.fill("600")
    expect(across).to_have_value("1200")
    down.press("ArrowUp")
    expect(across).to_have_value("1202")
    panel.button("Swap width and height").click()
    expect(across).to_have_value("601")
    across.fill("500")
    expect(down).to_have_value("1000")
    across.fill("2000")
    expect(down).to_have_value("2048")
    lock.click()
    across.fill("900")
    expect(down).to_have_value("2048")


def test_the_size_of_the_input_picture(panel: PanelPage) -> None:
    """One press, once there is a picture whose size is known."""
    across, down = _start(panel, inputImage=[REFERENCE])
    like = panel.button("As the input")
    expect(like).to_be_hidden()
    panel.tell(image("f1", "preview", width=1500, height=1000), {"width": 192, "height": 128})
    like.click()
    expect(across).to_have_value("1500")
    expect(down).to_have_value("1000")
    panel.tell(image("f1", "preview", width=6000, height=4000), {"width": 192, "height": 128})
    like.click()
    expect(panel.field("width").get_by_role("combobox", name="Ratio")).to_have_value("3:2")
    assert int(across.input_value()) <= 2048


def _finish(panel: PanelPage) -> None:
    panel.update(status="succeeded")
    outputs = [output("1-0", "0.png"), output("1-1", "1.png")]
    panel.tell(delta([], run=run(status="succeeded", stages=STAGES, progress=None, outputs=outputs)))
    for one in outputs:
        panel.tell(image(one["id"]), {"hue": 30})


def test_a_result_is_dragged_to_a_field(panel: PanelPage) -> None:
    """The large one or one of the strip; the panel takes it as the output that it is, without its bytes."""
    _start(panel)
    _finish(panel)
    panel.view().locator(".large").drag_to(panel.field("inputImage").locator(".drop"))
    assert _last_patch(panel) == {"inputImage": [{"output": "1-0"}]}
    panel.page.get_by_role("button", name="Picture 2 of 2").last.drag_to(
        panel.field("inputImage").locator(".drop")
    )
    panel.await_sent("values", 2)
    assert _last_patch(panel) == {"inputImage": [{"output": "1-1"}]}
    assert panel.sent_messages("file") == []


@pytest.mark.parametrize("same_kernel", [True, False])
def test_a_result_of_another_panel_is_handed_over_or_comes_as_a_file(
    panel: PanelPage, *, same_kernel: bool
) -> None:
    """Their kernel hands it over; if that knows no such panel, its bytes go from one kernel to the other."""
    panel.page.set_viewport_size({"width": 1200, "height": 1900})
    _start(panel)
    _finish(panel)
    second = """async () => {
      const source = host.model;
      const { default: factory } = await import(window.bundle);
      const listeners = [];
      window.other = { sent: [], state: { ...source.state, values: {}, _card_id: "card" } };
      const model = {
        get: (name) => other.state[name], on: (event, act) => listeners.push([event, act]), off() {},
        send: (content, _callbacks, buffers = []) =>
          other.sent.push({ ...content, bytes: buffers.map((one) => one.byteLength) }),
      };
      const widget = await factory();
      const signal = new AbortController().signal;
      widget.initialize?.({ model, signal });
      const el = document.createElement("div");
      document.body.append(el);
      widget.render({ model, el, signal });
    }"""
    source = BUNDLE.read_text(encoding="utf-8")
    panel.page.evaluate(
        "(source) => { window.bundle = URL.createObjectURL(new Blob([source], { type: 'text/javascript' })); }",
        source,
    )
    panel.page.evaluate(second)
    target = panel.page.locator(".wiro-widgets").nth(1).locator("[data-field=inputImage] .drop")
    panel.view().locator(".large").drag_to(target)
    [message] = panel.await_sent("use")
    assert (message["output"], message["panel"], message["field"]) == ("1-0", "card", "inputImage")
    if same_kernel:
        panel.reply(message["rev"], text="It is now Input image of a/b")
        voice = panel.page.locator(".wiro-widgets").nth(1).locator(".unseen[role=status]").last
        expect(voice).to_have_text("It is now Input image of a/b")
        assert panel.sent_messages("image") == []
        return
    panel.reply(message["rev"], error="The panel was closed meanwhile")
    panel.await_sent("image")
    panel.tell(image("1-0", "full", name="0.png"), {"hue": 30})
    panel.page.wait_for_function("() => other.sent.some((one) => one.type === 'file')")
    [message] = panel.page.evaluate("() => other.sent.filter((one) => one.type === 'file')")
    assert (message["field"], message["name"], message["mime"]) == ("inputImage", "0.png", "image/png")
    assert message["bytes"][0] > 100
