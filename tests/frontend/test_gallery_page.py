"""The gallery in a browser: cards, search, selection, the large view; by mouse, by keyboard, and for everybody."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import comm
import pytest
from playwright.sync_api import Page, expect

from tests.frontend.gallery_page import GalleryPage, KernelEnd
from tests.frontend.gallery_runs import every_kind, make_client, paint, row, save, with_files
from tests.frontend.panel_page import BUNDLE
from tests.frontend.test_accessibility import SIGHTS, _complaints, _look
from tests.widget.gallery.conftest import choose
from wiro_widgets import Gallery, Panel

Start = Callable[..., GalleryPage]


@pytest.fixture
def start(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that opens a gallery of the runs in the test's folder."""
    monkeypatch.setattr(comm, "create_comm", KernelEnd)
    pages: list[GalleryPage] = []
    client = make_client(tmp_path)

    def open_gallery(**query: Any) -> GalleryPage:
        pages.append(GalleryPage(page, Gallery(client, **query)))
        pages[-1].start()
        return pages[-1]

    yield open_gallery
    for one in pages:
        one.gallery.close()
        one.panel.leave()
        assert one.panel.problems == []
    client.close()


@pytest.fixture
def gallery(start: Start, tmp_path: Path) -> GalleryPage:
    """Open a gallery with a run of every kind."""
    every_kind(tmp_path)
    return start()


def names(gallery: GalleryPage) -> list[str]:
    """Return the captions of the cards."""
    return gallery.page.locator(".card .title").all_inner_texts()


def selected_tasks(gallery: GalleryPage, *expected: str) -> None:
    """Wait until these tasks are selected in Python."""
    gallery.pump(lambda: tuple(record.task_id for record in gallery.gallery.selected) == expected)


def test_every_kind_of_run_is_a_card(gallery: GalleryPage) -> None:
    """Pictures show themselves, texts their words, others a sign; a failure says why, a missing file that it is."""
    assert gallery.count_words() == "10 runs"
    cards = gallery.cards
    assert gallery.page.locator(".card img:visible").count() == 2
    expect(cards.nth(1).locator(".number")).to_have_text("4")
    expect(cards.nth(0).locator(".starred")).to_be_visible()
    expect(cards.nth(2).locator(".words")).to_contain_text("The lighthouse stands")
    expect(cards.nth(3).locator(".words")).to_have_text("Failed\nCUDA out of memory")
    assert [cards.nth(place).locator(".sign").inner_text() for place in (4, 5, 7)] == ["▶", "♪", "▤"]
    expect(cards.nth(6).locator(".words")).to_have_text("File missing")
    expect(cards.nth(8).locator(".words")).to_have_text("Stopped")
    assert names(gallery)[7] == "a/mesh"
    assert gallery.page.locator(".day-name").all_inner_texts()[0] in ("Today", names(gallery)[0])


def test_search_finds_while_one_types(gallery: GalleryPage) -> None:
    """A few letters narrow the cards down, tags and notes count, Escape brings all back."""
    field = gallery.page.get_by_role("searchbox")
    field.press_sequentially("kind")
    gallery.pump(lambda: gallery.count_words() == "1 run")
    assert names(gallery) == ["four of a kind"]
    field.fill("anna")
    gallery.pump(lambda: names(gallery) == ["a lighthouse at dusk"])
    field.fill("zzzz")
    gallery.pump(lambda: gallery.page.locator(".nothing").is_visible())
    expect(gallery.page.locator(".nothing")).to_contain_text("No run matches")
    field.press("Escape")
    gallery.pump(lambda: gallery.count_words() == "10 runs")


def test_filters(gallery: GalleryPage) -> None:
    """Each filter narrows down, several together, and Clear takes all of them away."""
    page = gallery.page
    page.get_by_label("Outcome", exact=True).select_option("failed")
    gallery.pump(lambda: names(gallery) == ["too large"])
    page.get_by_role("button", name="Clear").click()
    gallery.pump(lambda: gallery.count_words() == "10 runs")
    page.get_by_role("button", name="Starred").click()
    gallery.pump(lambda: gallery.count_words() == "1 run")
    page.get_by_label("Model", exact=True).select_option("a/music")
    gallery.pump(lambda: gallery.count_words() == "0 runs")
    page.get_by_role("button", name="Starred").click()
    gallery.pump(lambda: gallery.count_words() == "1 run")
    expect(page.get_by_label("Tag", exact=True)).to_be_visible()


