"""What a host may do with the panel: draw it, draw it again, take it away, lose its kernel."""

import pytest
from playwright.sync_api import expect

from tests.frontend.panel_page import BUNDLE, PanelPage
from tests.frontend.payloads import delta, image, output, rows, run, snapshot, state, summary

MISSING_KEY = {"kind": "error", "title": "No API key was found", "text": "Set WIRO_API_KEY."}
GONE = "The kernel was restarted or is gone: run the cell again."
COUNT = """() => {
  window.alive = 0;
  window.addresses = 0;
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (...what) => (window.addresses++, createObjectURL.apply(URL, what));
  URL.revokeObjectURL = (...what) => (window.addresses--, revokeObjectURL.apply(URL, what));
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (name, act, options) {
    const signal = options?.signal;
    if (signal && !signal.aborted) {
      window.alive++;
      add.call(signal, "abort", () => window.alive--, { once: true });
    }
    return add.call(this, name, act, options);
  };
}"""


def test_no_form_yet_is_quiet(panel: PanelPage) -> None:
    """The model is loading, and says so without alarm."""
    panel.start(state(_form={}))
    expect(panel.page.get_by_text("Loading the model's parameters")).to_be_visible()
    panel.update(**state())
    expect(panel.button("Run")).to_be_visible()


def test_a_notice_without_a_form_stands_alone(panel: PanelPage) -> None:
    """Why there are no controls is the only thing to say."""
    panel.start(state(_form={}))
    panel.tell(delta([], run=run(status="failed", notice=MISSING_KEY)))
    expect(panel.page.get_by_text("No API key was found", exact=True)).to_be_visible()
    expect(panel.button("Run")).to_have_count(0)


def test_a_page_compiles_the_bundle_once(panel: PanelPage) -> None:
    """A host imports the module anew for each model and gets the same one; what a model knows stays its own."""
    panel.start(state())
    other = """async ([source, state]) => {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const again = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const [{ default: one }, { default: other }] = [await import(url), await import(again)];
      const el = document.body.appendChild(document.createElement("div"));
      const model = Object.assign(Object.create(host.model), { state, listeners: [], sent: [] });
      other().render({ model, el });
      return one === other;
    }"""
    values = {"prompt": "another panel"}
    assert panel.page.evaluate(other, [BUNDLE.read_text("utf-8"), state(values=values)])
    prompts = panel.page.locator("[data-field=prompt] textarea")
    expect(prompts.last).to_have_value("another panel")
    expect(prompts.first).not_to_have_value("another panel")


def test_a_panel_that_is_placed_later_is_as_dark_as_its_page(panel: PanelPage) -> None:
    """JupyterLab draws a view before it has a place in the page, and tells of no color scheme."""
    panel.start(state())
    scheme = """() => new Promise((resolve) => {
      document.documentElement.style.setProperty("--jp-layout-color1", "rgb(17, 17, 17)");
      const el = document.createElement("div");
      host.widget.render({ model: host.model, el });
      setTimeout(() => resolve(document.body.appendChild(el)), 50);
    })"""
    panel.page.evaluate(f"async () => {{ await ({scheme})(); }}")
    panel.page.wait_for_function(
        "() => document.body.lastElementChild.firstElementChild.style.colorScheme === 'dark'"
    )


def test_a_lost_kernel_is_told_in_words(panel: PanelPage) -> None:
    """A message that cannot be sent leaves a sentence, and the panel stands."""
    panel.start(state())
    panel.page.evaluate("() => { host.model.gone = true; }")
    panel.button("Run").click()
    expect(panel.page.get_by_role("alert")).to_have_text(GONE)
    expect(panel.page.locator(".pill")).to_have_text("No kernel")
    expect(panel.field("prompt")).to_be_visible()


def test_a_restarted_kernel_is_noticed_without_a_click(panel: PanelPage) -> None:
    """A model is told that its comm died; the panel asks and finds nobody."""
    panel.start(state())
    panel.tell(snapshot([]))
    panel.page.evaluate("() => { host.model.gone = true; host.model.emit('comm_live_update'); }")
    expect(panel.page.get_by_role("alert")).to_have_text(GONE)


@pytest.mark.parametrize("signal", [True, False])
def test_a_closed_view_leaves_nothing_behind(panel: PanelPage, *, signal: bool) -> None:
    """Two hundred views come and go; no listener, node or address stays, with the host's signal or without."""
    panel.start(state(), signal=signal)
    runs = [summary(1, "running"), summary(2, "succeeded")]
    panel.tell(delta([], run=run(status="succeeded", outputs=[output("1-0", "0.png")]), runs=runs))
    for role in ("thumb", "full"):
        panel.tell(image("1-0", role), {"hue": 20})
    panel.page.evaluate(COUNT)
    _open_and_close(panel, 5)  # what is made once, such as the browser's own parts of controls, is there then
    listeners = panel.page.evaluate("() => host.model.listeners.length")
    before = _counters(panel)
    _open_and_close(panel, 200)
    after = _counters(panel)
    assert panel.page.evaluate("() => [window.alive, window.addresses]") == [0, 0]
    assert panel.page.evaluate("() => host.model.listeners.length") == listeners
    assert after["jsEventListeners"] - before["jsEventListeners"] < 200
    assert after["nodes"] - before["nodes"] < 1000  # one view alone has some 400
    assert panel.page.locator(".wiro-widgets").count() == 1


