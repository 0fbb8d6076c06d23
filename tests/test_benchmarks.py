"""The benchmarks measure what they say, on sizes that take no time; no clock decides here."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks import (
    browser,
    calls,
    feeding,
    following,
    live_tasks,
    long_history,
    pictures,
    records,
    report,
    runs,
    startup,
    streaming,
    sweeping,
)
from benchmarks.__main__ import PARTS, main
from benchmarks.loading import Server, load_server
from benchmarks.measure import Promise, Result, pairs
from benchmarks.peers import comparison
from benchmarks.peers.world import Cut
from tests.browser import find_chromium

HIGH = Promise("more is better", "a second", "higher", 0.9, "by hand")
LOW = Promise("less is better", "MiB", "lower", 20)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start the load server."""
    with load_server() as running:
        yield running


def test_a_ratio_is_the_median_of_pairs() -> None:
    """One disturbed pair moves neither the ratio nor its spread by much."""
    result = Result(HIGH, (10, 20, 30, 1, 50), (10, 20, 30, 40, 50))
    assert (result.middle, result.spread, result.keeps_promise) == (1, 0, True)


@pytest.mark.parametrize(
    ("ours", "keeps_promise"), [((89, 91, 93), True), ((70, 71, 72), False), ((80, 89, 98), True)]
)
def test_a_promise_is_missed_by_more_than_the_spread(ours: tuple[float, ...], keeps_promise: bool) -> None:
    """What is near enough for the spread is no failure."""
    assert Result(HIGH, ours, (100, 100, 100)).keeps_promise is keeps_promise


def test_a_figure_without_a_floor_is_judged_itself() -> None:
    """Where there is no floor the target is for ours."""
    assert Result(LOW, (19,)).keeps_promise is True
    assert Result(LOW, (21,)).keeps_promise is False


def test_ours_and_the_floor_are_measured_in_turn() -> None:
    """A machine that drifts does so for both, and the warm-up does not count."""
    order: list[str] = []

    def measure(what: str) -> float:
        order.append(what)
        return float(len(order))

    result = pairs(HIGH, lambda: measure("ours"), lambda: measure("floor"), rounds=2)
    assert order == ["ours", "floor"] * 3
    assert (result.ours, result.floor) == ((3, 5), (4, 6))


def test_the_page_has_every_row(tmp_path: Path) -> None:
    """The page names the machine, the floors, what was missed and what the peers need; no path and no host."""
    peer = Promise("polling", "s", "lower", None, "ours", peer=True)
    results = [Result(HIGH, (70,), (100,), "a note"), Result(LOW, (3,)), Result(peer, (3,), (1,))]
    page = tmp_path / "benchmarks.md"
    report.write(results, 61, page)
    text = page.read_text()
    assert "| more is better | 70 a second | 100 (by hand) | 0.7 | ≥ 0.9 | **missed** |" in text
    assert "| less is better | 3 MiB |  |  | ≤ 20 | kept |" in text
    assert "| polling | 3 s | 1 s | 3 |" in text
    assert "- more is better: a note." in text
    assert "`make bench-peers`" in text
    assert "cores" in text
    assert str(Path.home()) not in text