def test_filters_fold_where_there_is_little_room(gallery: GalleryPage) -> None:
    """In a narrow cell one button stands for the row, and tells how many filters are active."""
    page = gallery.page
    page.set_viewport_size({"width": 400, "height": 900})
    outcome = page.get_by_label("Outcome", exact=True)
    expect(outcome).to_be_hidden()
    fold = page.get_by_role("button", name="Filters")
    fold.click()
    expect(fold).to_have_attribute("aria-expanded", "true")
    outcome.select_option("succeeded")
    page.get_by_role("button", name="Starred").click()
    gallery.pump(lambda: gallery.count_words() == "1 run")
    fold.click()
    expect(outcome).to_be_hidden()
    expect(fold).to_have_text("Filters · 2")
    expect(fold).to_have_accessible_name("Filters, 2 active")
    page.set_viewport_size({"width": 1200, "height": 900})
    expect(fold).to_be_hidden()
    expect(outcome).to_be_visible()


def test_selection_by_mouse(gallery: GalleryPage) -> None:
    """A click selects one, Control adds and takes away, Shift selects what lies between; the empty place none."""
    cards = gallery.cards
    cards.nth(1).click()
    selected_tasks(gallery, "2")
    cards.nth(3).click(modifiers=["Shift"])
    selected_tasks(gallery, "2", "3", "4")
    cards.nth(0).click(modifiers=["Control"])
    cards.nth(2).click(modifiers=["Control"])
    selected_tasks(gallery, "2", "4", "1")
    expect(gallery.page.locator(".chosen-row b")).to_have_text("3 runs selected")
    gallery.page.get_by_role("button", name="Deselect").click()
    selected_tasks(gallery)
    expect(gallery.page.locator(".actions")).to_be_hidden()


def test_selection_by_keyboard(gallery: GalleryPage) -> None:
    """One stop of Tab; arrows go and select, Shift extends, Control only goes, Space toggles, Control A takes all."""
    wall = gallery.page.get_by_role("listbox", name="Runs")
    wall.focus()
    wall.press("ArrowRight")
    selected_tasks(gallery, "2")
    wall.press("Shift+ArrowRight")
    selected_tasks(gallery, "2", "3")
    wall.press("Control+ArrowRight")
    wall.press(" ")
    selected_tasks(gallery, "2", "3", "4")
    active = (
        "() => { const w = host.root().querySelector('.wall'); return host.root().getElementById("
        "w.getAttribute('aria-activedescendant'))?.querySelector('.unseen').textContent ?? ''; }"
    )
    gallery.pump(lambda: gallery.page.evaluate(active).startswith("too large, tencent/hunyuan-flux-srpo"))
    wall.press("Control+a")
    gallery.pump(lambda: len(gallery.gallery.selected) == 10)
    wall.press("Escape")
    selected_tasks(gallery)
    wall.press("End")
    selected_tasks(gallery, "10")


def test_python_selects(gallery: GalleryPage) -> None:
    """What Python selects is selected on the page."""
    choose(gallery.gallery, ["2"])
    gallery.pump(lambda: gallery.cards.nth(1).get_attribute("aria-selected") == "true")
    expect(gallery.cards.nth(0)).to_have_attribute("aria-selected", "false")


