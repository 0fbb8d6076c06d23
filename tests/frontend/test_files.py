"""Files through the panel: chosen, pasted, named by URL, set from Python."""

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_VALUES, Payload, form, image, parameter, state

MIB = 2**20
PASTE = """async ([selector, name, type, text]) => {
  const transfer = new DataTransfer();
  if (name) transfer.items.add(new File([new Uint8Array(10)], name, { type }));
  if (text) transfer.setData("text/plain", text);
  const travels = { bubbles: true, composed: true, cancelable: true };
  const event = new ClipboardEvent("paste", { clipboardData: transfer, ...travels });
  host.root().querySelector(selector).dispatchEvent(event);
}"""


def _choose(panel: PanelPage, name: str, size: int, mime: str = "image/png") -> None:
    with panel.page.expect_file_chooser() as chooser:
        panel.button("choose a file, Input image").click()
    chooser.value.set_files({"name": name, "mimeType": mime, "buffer": b"\0" * size})


def _answer(panel: PanelPage, message: Payload) -> None:
    byte_count = message["offset"] + message["bytes"][0]
    panel.reply(message["rev"], upload=message["upload"], received=byte_count)


def test_a_chosen_file_goes_up_in_chunks(panel: PanelPage) -> None:
    """One mebibyte each, in order, as bytes; the progress follows the kernel's answers."""
    panel.start(state())
    _choose(panel, "photo.png", 2 * MIB + 5)
    chunks = panel.await_sent("file", 3)
    assert [(one["offset"], one["bytes"]) for one in chunks] == [(0, [MIB]), (MIB, [MIB]), (2 * MIB, [5])]
    assert {(one["field"], one["name"], one["size"]) for one in chunks} == {
        ("inputImage", "photo.png", 2 * MIB + 5)
    }
    _answer(panel, chunks[0])
    expect(panel.page.get_by_text("2.1 MB · 49% sent")).to_be_visible()
    for chunk in chunks[1:]:
        _answer(panel, chunk)
    expect(panel.page.get_by_text("photo.png")).to_be_hidden()


def test_a_value_from_python_shows_with_its_preview(panel: PanelPage) -> None:
    """Name, size and picture; Remove takes it out in Python as well."""
    ref = {
        "id": "f1",
        "name": "cat.png",
        "mime": "image/png",
        "size": 202_472,
        "url": None,
        "facts": "PNG \N{MIDDLE DOT} 202 kB",
    }
    panel.start(state(values=SEED_VALUES | {"inputImage": [ref]}))
    panel.tell(image("f1", "preview"), {"hue": 20})
    field = panel.field("inputImage")
    expect(field.get_by_text("PNG · 202 kB")).to_be_visible()
    expect(field.locator("li img")).to_have_js_property("complete", value=True)
    panel.button("Remove cat.png").click()
    assert panel.await_sent("values")[-1]["patch"] == {"inputImage": []}
    expect(panel.button("choose a file, Input image")).to_be_focused()


def test_a_url_is_entered(panel: PanelPage) -> None:
    """The address is sent, not what it points at; this page fetches nothing."""
    requests: list[str] = []
    panel.page.on("request", lambda request: requests.append(request.url))
    panel.start(state())
    panel.button("or enter a URL").click()
    address = panel.page.get_by_label("Input image, URL")
    address.fill("not an address")
    address.press("Enter")
    expect(address).to_have_attribute("aria-invalid", "true")
    address.fill("https://example.com/cat.jpg")
    address.press("Enter")
    assert panel.await_sent("values")[-1]["patch"] == {"inputImage": [{"url": "https://example.com/cat.jpg"}]}
    assert [url for url in requests if not url.startswith("blob:")] == []


def test_a_pasted_picture_goes_to_the_file_field(panel: PanelPage) -> None:
    """Wherever the focus is in the panel."""
    panel.start(state())
    panel.page.evaluate(PASTE, [".primary", "pasted.png", "image/png", ""])
    assert panel.await_sent("file")[0]["name"] == "pasted.png"


def test_words_with_a_picture_of_them_stay_words(panel: PanelPage) -> None:
    """A text editor's clipboard holds both; in the prompt the words are meant."""
    panel.start(state())
    panel.page.evaluate(PASTE, ["textarea", "words.png", "image/png", "some words"])
    panel.wait_until_painted()
    assert panel.sent_messages("file") == []


def test_a_pasted_address_goes_to_the_focused_file_field(panel: PanelPage) -> None:
    """A URL pasted on the field is its value."""
    panel.start(state())
    panel.page.evaluate(PASTE, [".drop button", "", "", "https://example.com/a.png"])
    assert panel.await_sent("values")[-1]["patch"] == {"inputImage": [{"url": "https://example.com/a.png"}]}


