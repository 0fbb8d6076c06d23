"""The end of a long run: the tab's title, and what the person has turned on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import delta, run, state, summary

ORIGIN = "https://panel.test/"
# A browser that records what it is asked for, and a person who looks elsewhere.
BROWSER = """(permission) => {
  Object.assign(window, { shown: [], tones: 0, asked: 0 });
  document.hasFocus = () => false;
  window.Notification = class {
    static permission = permission === "denied" ? "denied" : "default";
    static async requestPermission() { window.asked += 1; return (this.permission = permission); }
    constructor(title, options) { window.shown.push([title, options.body]); }
    close() {}
  };
  window.AudioContext = class {
    currentTime = 0;
    destination = {};
    async resume() {}
    createOscillator() {
      return { frequency: {}, connect: (next) => next, start: () => { window.tones += 1; }, stop() {} };
    }
    createGain() {
      const gain = { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} };
      return { gain, connect: (next) => next };
    }
  };
}"""


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """Give the page an origin, so that the browser keeps what it is told."""
    page.route(f"{ORIGIN}**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.goto(ORIGIN)
    page.evaluate("() => localStorage.clear()")
    yield page
    page.unroute(f"{ORIGIN}**")


def start(panel: PanelPage, permission: str = "granted") -> None:
    """Show a panel in a browser that answers so when it is asked."""
    panel.start(state(_card_id="card"))
    panel.page.evaluate(BROWSER, permission)


def let_run(panel: PanelPage, number: int, status: str, elapsed: float) -> None:
    """Let a run be active and then end after so many seconds."""
    for word, seconds in (("running", elapsed / 2), (status, elapsed)):
        facts = run(number=number, status=word, elapsed=seconds, progress=None)
        panel.tell(delta([], run=facts, runs=[summary(number, word)]))  # type: ignore[arg-type] # a status


def titled(panel: PanelPage, title: str) -> None:
    """Wait until the page has this title."""
    panel.page.wait_for_function("(title) => document.title === title", arg=title)


def open_choice(panel: PanelPage) -> None:
    """Open what lies behind "When done"."""
    panel.button("When done").click()
    expect(panel.page.get_by_label("Also play a sound")).to_be_visible()


def test_the_title_says_so_until_somebody_looks(panel: PanelPage) -> None:
    """Several runs count together; the page's own title comes back."""
    start(panel)
    let_run(panel, 1, "succeeded", 14)
    titled(panel, "Done \N{MIDDLE DOT} Panel")
    let_run(panel, 2, "succeeded", 12)
    titled(panel, "2 done \N{MIDDLE DOT} Panel")
    let_run(panel, 3, "failed", 12)
    titled(panel, "2 done, 1 not done \N{MIDDLE DOT} Panel")
    panel.page.evaluate("() => window.dispatchEvent(new Event('focus'))")  # and away again at once
    titled(panel, "2 done, 1 not done \N{MIDDLE DOT} Panel")
    panel.page.evaluate("() => { document.hasFocus = () => true; window.dispatchEvent(new Event('focus')); }")
    titled(panel, "Panel")
    let_run(panel, 4, "succeeded", 20)
    panel.wait_until_painted()
    titled(panel, "Panel")  # somebody looks
    assert panel.page.evaluate("() => [window.shown.length, window.tones, window.asked]") == [0, 0, 0]


def test_a_short_run_and_a_stopped_one_say_nothing(panel: PanelPage) -> None:
    """Nobody has gone away meanwhile, and whoever stopped it knows."""
    start(panel)
    open_choice(panel)  # so that the module is here
    let_run(panel, 1, "succeeded", 9)
    let_run(panel, 2, "cancelled", 60)
    let_run(panel, 3, "succeeded", 10)
    titled(panel, "Done \N{MIDDLE DOT} Panel")


def test_a_title_that_its_page_writes_anew_stays_marked(panel: PanelPage) -> None:
    """As a notebook does when it is saved; the new one is what comes back."""
    start(panel)
    let_run(panel, 1, "succeeded", 14)
    titled(panel, "Done \N{MIDDLE DOT} Panel")
    panel.page.evaluate("() => { document.title = 'Renamed'; }")
    titled(panel, "Done \N{MIDDLE DOT} Renamed")
    panel.page.evaluate(
        "() => { document.hasFocus = () => true; document.dispatchEvent(new Event('visibilitychange')); }"
    )
    titled(panel, "Renamed")


def test_two_panels_share_one_title(panel: PanelPage) -> None:
    """Each has its own copy of the module, and the title has one mark."""
    start(panel)
    let_run(panel, 1, "succeeded", 14)
    titled(panel, "Done \N{MIDDLE DOT} Panel")
    source = (panel.bundle.with_name("alerts.js")).read_text(encoding="utf-8")
    panel.page.evaluate(
        """async (source) => {
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const other = await import(url);
          const list = [{ number: 1, status: "running", prompt: "" }];
          let look;
          const store = {
            runs: { list }, run: { number: 1, elapsed: 30 }, elapsed: 30, topics: { on: (_, act) => { look = act; } },
          };
          other.watch(store, [1], performance.now());
          list[0].status = "succeeded";
          look();
          look();
        }""",
        source,
    )
    titled(panel, "2 done \N{MIDDLE DOT} Panel")
    panel.page.evaluate("() => { document.hasFocus = () => true; window.dispatchEvent(new Event('focus')); }")
    titled(panel, "Panel")


