"""The built bundle in a page with a stub host: what a long log and many lines cost there."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.measure import Promise, Result, alone
from tests.browser import CHROME_ARGS, chromium_path
from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import delta, run, state

LAST = Promise(
    "log of 100,000 lines: the last 1,000 against the first", "ms", "lower", 1.2, "the first 1,000 lines"
)
NODES = Promise("log of 100,000 lines: nodes in the log", "nodes", "lower", 60)
GAP = Promise("main thread at 1,000 events/s: 99th percentile of gaps", "ms", "lower", 50.0)
LONGEST = Promise("main thread at 1,000 events/s: longest gap", "ms", "lower")
PEER_WORK = Promise("work of the main thread: innerHTML += a line", "ms", "lower", None, "ours", peer=True)
PEER_GAP = Promise("longest gap in the page: innerHTML += a line", "ms", "lower", None, "ours", peer=True)
PEER_RATE = 300  # lines a second: at 1,000 the page would not answer any more
MESSAGES = 12  # a second, as the kernel sends them
LINE = "line 0000123 generating tile of the picture, attention slice 7, residual 0.0012345, scheduler euler, all well"
STEP, BULK = 100, 2_000  # lines in one message

# Two frames after each message, so that what was applied is drawn before the next.
FEED = """async ([epoch, start, end, step, words]) => {
  const frame = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  for (let first = start; first < end; first += step) {
    const next = Math.min(first + step, end);
    const rows = Array.from({ length: next - first }, (_, i) => [first + i, (first + i) / 1000, "output", words]);
    await host.tell({ type: "delta", epoch, first, next, rows, dropped: 0 });
    await frame();
  }
}"""
# A clock that ticks as often as a page may, while messages come by a timer as they would from a kernel.
GAPS = """async ([texts, every, act]) => {
  const gaps = [];
  let last = performance.now(), over = false;
  const tick = () => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    if (!over) setTimeout(tick, 0);
  };
  setTimeout(tick, 0);
  const apply = new Function("text", act);
  await new Promise((go) => {
    let next = 0;
    const timer = setInterval(() => {
      apply(texts[next++]);
      if (next === texts.length) { clearInterval(timer); go(); }
    }, every);
  });
  over = true;
  return gaps;
}"""
TELL = "host.model.emit('msg:custom', JSON.parse(text), [])"
APPEND = (
    "const log = (window.log ??= document.body.appendChild(document.createElement('pre')));"
    "log.innerHTML = log.innerHTML + '\\n' + text"
)


def log(lines: int = 100_000, rounds: int = 5) -> list[Result]:
    """Measure the time that the page works for the first and for the last 1,000 lines of a log that is open."""
    with _panel() as panel:
        work, first, last = Work(panel.page), list[float](), list[float]()
        _fed(panel, work, "warm-up", 0, 3_000)
        for number in range(rounds):
            epoch = f"epoch {number}"
            first.append(_fed(panel, work, epoch, 0, 1_000))
            panel.page.evaluate(FEED, [epoch, 1_000, lines - 1_000, BULK, LINE])
            last.append(_fed(panel, work, epoch, lines - 1_000, lines))
        nodes = panel.page.evaluate("() => host.root().querySelectorAll('.rows-window *').length")
    return [Result(LAST, tuple(last), tuple(first)), alone(NODES, [nodes])]


def gaps(seconds: int = 10, rate: int = 1_000) -> list[Result]:
    """Measure how long the main thread does not answer, with our panel and with the vendor's sample pattern."""
    fast, _ = _listen(*_ours(rate, seconds))
    ours, work = _listen(*_ours(PEER_RATE, seconds))
    lines = [LINE] * (PEER_RATE * seconds)
    peer, peer_work = _listen(lines, PEER_RATE, APPEND)
    note = f"{len(lines):,} lines at {PEER_RATE} a second in the same page; the vendor's page does so"
    return [
        alone(GAP, [statistics.quantiles(fast, n=100)[98]]),
        alone(LONGEST, [max(fast)]),
        Result(PEER_WORK, (peer_work,), (work,), note),
        Result(PEER_GAP, (max(peer),), (max(ours),), note),
    ]


def _ours(rate: int, seconds: int) -> tuple[list[str], float, str]:
    """Return the messages that bring lines at this rate, how many of them come in a second, and what takes them."""
    count = rate // MESSAGES
    messages = _messages("gaps", 0, count * MESSAGES * seconds, count)
    return [json.dumps({"v": 1, **one}) for one in messages], MESSAGES, TELL


def _listen(texts: list[str], rate: float, act: str) -> tuple[list[float], float]:
    """Return the gaps of a clock in the page while these texts come, and how many ms the main thread worked."""
    with _panel() as panel:
        work = Work(panel.page)
        before = work.ms()
        gaps: list[float] = panel.page.evaluate(GAPS, [texts, 1000 / rate, act])
        return gaps, work.ms() - before


@contextmanager
def _panel() -> Iterator[PanelPage]:
    """Open a page with a panel whose task is running and whose log is open."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROME_ARGS)
        panel = PanelPage(browser.new_page(viewport={"width": 1200, "height": 900}))
        panel.start(state(status="running"))
        panel.tell(delta([], epoch="begin", run=run()))
        panel.button("Log").click()
        yield panel
        browser.close()


def _messages(epoch: str, first: int, end: int, step: int) -> Iterator[dict[str, Any]]:
    for start in range(first, end, step):
        rows = [[number, number / 1000, "output", LINE] for number in range(start, min(start + step, end))]
        yield delta(rows, first=start, epoch=epoch)


def _fed(panel: PanelPage, work: Work, epoch: str, first: int, end: int) -> float:
    """Return the ms that the page's main thread worked while it took these lines and drew them."""
    before = work.ms()
    panel.page.evaluate(FEED, [epoch, first, end, STEP, LINE])
    return work.ms() - before


class Work:
    """The processor time of a page's main thread, by the browser's own count."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def ms(self) -> float:
        """Return it in ms."""
        metrics = {
            item["name"]: item["value"] for item in self._session.send("Performance.getMetrics")["metrics"]
        }
        return float(metrics["TaskDuration"]) * 1000