def _open_and_close(panel: PanelPage, count: int) -> None:
    """Draw views and take them away; each is used a little, as listeners may be made only then."""
    panel.page.evaluate(
        """async (count) => {
          for (let i = 0; i < count; i++) {
            host.open();
            const at = host.views.length - 1;
            if (i % 5 === 0) for (const one of host.root(at).querySelectorAll(".fold, .large")) one.click();
            host.close(at);
            if (i % 20 === 0) await new Promise((go) => requestAnimationFrame(go));
          }
          host.views.length = 1;
        }""",
        count,
    )


def _counters(panel: PanelPage) -> dict[str, int]:
    """Ask Chromium how much is alive once the rubbish is collected."""
    session = panel.page.context.new_cdp_session(panel.page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    counters: dict[str, int] = session.send("Memory.getDOMCounters")
    session.detach()
    return counters


def test_the_views_that_stay_go_on(panel: PanelPage) -> None:
    """Closing the first view takes nothing from the second."""
    panel.start(state())
    panel.open_view()
    panel.page.evaluate("() => host.close(0)")
    panel.tell(delta(rows((0.0, "queue", "Waiting"))))
    expect(panel.page.locator(".last")).to_have_text("Waiting")


def test_a_host_without_initialize_draws_all_the_same(panel: PanelPage) -> None:
    """The store is made with the first view then."""
    panel.start(state(), initialize=False)
    panel.button("Run").click()
    assert len(panel.await_sent("run")) == 1


def test_closing_the_model_lets_go_of_it(panel: PanelPage) -> None:
    """No listener of the store stays on the model."""
    panel.start(state())
    panel.page.evaluate("() => { host.close(0); host.controller.abort(); }")
    assert panel.page.evaluate("() => host.model.listeners.length") == 0


def test_an_error_while_drawing_is_a_sentence(panel: PanelPage) -> None:
    """A form of another shape does not leave an empty cell."""
    panel.start(state(_form={"v": 9, "groups": None}))
    expect(panel.page.get_by_role("alert")).to_contain_text("The panel could not be drawn")
    assert len(panel.problems) == 1
    panel.problems.clear()


def test_an_error_in_a_later_frame_is_a_sentence(panel: PanelPage) -> None:
    """The same for what arrives after the first drawing."""
    panel.start(state())
    panel.update(_form={"v": 9, "groups": [None]})
    expect(panel.page.get_by_role("alert")).to_contain_text("The panel could not be drawn")
    panel.problems.clear()


@pytest.mark.parametrize("width", [360, 600, 1200, 1600])
def test_nothing_overflows(panel: PanelPage, width: int) -> None:
    """No sideways scrolling from 360 to 1600 pixels."""
    panel.page.set_viewport_size({"width": width, "height": 800})
    panel.start(state())
    assert panel.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert panel.view().evaluate("(panel) => panel.scrollWidth <= panel.clientWidth")


def test_the_host_is_asked_for_nothing(panel: PanelPage) -> None:
    """No request to any address: fonts, styles and code are in the bundle."""
    requests: list[str] = []
    panel.page.on("request", lambda request: requests.append(request.url))
    panel.start(state())
    assert [url for url in requests if not url.startswith("blob:")] == []


def test_a_host_without_initialize_closes_what_it_drew(panel: PanelPage) -> None:
    """The cleanup that render returns is enough."""
    panel.start(state(), initialize=False, signal=False)
    panel.page.evaluate("() => host.close(0)")
    assert panel.page.locator(".wiro-widgets").count() == 0


def test_a_living_view_hides_its_static_card(panel: PanelPage) -> None:
    """The card that stands for the panel elsewhere is hidden while any view lives, and comes back after."""
    panel.start(state(_card_id="c1"))
    markup = "<p class=wiro-card data-card=c1>card"
    panel.page.evaluate("(card) => document.body.insertAdjacentHTML('beforeend', card)", markup)
    panel.open_view()
    card = panel.page.get_by_text("card", exact=True)
    expect(card).to_be_hidden()
    expect(panel.page.locator("[data-wiro-live=c1]")).to_have_count(2)
    panel.page.evaluate("() => host.close(0)")
    expect(card).to_be_hidden()
    panel.page.evaluate("() => host.close(1)")
    expect(card).to_be_visible()
    expect(panel.page.locator("[data-wiro-live]")).to_have_count(0)


def test_a_view_that_nobody_ever_answered_gives_way_to_its_card(panel: PanelPage) -> None:
    """In an exported page the card is the better picture; a kernel that speaks up brings the view back."""
    panel.page.clock.install()
    panel.start(state(_card_id="c1"))
    still = "<p class=wiro-card data-card=c1>card</p>"
    panel.page.evaluate("(card) => document.body.insertAdjacentHTML('beforeend', card)", still)
    panel.page.clock.run_for(4_000)
    card = panel.page.get_by_text("card", exact=True)
    expect(card).to_be_visible()
    expect(panel.button("Run")).to_be_hidden()
    panel.tell(snapshot([]))
    panel.page.clock.run_for(100)
    expect(panel.button("Run")).to_be_visible()
    expect(card).to_be_hidden()


def test_the_status_is_that_of_the_run_that_is_shown(panel: PanelPage) -> None:
    """Several runs may be active; the newest one's status says nothing about an earlier one that is looked at."""
    panel.start(state(status="running"))
    panel.tell(delta([], run=run(status="succeeded", elapsed=3.0)))
    expect(panel.page.locator(".pill")).to_have_text("Done · 3.0 s")
    expect(panel.button("Stop")).to_be_hidden()