def test_the_page_has_a_column_for_each_client(tmp_path: Path) -> None:
    """A figure has its ratio to ours; counts have none, and a figure that was not taken says so."""
    one, other = (Promise("wait", "ms", "lower", None, "ours", client=name) for name in ("one", "other"))
    lost = Promise("lost", "runs", "lower", None, "ours", client="one")
    results = [Result(one, (30,), (10,), "1.0"), Result(other, (5,), (10,)), Result(lost, (7,), (0,))]
    page = tmp_path / "benchmarks.md"
    report.write(results, 61, page)
    text = page.read_text()
    assert "| what | ours | one | other |" in text
    assert "| wait | 10 ms | 30 (3) | 5 (0.5) |" in text
    assert "| lost | 0 runs | 7 | does not apply |" in text
    assert "- one: 1.0." in text
    assert "`make bench-peers`" not in text


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A part that does not exist ends the run with the names of those that do."""
    with pytest.raises(SystemExit):
        main(["nothing"])
    result = capsys.readouterr().err
    assert [name for name in ("nothing", *PARTS) if name not in result] == []


def test_the_streaming_benchmark_counts_every_line(server: Server) -> None:
    """Both ends have all lines."""
    assert min(streaming.events(server, lines=200, rounds=1).judged_values) > 0
    assert min(streaming.progress(server, lines=200, rounds=1).judged_values) > 0


def test_the_memory_benchmark_runs_in_a_process_of_its_own(server: Server) -> None:
    """It looks at a panel whose rings are as full as they get."""
    assert len(streaming.memory(server, lines=2_000, full=1_000).ours) == 1


def test_the_feeding_benchmark_counts_bytes_and_messages(server: Server) -> None:
    """Ours and both peers have sent something."""
    results = [*feeding.bytes_sent(server, lines=50, rates=(1_000,)), *feeding.peers(server, lines=20)]
    assert all(min(result.ours) > 0 for result in results)


def test_the_benchmark_of_calls_calls(server: Server) -> None:
    """One at a time and several at once, and a file goes up whole."""
    results = [*calls.details(server, calls=20, rounds=1), *calls.upload(server, megabytes=1, rounds=1)]
    assert [len(result.ours) for result in results] == [1, 1, 1, 1]


def test_the_benchmark_of_runs_has_their_pictures(server: Server) -> None:
    """A click in a panel, four outputs, and a list of runs come to their end."""
    results = [
        runs.one(server, rounds=1),
        runs.fetch(server, rounds=1),
        runs.thousand(server, tasks=4, at_once=4),
    ]
    assert all(min(result.judged_values) > 0 for result in results)


def test_the_benchmark_of_many_tasks_follows_them(server: Server) -> None:
    """Each task has its lines, over ws and wss."""
    assert all(len(result.ours) == 1 for result in following.following(server, tasks=3, rounds=1))


def test_the_benchmark_of_the_history_finds_what_is_there_by_hand() -> None:
    """Both ways find the same number of runs."""
    assert [len(result.ours) for result in records.records(count=400, rounds=1)] == [1, 1]


def test_the_benchmark_of_a_long_history_finds_what_is_there_by_hand() -> None:
    """The rows that are made of one template are read, and both ways find the same runs."""
    results = long_history.long_history(count=4_000, rounds=1)
    assert all(min(result.judged_values) > 0 for result in results)


def test_the_benchmark_of_a_sweep_plans_it(server: Server) -> None:
    """Its cells are planned, priced, and looked at while some run."""
    assert all(min(result.ours) > 0 for result in sweeping.sweeping(server, side=8, rounds=1))


def test_the_benchmark_of_the_first_panel_sees_it_open(server: Server) -> None:
    """Each fresh kernel opens a comm and shows the widget."""
    results = startup.first_panels(server, rounds=1, warm_up=0)
    assert all(min(result.judged_values) > 0 for result in results)


def test_the_benchmark_of_live_tasks_counts_their_messages(server: Server) -> None:
    """The displays of a few tasks are updated while they run."""
    result = live_tasks.live_tasks(server, tasks=3, seconds=2)
    assert min(result.ours) > 0


@pytest.fixture(scope="module")
def stand_in() -> Iterator[comparison.StandIn]:
    """Start the stand-ins of the APIs of others."""
    with comparison.stand_in() as running:
        yield running


def test_the_stand_ins_speak(stand_in: comparison.StandIn) -> None:
    """Each brings a picture in the way of its API, and all count what they are asked."""
    stand_in.begin(0.05)
    with httpx.Client(base_url=stand_in.http, trust_env=False, timeout=30) as http:
        prediction = http.post("/replicate/v1/models/bench/one/predictions", json={"input": {"prompt": "a"}})
        assert prediction.json()["status"] == "succeeded"
        receipt = http.post("/fal/bench/one", json={"prompt": "b"}).json()
        while http.get(receipt["status_url"]).json()["status"] != "COMPLETED":
            pass
        picture = http.post("/huggingface/one", json={"inputs": "c"})
        event = http.post(
            "/gradio/gradio_api/queue/join", json={"data": ["d"], "fn_index": 0, "session_hash": "s"}
        ).json()
        events = http.get("/gradio/gradio_api/queue/data", params={"session_hash": "s"}).text
        assert event["event_id"] in events
        assert "process_completed" in events
        urls = [prediction.json()["output"][0], http.get(receipt["response_url"]).json()["images"][0]["url"]]
        pictures = [picture, *map(http.get, urls), http.get("/gradio/gradio_api/file=/tmp/4.png")]
    assert {reply.content[:8] for reply in pictures} == {b"\x89PNG\r\n\x1a\n"}
    report = stand_in.report()
    assert [run["prompt"] for run in report["runs"]] == ["a", "b", "c", "d"]
    assert report["requests"] >= len("abcd") + len(pictures)


def test_a_stand_in_cuts_a_submission_once(stand_in: comparison.StandIn) -> None:
    """The run is paid for, and whoever sends it again pays twice."""
    stand_in.begin(0.05, "submission")
    with httpx.Client(base_url=stand_in.http, trust_env=False, timeout=30) as http:
        with pytest.raises(httpx.TransportError):
            http.post("/fal/bench/one", json={"prompt": "twice"})
        http.post("/fal/bench/one", json={"prompt": "twice"})
    assert [run["prompt"] for run in stand_in.report()["runs"]][-2:] == ["twice", "twice"]


@pytest.mark.parametrize("cut", comparison.CUTS)
def test_our_client_loses_nothing_when_it_is_cut(stand_in: comparison.StandIn, cut: Cut) -> None:
    """The runs come to their end and none is paid twice."""
    figures = comparison.measure_cut(stand_in, comparison.OURS, 3, cut)
    assert list(figures.values()) == [3, 0, 0]


def test_the_benchmark_of_pictures_draws_them() -> None:
    """A thumbnail and a recipe cost something."""
    assert all(min(result.ours) > 0 for result in pictures.pictures(rounds=1))


def test_the_benchmarks_in_a_browser_draw() -> None:
    """A log and a flood are drawn, ours and the vendor's way."""
    find_chromium()
    results = [*browser.log(lines=3_000, rounds=1), *browser.gaps(seconds=1)]
    assert all(min(result.ours) > 0 for result in results)