def test_star_tags_and_note_of_the_selection(gallery: GalleryPage) -> None:
    """What is written down stands in the history and on the cards."""
    page = gallery.page
    gallery.cards.nth(1).click()
    gallery.cards.nth(2).click(modifiers=["Control"])
    selected_tasks(gallery, "2", "3")
    page.get_by_role("button", name="Star", exact=True).click()
    gallery.pump(lambda: gallery.cards.nth(2).locator(".starred").is_visible())
    page.get_by_role("button", name="Tags").click()
    page.get_by_label("Add tags").fill("sea, night")
    page.get_by_label("Add tags").press("Enter")
    gallery.pump(lambda: page.get_by_role("button", name="Remove the tag night").is_visible())
    page.get_by_role("button", name="Remove the tag night").click()
    gallery.pump(lambda: not page.get_by_role("button", name="Remove the tag night").is_visible())
    page.get_by_role("button", name="Note").click()
    page.get_by_label("Note on the selected runs").fill("remember")
    page.get_by_role("button", name="Save").click()
    history = gallery.gallery.client.history
    gallery.pump(lambda: history["3"].note == "remember")
    assert (history["2"].star, history["2"].tags, history["3"].tags) == (True, ("sea",), ("sea",))


def test_the_large_view(gallery: GalleryPage) -> None:
    """A double click opens a run; arrow keys go on; it has the recipe, and Escape leads back to the card."""
    page = gallery.page
    gallery.cards.nth(0).dblclick()
    dialog = page.get_by_role("dialog")
    gallery.pump(lambda: "Seed" in dialog.inner_text())
    expect(dialog.locator(".prompt")).to_have_text("a lighthouse at dusk")
    expect(dialog.locator(".info")).to_contain_text("best, cover")
    gallery.pump(lambda: "320 \N{MULTIPLICATION SIGN} 240" in dialog.locator(".caption").first.inner_text())
    page.keyboard.press("+")
    expect(dialog.locator(".percent")).not_to_have_text("100%")
    page.keyboard.press("0")
    page.keyboard.press("ArrowRight")
    gallery.pump(lambda: dialog.locator(".strip .thumb img").count() == 4)
    dialog.get_by_role("button", name="Output 3").click()
    expect(dialog.locator(".caption").first).to_contain_text("2.png")
    page.keyboard.press("ArrowRight")
    gallery.pump(lambda: "The lighthouse stands" in dialog.inner_text())
    page.keyboard.press("ArrowRight")
    gallery.pump(lambda: "CUDA out of memory" in dialog.inner_text())
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    title = page.evaluate("() => host.root().querySelector('.card.focused .title').textContent")
    assert title == "too large"


def test_an_answer_is_drawn_from_its_markdown(start: Start, tmp_path: Path) -> None:
    """The kernel sends the writer; what is drawn stays, with the place that one has scrolled to."""
    words = "# The sky\n\nIt is **blue**.\n\n- <b>one</b>\n" + "- more\n" * 200
    save(tmp_path, [row(1, "why?", model="wiro/chat", text=words), row(2, "later")])
    gallery = start()
    gallery.cards.nth(0).dblclick()
    answer = gallery.page.get_by_role("region", name="Answer")
    gallery.pump(lambda: answer.locator("h3").count() == 1)
    expect(answer.locator("strong")).to_have_text("blue")
    expect(answer.locator("li").first).to_have_text("<b>one</b>")
    answer.evaluate("(one) => { one.scrollTop = 400; }")
    gallery.page.keyboard.press("s")
    star = gallery.page.get_by_role("dialog").get_by_role("button", name="Star")
    gallery.pump(lambda: star.get_attribute("aria-pressed") == "true")
    assert answer.evaluate("(one) => one.scrollTop") == 400


def test_a_missing_file_says_so_in_the_large_view(gallery: GalleryPage) -> None:
    """The path is named, and no picture is promised."""
    gallery.cards.nth(6).dblclick()
    dialog = gallery.page.get_by_role("dialog")
    gallery.pump(lambda: "is no longer at" in dialog.inner_text())
    expect(dialog.get_by_role("button", name="Download")).to_be_hidden()