def test_two_views_of_a_panel_tell_once(panel: PanelPage) -> None:
    """The run is the model's, not the view's."""
    start(panel)
    panel.open_view()
    let_run(panel, 1, "succeeded", 14)
    titled(panel, "Done \N{MIDDLE DOT} Panel")


def test_a_run_that_is_not_shown_counts_too(panel: PanelPage) -> None:
    """By the time since the page knew of it."""
    start(panel)
    shown = run(number=2, status="running", elapsed=1.0)
    panel.tell(delta([], run=shown, runs=[summary(1, "running"), summary(2, "running")]))
    panel.page.evaluate(
        "() => { const now = performance.now.bind(performance); performance.now = () => now() + 11_000; }"
    )
    panel.tell(delta([], runs=[summary(1, "succeeded"), summary(2, "running")]))
    titled(panel, "Done \N{MIDDLE DOT} Panel")


def test_a_notification_is_asked_for_on_the_click_alone(panel: PanelPage) -> None:
    """It names model, run and time, and the choice is kept in the browser."""
    start(panel)
    let_run(panel, 1, "succeeded", 14)
    titled(panel, "Done \N{MIDDLE DOT} Panel")
    open_choice(panel)
    box = panel.page.get_by_label("Also show a notification")
    expect(box).not_to_be_checked()
    assert panel.page.evaluate("() => window.asked") == 0
    box.check()
    expect(panel.page.get_by_text("A notification comes").first).to_be_visible()
    assert panel.page.evaluate("() => window.asked") == 1
    let_run(panel, 2, "failed", 75)
    panel.page.wait_for_function("() => window.shown.length === 1")
    title, body = panel.page.evaluate("() => window.shown[0]")
    assert title == "Not done: tencent/hunyuan-flux-srpo"
    assert body == "Run 2 \N{MIDDLE DOT} 1 min 15 s \N{MIDDLE DOT} A lighthouse at dusk"
    panel.page.reload()
    start(panel)
    panel.page.evaluate("() => Notification.requestPermission()")
    open_choice(panel)
    expect(panel.page.get_by_label("Also show a notification")).to_be_checked()
    panel.page.get_by_label("Also show a notification").uncheck()
    let_run(panel, 1, "succeeded", 14)
    titled(panel, "Done \N{MIDDLE DOT} Panel")
    assert panel.page.evaluate("() => window.shown") == []


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("() => { delete window.Notification; }", "cannot show notifications"),
        ("() => { Notification.permission = 'denied'; }", "blocks notifications"),
        ("() => { Notification.requestPermission = async () => 'default'; }", "Not allowed"),
        ("() => { Object.defineProperty(window, 'isSecureContext', { value: false }); }", "https only"),
        ("() => { Notification.requestPermission = () => { throw new Error(); }; }", "cannot show"),
    ],
)
def test_where_there_are_no_notifications_it_says_so(panel: PanelPage, prepare: str, words: str) -> None:
    """The box stays empty, and the title and the sound go on."""
    start(panel)
    panel.page.evaluate(prepare)
    open_choice(panel)
    box = panel.page.get_by_label("Also show a notification")
    box.click()
    expect(panel.page.locator(".alerts-drawer .bad")).to_contain_text(words)
    expect(box).not_to_be_checked()
    panel.page.get_by_label("Also play a sound").check()
    let_run(panel, 1, "succeeded", 14)
    panel.page.wait_for_function("() => window.tones === 4")  # two when it was turned on
    titled(panel, "Done \N{MIDDLE DOT} Panel")


def test_where_the_browser_keeps_nothing(panel: PanelPage) -> None:
    """As in a frame without storage: the choice holds for this page, in all its panels, and it says so."""
    start(panel)
    panel.page.evaluate(
        "() => Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })"
    )
    open_choice(panel)
    panel.page.get_by_label("Also play a sound").check()
    expect(panel.page.locator(".alerts-drawer .said")).to_contain_text("it holds for this page")
    let_run(panel, 1, "succeeded", 14)
    panel.page.wait_for_function("() => window.tones === 4")


def test_where_there_is_no_sound(panel: PanelPage) -> None:
    """The box stays empty."""
    start(panel)
    panel.page.evaluate("() => { window.AudioContext = undefined; }")
    open_choice(panel)
    panel.page.get_by_label("Also play a sound").click()
    expect(panel.page.locator(".alerts-drawer .bad")).to_have_text("This page cannot play sounds.")
    expect(panel.page.get_by_label("Also play a sound")).not_to_be_checked()


def test_the_drawer_closes_where_it_was_opened(panel: PanelPage) -> None:
    """By Escape and by its own button."""
    start(panel)
    open_choice(panel)
    panel.page.get_by_label("Also play a sound").focus()
    panel.page.keyboard.press("Escape")
    expect(panel.button("When done")).to_be_focused()
    open_choice(panel)
    panel.button("Close").click()
    expect(panel.page.get_by_label("Also play a sound")).to_be_hidden()