def test_a_file_of_another_kind_is_not_sent(panel: PanelPage) -> None:
    """It is told at the field."""
    panel.start(state())
    _choose(panel, "notes.txt", 5, "text/plain")
    expect(panel.page.get_by_text("This is not an image")).to_be_visible()
    assert panel.sent_messages("file") == []


def test_the_kernels_refusal_of_a_file_is_told(panel: PanelPage) -> None:
    """The reply's error stands at the file."""
    panel.start(state())
    _choose(panel, "photo.png", 5)
    chunk = panel.await_sent("file")[0]
    panel.reply(chunk["rev"], upload=chunk["upload"], error="This is not a picture.")
    expect(panel.page.get_by_text("This is not a picture.")).to_be_visible()


def test_a_run_waits_for_the_file(panel: PanelPage) -> None:
    """A run without the picture that was just chosen would be paid for nothing."""
    panel.start(state())
    _choose(panel, "photo.png", 5)
    panel.await_sent("file")
    panel.button("Run").click()
    expect(panel.page.get_by_role("alert")).to_have_text("Wait until the file has arrived.")
    assert panel.sent_messages("run") == []


def _several(panel: PanelPage, count: int) -> None:
    refs = [
        {
            "id": f"f{n}",
            "name": f"{n}.png",
            "mime": "image/png",
            "size": 1,
            "url": None,
            "facts": "PNG \N{MIDDLE DOT} 1 B",
        }
        for n in range(count)
    ]
    images = parameter("images", "file", "Images", multiple=True, max_files=5, accept="image")
    panel.start(state(_form=form(images), values={"images": refs}))


def test_files_change_places_by_keyboard(panel: PanelPage) -> None:
    """The focus goes with the file; the first goes no further up."""
    _several(panel, 3)
    panel.button("Move down 0.png, 1 of 3").press("Enter")
    assert panel.await_sent("values")[-1]["patch"] == {"images": ["f1", "f0", "f2"]}
    expect(panel.button("Move down 0.png, 2 of 3")).to_be_focused()
    expect(panel.button("Move up 1.png, 1 of 3")).to_have_attribute("aria-disabled", "true")


def test_the_focus_stays_when_the_kernel_has_made_its_own_of_a_file(panel: PanelPage) -> None:
    """A preview or an id that comes later does not take the keyboard away."""
    _several(panel, 2)
    panel.button("Remove 1.png").focus()
    panel.tell(image("f1", "preview"), {"hue": 20})
    expect(panel.field("images").locator("li img")).to_have_count(1)
    expect(panel.button("Remove 1.png")).to_be_focused()


def test_files_change_places_by_dragging(panel: PanelPage) -> None:
    """A row is dropped on the place it is to have."""
    _several(panel, 3)
    items = panel.field("images").get_by_role("listitem")
    items.nth(2).drag_to(items.nth(0))
    assert panel.await_sent("values")[-1]["patch"] == {"images": ["f2", "f0", "f1"]}
    assert panel.sent_messages("file") == []


def test_a_file_alone_has_no_order(panel: PanelPage) -> None:
    """What has no use takes no room."""
    _several(panel, 1)
    expect(panel.page.get_by_role("button", name="Move up")).to_have_count(0)


def test_what_a_field_takes_is_told_before(panel: PanelPage) -> None:
    """Kinds and the largest size; a larger file is not sent."""
    panel.start(state())
    expect(panel.field("inputImage").get_by_text("PNG, JPEG, WebP, up to 256 MB")).to_be_visible()
    large = """() => {
      const file = new File([], "huge.png", { type: "image/png" });
      Object.defineProperty(file, "size", { value: 300 * 2 ** 20 });
      const event = new Event("drop", { bubbles: true, cancelable: true });
      event.dataTransfer = { files: [file], types: ["Files"], getData: () => "" };
      host.root().querySelector(".drop").dispatchEvent(event);
    }"""
    panel.page.evaluate(large)
    expect(panel.page.get_by_text("This is larger than 256 MB")).to_be_visible()
    assert panel.sent_messages("file") == []


def test_several_files_up_to_the_limit(panel: PanelPage) -> None:
    """The invitation goes when there is no more room."""
    refs = [
        {
            "id": f"f{n}",
            "name": f"{n}.png",
            "mime": "image/png",
            "size": 1,
            "url": None,
            "facts": "PNG \N{MIDDLE DOT} 1 B",
        }
        for n in range(2)
    ]
    images = parameter("images", "file", "Images", multiple=True, max_files=3, accept="image")
    panel.start(state(_form=form(images), values={"images": refs}))
    panel.button("or enter a URL").click()
    panel.page.get_by_label("Images, URL").fill("https://example.com/a.png")
    panel.button("Add").click()
    patch = panel.await_sent("values")[-1]["patch"]
    assert patch == {"images": ["f0", "f1", {"url": "https://example.com/a.png"}]}
    expect(panel.button("choose a file, Images")).to_be_hidden()