def test_a_video_that_was_played_has_a_poster(start: Start, tmp_path: Path, page: Page) -> None:
    """The first frame that the browser draws stands for the video on its card."""
    film = page.evaluate(
        """async () => {
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [64, 48];
          const pen = canvas.getContext("2d");
          const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
          const chunks = [];
          recorder.ondataavailable = ({ data }) => chunks.push(data);
          recorder.start();
          for (let step = 0; step < 8; step++) {
            pen.fillStyle = `hsl(${40 * step} 60% 50%)`;
            pen.fillRect(0, 0, 64, 48);
            await new Promise((go) => setTimeout(go, 40));
          }
          await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
          const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
          return btoa(String.fromCharCode(...bytes));
        }"""
    )
    save(tmp_path, [with_files(tmp_path, 1, {"0.webm": base64.b64decode(film)}, model="a/video")])
    gallery = start()
    assert gallery.page.locator(".card img:visible").count() == 0
    gallery.cards.nth(0).dblclick()
    gallery.pump(lambda: gallery.page.get_by_role("button", name="Play").is_visible())
    gallery.page.get_by_role("button", name="Play").click()
    gallery.pump(lambda: gallery.page.locator(".card img:visible").count() == 1)


def test_up_to_four_are_compared(gallery: GalleryPage) -> None:
    """Two to four runs stand beside each other with all their pictures, which are magnified together."""
    page = gallery.page
    gallery.cards.nth(0).click()
    expect(page.get_by_role("button", name="Compare")).to_be_hidden()
    gallery.cards.nth(1).click(modifiers=["Control"])
    selected_tasks(gallery, "1", "2")
    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog")
    gallery.pump(lambda: dialog.locator(".pane img[src]").count() == 5)  # one, and four of a kind
    gallery.settle()
    page.keyboard.press("+")
    images = dialog.locator(".pane img")
    transforms = images.evaluate_all("(all) => all.map((one) => one.style.transform)")
    assert transforms == ["translate(0px, 0px) scale(1.25)"] * 5
    assert images.nth(1).bounding_box() != images.nth(2).bounding_box()


def test_what_is_no_picture_is_said_beside_those_that_are(start: Start, tmp_path: Path) -> None:
    """Of runs that are compared, a file that is gone is named, and a file of another kind takes no room."""
    outputs = {"0.png": paint(20), "1.txt": b"words", "2.png": paint(90)}
    many = {f"{place}.png": paint(20 * place) for place in range(11)}
    save(tmp_path, [with_files(tmp_path, 1, outputs), with_files(tmp_path, 2, many, prompt="many")])
    (tmp_path / "outputs" / "1" / "2.png").unlink()
    gallery = start()
    gallery.cards.nth(0).click()
    gallery.cards.nth(1).click(modifiers=["Shift"])
    selected_tasks(gallery, "1", "2")
    gallery.page.get_by_role("button", name="Compare").click()
    panes = gallery.page.locator("figure").first.locator(".pane:visible")
    gallery.pump(lambda: panes.count() == 2)
    expect(panes.nth(1)).to_contain_text("is no longer at")
    second = gallery.page.locator("figure").nth(1)
    gallery.pump(lambda: second.locator(".pane img[src]").count() == 9)
    expect(second.locator("figcaption")).to_contain_text("the first 9 of 11 outputs")


def _has_changed(gallery: GalleryPage, before: str) -> bool:
    return gallery.page.locator(".picks small").inner_text() != before


def test_ranking_by_keys(start: Start, tmp_path: Path) -> None:
    """Two pictures at a time, a key for each side; the table has the rating."""
    save(tmp_path, [with_files(tmp_path, number, {"0.png": paint(60 * number)}) for number in range(1, 4)])
    gallery = start()
    page = gallery.page
    gallery.cards.nth(0).click()
    gallery.cards.nth(2).click(modifiers=["Shift"])
    selected_tasks(gallery, "1", "2", "3")
    page.get_by_role("button", name="Rank").click()
    dialog = page.get_by_role("dialog")
    gallery.pump(lambda: "0 choices" in dialog.inner_text())
    for key in ("ArrowLeft", "ArrowRight", "ArrowDown"):
        before = dialog.locator(".picks small").inner_text()
        page.keyboard.press(key)
        gallery.pump(partial(_has_changed, gallery, before))
    assert gallery.gallery.to_pandas()["comparisons"].sum() == 6
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_export_from_the_page(gallery: GalleryPage, tmp_path: Path) -> None:
    """The selected runs are copied into the folder that was typed, and the page says where."""
    page = gallery.page
    gallery.cards.nth(1).click()
    page.get_by_role("button", name="Export").first.click()
    page.get_by_label("Folder").fill(str(tmp_path / "target"))
    page.get_by_label("Names of the files").fill("{prompt}-{index}")
    page.get_by_label("Names of the files").press("Enter")
    gallery.pump(lambda: "4 files in" in page.locator(".actions .said").inner_text())
    names = sorted(path.name for path in (tmp_path / "target").iterdir())
    assert names == [*(f"four-of-a-kind-{place}.png" for place in range(4)), "runs.csv"]


def test_forgetting_is_asked_twice(gallery: GalleryPage) -> None:
    """One press asks, a double click is one press, and the second press forgets."""
    page = gallery.page
    gallery.cards.nth(0).click()
    page.get_by_role("button", name="Forget", exact=True).click()
    page.get_by_label("Delete their files too").check()
    page.get_by_role("button", name="Forget 1 run and their files").dblclick()
    expect(page.get_by_role("button", name="Really forget 1 run and their files?")).to_be_visible()
    gallery.settle()
    assert len(gallery.gallery.client.history) == 10
    gallery.panel.past_double_click()
    page.get_by_role("button", name="Really forget").click()
    gallery.pump(lambda: gallery.count_words() == "9 runs")
    assert "1" not in [record.task_id for record in gallery.gallery.client.history]


def test_a_panel_stands_beneath_the_gallery(gallery: GalleryPage) -> None:
    """A run opens in a panel where the host can draw one, and a sentence says that nothing runs by itself."""
    page = gallery.page
    page.evaluate(
        """() => {
          const draw = (id) => Object.assign(document.createElement("div"), { className: "drawn", textContent: id });
          host.model.widget_manager = {
            get_model: async (id) => id,
            create_view: async (id) => ({ el: draw(id) }),
          };
        }"""
    )
    gallery.cards.nth(0).click()
    page.get_by_role("button", name="Open in a panel").first.click()
    page.get_by_role("button", name="Open its model").first.click()
    gallery.pump(lambda: len(gallery.gallery.panels) == 1)
    panel = gallery.gallery.panels[0]
    gallery.settle()
    expect(page.locator(".drawn")).to_have_text(str(panel.model_id))
    expect(page.locator(".hosted")).to_contain_text("Nothing is run before you press Run")
    page.get_by_role("button", name="Close the panel").click()
    expect(page.locator(".drawn")).to_have_count(0)
    assert (panel.values["prompt"], panel.status) == ("a lighthouse at dusk", "succeeded")
    panel.close()


def test_the_lineage_leads_to_other_runs(start: Start, tmp_path: Path) -> None:
    """A run names what it was made from and what was made from it; each opens."""
    source = with_files(tmp_path, 1, {"0.png": b""}, prompt="the source", hours=2)
    child = row(2, "the child", hours=1)
    save(tmp_path, [source, replace(child, parents=("1", "77"))])
    gallery = start()
    gallery.cards.nth(0).dblclick()
    family = gallery.page.locator(".family")
    gallery.pump(lambda: "Made from" in family.inner_text())
    expect(family).to_contain_text("Task 77")
    family.get_by_role("button", name="the source").click()
    gallery.pump(lambda: "Used in" in family.inner_text())
    expect(gallery.page.locator(".prompt")).to_have_text("the source")


def test_nothing_of_a_run_becomes_markup(start: Start, tmp_path: Path) -> None:
    """Prompts, names, tags, notes, answers and errors are text, whatever stands in them."""
    evil = "<img src=x onerror='window.hit = 1'><script>window.hit = 1</script>"
    annotations = {"tags": (evil,), "notes": evil}
    save(
        tmp_path,
        [
            with_files(
                tmp_path,
                1,
                {"a.svg": b"<svg onload='window.hit = 1'/>"},
                prompt=evil,
                annotations=annotations,
            ),
            row(2, evil, model=evil, text=evil),
            row(3, evil, outcome="failed", error=evil),
        ],
    )
    gallery = start(text="img")
    for place in range(3):
        gallery.cards.nth(place).dblclick()
        gallery.settle()
        gallery.page.keyboard.press("Escape")
    gallery.page.get_by_role("button", name="Tags").click()
    gallery.settle()
    assert gallery.page.evaluate("() => window.hit") is None
    assert gallery.page.evaluate("() => host.root().querySelectorAll('img[src=x], script').length") == 0


def test_an_empty_history_says_so(start: Start, tmp_path: Path) -> None:
    """Nothing has been run yet: a sentence says what will appear here, and the first run does."""
    gallery = start()
    expect(gallery.page.locator(".nothing")).to_contain_text("No run yet")
    assert gallery.count_words() == "0 runs"
    save(tmp_path, [row(1)])
    gallery.pump(lambda: names(gallery) == ["a lighthouse at dusk"])
    expect(gallery.page.locator(".nothing")).to_be_hidden()


def test_new_runs_appear(start: Start, tmp_path: Path) -> None:
    """A run that another notebook made comes in without a reload, and what was looked at stays where it is."""
    save(tmp_path, [row(number) for number in range(1, 200)])
    gallery = start()
    wall = gallery.page.locator(".wall")
    wall.evaluate("(one) => { one.scrollTop = 2000; }")
    gallery.settle()
    top = gallery.page.evaluate(
        "() => { const root = host.root(); const wall = root.querySelector('.wall').getBoundingClientRect();"
        " const card = [...root.querySelectorAll('.card')].find((one) =>"
        " one.getBoundingClientRect().top > wall.top + 40);"
        " return [card.getAttribute('title'), card.getAttribute('aria-posinset')]; }"
    )
    save(tmp_path, [row(number, "new", hours=0) for number in range(200, 230)])
    gallery.pump(lambda: gallery.count_words() == "229 runs")
    gallery.settle()
    place = int(top[1]) - 1 + 30
    box = gallery.page.locator(f".card[data-place='{place}']").bounding_box()
    frame = wall.bounding_box()
    assert box
    assert frame
    assert frame["y"] - 10 < box["y"] < frame["y"] + frame["height"]


def test_twenty_thousand_runs_scroll(start: Start, tmp_path: Path) -> None:
    """Only the cards in sight are there, wherever one scrolls to; most frames take no more than a moment."""
    save(tmp_path, [row(number, f"number {number}", hours=number / 10) for number in range(1, 20_001)])
    gallery = start()
    gallery.pump(lambda: gallery.count_words() == "20,000 runs")
    wall = gallery.page.locator(".wall")
    median = wall.evaluate(
        """async (wall) => {
          const frame = () => new Promise(requestAnimationFrame);
          const times = [];
          for (let step = 0; step < 12; step++) {
            wall.scrollTop += 700;
            await frame();
            const begun = performance.now();
            await frame();
            times.push(performance.now() - begun);
          }
          return times.sort((a, b) => a - b)[6];
        }"""
    )
    assert median < 500
    wall.evaluate("(one) => { one.scrollTop = one.scrollHeight; }")
    gallery.pump(lambda: "number 20000" in names(gallery))
    assert gallery.page.locator(".card").count() < 150
    wall.press("Home")
    gallery.pump(lambda: names(gallery)[0] == "number 1")
    count_before = len(gallery.panel.sent_messages("items"))
    wall.evaluate(
        """async (wall) => {
          for (let step = 0; step < 40; step++) {
            wall.scrollTop += 9000;
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    assert len(gallery.panel.sent_messages("items")) - count_before <= 6  # not for all that was passed
    gallery.settle()
    assert all(names(gallery))


def test_the_large_view_goes_on_beyond_the_cards_that_are_here(start: Start, tmp_path: Path) -> None:
    """Arrow keys lead to runs whose cards come later; back in the list the card is in sight."""
    save(tmp_path, [row(number, f"number {number}", hours=number) for number in range(1, 201)])
    gallery = start()
    page = gallery.page
    gallery.cards.nth(0).dblclick()
    gallery.settle()
    dialog = page.get_by_role("dialog")
    for _ in range(150):
        page.keyboard.press("ArrowRight")
    gallery.pump(lambda: dialog.locator(".info .prompt").inner_text() == "number 151")
    page.keyboard.press("Escape")
    gallery.pump(lambda: page.locator(".card.focused .title").all_inner_texts() == ["number 151"])
    expect(page.locator(".card.focused")).to_be_in_viewport()


def test_axe_finds_nothing(gallery: GalleryPage) -> None:
    """Neither the cards, the forms of the selection, nor the large view have a violation, in any host's colours."""
    page = gallery.page

    def complaints(state: str) -> dict[Any, list[str]]:
        gallery.settle()
        lines = {}
        for look, width in SIGHTS:
            _look(page, look)
            page.set_viewport_size({"width": width, "height": 900})
            gallery.panel.wait_until_painted()
            lines[state, look, width] = _complaints(gallery.panel, look)
        page.set_viewport_size({"width": 1200, "height": 900})
        return {key: words for key, words in lines.items() if words}

    violations = complaints("cards")
    gallery.cards.nth(0).click()
    page.get_by_role("button", name="Tags").click()
    violations |= complaints("tags")
    for form in ("Note", "Export", "Open in a panel", "Forget"):
        page.get_by_role("button", name=form, exact=True).first.click()
        gallery.settle()
        violations |= complaints(form)
    gallery.cards.nth(1).dblclick()
    violations |= complaints("large")
    page.keyboard.press("Escape")
    gallery.cards.nth(1).click()
    gallery.cards.nth(6).click(modifiers=["Control"])  # a missing file
    page.get_by_role("button", name="Rank").click()
    violations |= complaints("rank")
    assert violations == {}


def test_a_second_view_shows_the_same(gallery: GalleryPage) -> None:
    """Another cell that shows the gallery has the same cards and selection."""
    gallery.panel.open_view()
    gallery.settle()
    assert gallery.page.locator(".card").count() == 20
    gallery.cards.nth(0).click()
    expect(gallery.page.locator(".gallery").nth(1).locator(".card").nth(0)).to_have_attribute(
        "aria-selected", "true"
    )


PANEL = """async ([source, state]) => {
  const { default: factory } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const widget = await factory();
  const model = { get: (name) => state[name], on() {}, off() {}, send() {} };
  const signal = new AbortController().signal;
  widget.initialize?.({ model, signal });
  const el = document.createElement("div");
  el.className = "beside";
  document.body.append(el);
  widget.render({ model, el, signal });
}"""


def test_cards_are_dragged_to_a_panel(gallery: GalleryPage) -> None:
    """The kernel hands the outputs over as what they are, so that a run made from them knows its parents."""
    page = gallery.page
    page.set_viewport_size({"width": 1200, "height": 2400})
    panel = Panel("tencent/hunyuan-flux-srpo", client=gallery.gallery.client)
    assert isinstance(panel.comm, KernelEnd)
    state = {name: value for name, value in panel.comm.state.items() if name != "_esm"}
    page.evaluate(PANEL, [BUNDLE.read_text(encoding="utf-8"), state])
    target = page.locator(".beside [data-field~=inputImage] .drop")
    gallery.cards.nth(1).drag_to(target)
    gallery.pump(lambda: panel.values.get("inputImage"))
    assert panel.values["inputImage"].task_id == "2"
    voice = page.locator(".beside .unseen[role=status]").last
    gallery.pump(lambda: "The first of 4 outputs went to" in voice.inner_text())
    expect(gallery.cards.nth(6)).not_to_have_attribute("draggable", "true")  # its file is gone
    panel.close()


def test_the_output_that_is_shown_is_used_as_input(gallery: GalleryPage) -> None:
    """Of four, the third is opened and handed to a panel; what came of it is said."""
    page = gallery.page
    panel = Panel("tencent/hunyuan-flux-srpo", client=gallery.gallery.client)
    gallery.cards.nth(1).dblclick()
    gallery.settle()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Output 3").click()
    dialog.get_by_role("button", name="Use as input").click()
    gallery.pump(lambda: "It is now" in dialog.locator(".said").inner_text())
    assert panel.values["inputImage"].path.name == "2.png"
    panel.close()
