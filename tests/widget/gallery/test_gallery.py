"""Gallery: what Python and the page can do with the runs of the journal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import traitlets

from tests.frontend.gallery_runs import row, save
from tests.widget.gallery.conftest import QUERY, AddRun, MakeGallery, choose
from tests.widget.wire.page import Wire
from wiro_widgets import Client, ConfigurationError, Gallery, Sandbox
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query

WireOf = Callable[[Gallery], Wire]


def find(wire: Wire, **query: Any) -> dict[str, Any]:
    """Ask for runs as the page does, and return the answer."""
    return wire.ask("find", rev=len(wire.traffic) + 1, **(QUERY | query))


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids of the cards of an answer."""
    return [card["id"] for card in answer["items"]]


def test_the_page_gets_runs_newest_first_by_days(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf
) -> None:
    """A question without words is answered with all runs, the days they fall on, and the first cards."""
    first, second = add_run("one"), add_run("two", pictures=3)
    wire = wire_of(gallery_of())
    answer = find(wire)
    assert ids(answer) == [second, first]
    assert (answer["count"], answer["whole"], answer["notes"]) == (2, True, [])
    assert answer["days"] == [[date.today().isoformat(), 2]]  # noqa: DTZ011 - the day on this clock
    card = answer["items"][0]
    assert (card["prompt"], card["kind"], card["count"], card["task"]) == ("two", "picture", 3, "2")
    wire.until(lambda: wire.messages("choices"))
    assert wire.messages("choices")[0]["models"] == [["tencent/hunyuan-flux-srpo", 2]]


def test_search_and_filters(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, journal: Journal
) -> None:
    """Words, models, outcomes, star, tags, days and cost narrow the list down."""
    fox = add_run("A red fox", total_cost=0.5)
    failed = add_run("an owl", model="a/b", outcome="failed", error="CUDA out of memory")
    journal.annotate(fox, star=True, tags=("best",), notes="for the cover")
    wire = wire_of(gallery_of())
    assert ids(find(wire, text="FOX red")) == ids(find(wire, text="cover")) == [fox]
    assert ids(find(wire, models=["a/b"])) == ids(find(wire, outcomes=["failed", "nonsense"])) == [failed]
    assert ids(find(wire, star=True)) == ids(find(wire, tags=["best"])) == ids(find(wire, low=0.1)) == [fox]
    today = date.today()  # noqa: DTZ011 - the day on this clock
    assert len(ids(find(wire, since=today.isoformat(), until=today.isoformat()))) == 2
    assert ids(find(wire, since=(today + timedelta(days=1)).isoformat())) == []
    assert len(ids(find(wire, since="not a day", until="9999-99-99"))) == 2
    for strange in ('"', '""', "a" * 999, "x y " * 249, "\0abc", 'fo"x', "(fox) OR -red:*^", "\ud800fox"):
        assert find(wire, text=strange)["error"] is None
    assert "newest 20,000" in find(wire, text="ow")["notes"][0]


def test_the_gallerys_own_query_holds_for_the_page(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf
) -> None:
    """What Python left out is not found by the page either."""
    add_run("a fox")
    owl = add_run("an owl", model="a/b")
    gallery = gallery_of(model="a/b")
    wire = wire_of(gallery)
    assert ids(find(wire)) == [owl]
    assert ids(find(wire, text="fox")) == []
    assert wire.traits["_facts"]["query"] == "a/b"


def test_further_cards_come_by_place(add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf) -> None:
    """A page asks for the cards that it scrolls to, and for ids of a range that it selects."""
    runs = [add_run(f"number {place}", pictures=0) for place in range(5)][::-1]
    wire = wire_of(gallery_of())
    listing = find(wire)["listing"]
    answer = wire.ask("items", rev=90, listing=listing, first=1, count=2)
    assert (ids(answer), answer["first"]) == (runs[1:3], 1)
    assert wire.ask("items", rev=91, listing=listing + 50, first=1, count=2)["items"] == []
    assert wire.ask("ids", rev=92, listing=listing, first=0, count=10_000)["ids"] == runs


def test_a_look_says_what_is_new(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, journal: Journal
) -> None:
    """A page that looks again gets a new list only if something changed, and the place of what it looked at."""
    first = add_run("one")
    wire = wire_of(gallery_of())
    listing = find(wire)["listing"]
    assert wire.ask("look", rev=50, listing=listing, anchor=0)["listing"] is None
    add_run("two")
    answer = wire.ask("look", rev=51, listing=listing, anchor=0)
    assert (answer["count"], answer["anchor"]) == (2, 1)
    assert wire.ask("look", rev=52, listing=answer["listing"], anchor=0)["listing"] is None
    journal.annotate(first, star=True)
    assert wire.ask("look", rev=53, listing=answer["listing"], anchor=0)["listing"] is not None


def test_small_pictures_are_made_on_demand(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, tmp_path: Path
) -> None:
    """A thumbnail comes as bytes with the extent of the picture; a file that is gone is said to be so."""
    run_id = add_run(pictures=2)
    wire = wire_of(gallery_of())
    (tmp_path / "outputs" / "1" / "1.png").unlink()
    wire.say("thumbs", ids=[f"{run_id}/0", f"{run_id}/1", f"{run_id}/7", "nobody/0", "x"])
    wire.until(lambda: wire.messages("image"))
    facts = {item["id"]: item for item in wire.messages("image")[0]["images"]}
    assert (facts[f"{run_id}/0"]["width"], facts[f"{run_id}/0"]["height"]) == (640, 480)
    assert wire.pictures("thumb")[f"{run_id}/0"].startswith(b"\xff\xd8\xff")
    assert "is no longer at" in facts[f"{run_id}/1"]["missing"]
    assert facts[f"{run_id}/7"]["missing"] == "was not downloaded"
    assert facts["nobody/0"]["missing"] == "is no longer in the history"


def test_a_changed_file_is_not_shown_for_the_run(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, tmp_path: Path
) -> None:
    """Another picture under the same name answers for nothing, also while the cache has the first."""
    run_id = add_run()
    wire = wire_of(gallery_of())
    wire.say("thumbs", ids=[f"{run_id}/0"])
    wire.until(lambda: wire.messages("image"))
    (tmp_path / "outputs" / "1" / "0.png").write_bytes(b"other bytes")
    wire.say("thumbs", ids=[f"{run_id}/0"])
    wire.until(lambda: len(wire.messages("image")) == 2)
    assert "was changed at" in wire.messages("image")[1]["images"][0]["missing"]


def test_an_imported_run_opens_no_file_elsewhere(
    client: Client,
    gallery_of: MakeGallery,
    wire_of: WireOf,
    journal: Journal,
    add_run: AddRun,
    tmp_path: Path,
) -> None:
    """The author of an imported history chose the paths: outside of the output folder none is opened, nor deleted."""
    run_id = add_run()
    private = tmp_path / "private.png"
    (tmp_path / "outputs" / "1" / "0.png").rename(private)
    row = journal.row(run_id)
    assert row is not None
    journal.forget(run_id)
    client.history.export_to(tmp_path / "h.jsonl")
    from dataclasses import replace  # noqa: PLC0415 - this test alone

    journal.adopt([replace(row, paths=(str(private),), files=())], {})
    wire = wire_of(gallery_of())
    wire.say("thumbs", ids=[f"{run_id}/0"])
    wire.until(lambda: wire.messages("image"))
    assert "outside of the output folder" in wire.messages("image")[0]["images"][0]["missing"]
    assert wire.pictures("thumb")[f"{run_id}/0"] == b""
    wire.say("image", id=f"{run_id}/0")
    wire.until(lambda: wire.messages("reply"))
    assert "outside of the output folder" in wire.messages("reply")[0]["error"]


def test_details(add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf) -> None:
    """The large view has the whole prompt, the facts, the values, the recipe and all outputs."""
    run_id = add_run(
        "x" * 5_000, pictures=2, files={"notes.txt": b"hello"}, total_cost=0.0035, elapsed_seconds=18.2
    )
    wire = wire_of(gallery_of())
    details = wire.ask("details", rev=7, id=run_id)["details"]
    assert details["prompt"] == "x" * 5_000
    assert ["Cost", "$0.0035"] in details["facts"]
    assert ["steps", "20"] in details["values"]
    assert '"seed": 1' in details["recipe"]
    assert [output["id"] for output in details["outputs"]] == [f"{run_id}/{place}" for place in range(3)]
    assert (details["outputs"][0]["width"], details["outputs"][2]["text"]) == (640, "hello")
    wire.say("image", id=f"{run_id}/0")
    wire.until(lambda: f"{run_id}/0" in wire.pictures("full"))
    assert wire.pictures("full")[f"{run_id}/0"].startswith(b"\x89PNG")
    assert "no longer" in wire.ask("details", rev=8, id="nobody")["error"]


def test_star_tags_and_notes_of_several_runs(
    client: Client, add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf
) -> None:
    """What the page says of runs stands in the history, and the reply has their cards."""
    runs = [add_run("one"), add_run("two")]
    wire = wire_of(gallery_of())
    cards = wire.ask("mark", rev=1, ids=runs, on=True)["cards"]
    assert [card["star"] for card in cards] == [True, True]
    wire.ask("tag", rev=2, ids=runs, add=["  best   of ", "", "best of", "x"], remove=[])
    wire.ask("tag", rev=3, ids=runs[:1], add=[], remove=["x"])
    wire.ask("note", rev=4, ids=runs[1:], text=" for Anna ")
    first, second = client.history["1"], client.history["2"]
    assert (first.star, first.tags, first.note) == (True, ("best of",), "")
    assert (second.star, second.tags, second.note) == (True, ("best of", "x"), "for Anna")


def test_the_selection_is_a_trait(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, client: Client
) -> None:
    """Python sees what the page selects, in that order, and the page sees what Python selects; a link carries it."""
    first, second = add_run("one"), add_run("two")
    gallery, other = gallery_of(), gallery_of()
    wire = wire_of(gallery)
    changes: list[Any] = []
    gallery.observe(changes.append, names="selected")
    assert gallery.selected == []
    wire.say("select", rev=1, ids=[second, first, "nobody"])
    wire.until(lambda: wire.traits.get("selected") == [second, first])
    assert [record.task_id for record in gallery.selected] == ["2", "1"]
    assert [record.prompt for record in changes[0]["new"]] == ["two", "one"]
    traitlets.link((gallery, "selected"), (other, "selected"))
    assert [record.task_id for record in other.selected] == ["2", "1"]
    choose(gallery, [client.history["1"]])
    assert wire.traits["selected"] == [first]
    choose(gallery, ["2", "77"])
    assert [record.task_id for record in other.selected] == ["2"]
    for wrong in ("2", 2, [2]):
        with pytest.raises(traitlets.TraitError):
            choose(gallery, wrong)


def test_find_and_to_pandas(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, client: Client
) -> None:
    """Python looks through the same runs as the page; the table has what the page shows now."""
    add_run("a fox")
    add_run("an owl")
    add_run("a fox", model="a/b")
    gallery = client.history.gallery(model="tencent/hunyuan-flux-srpo")
    assert isinstance(gallery, Gallery)
    gallery.close()
    gallery = gallery_of(model="tencent/hunyuan-flux-srpo")
    assert [record.task_id for record in gallery.find()] == ["2", "1"]
    assert [record.task_id for record in gallery.find("FOX")] == ["1"]
    assert gallery.find(outcome="failed") == gallery.find(since=date.max - timedelta(days=2)) == []
    assert len(gallery.find(limit=1)) == 1
    assert list(gallery.to_pandas()["task_id"]) == ["2", "1"]
    find(wire_of(gallery), text="owl")
    assert list(gallery.to_pandas(expand=True)["param.steps"]) == [20]
    with pytest.raises(ValueError, match="'nonsense' is no outcome"):
        gallery.find(outcome="nonsense")


def test_a_wrong_query_is_refused(client: Client) -> None:
    """A slip of the pen is an error and not an empty gallery."""
    for query in ({"starred": "yes"}, {"tags": 3}, {"since": "soon"}, {"model": [1]}):
        with pytest.raises(ValueError, match=next(iter(query)).replace("starred", "star").rstrip("s")):
            Gallery(client, **query)


def test_messages_of_an_unknown_shape_are_ignored(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, caplog: pytest.LogCaptureFixture
) -> None:
    """A page is not trusted: what it sends is read by the shape of its message, and no trait but one can be set."""
    run_id = add_run()
    gallery = gallery_of()
    wire = wire_of(gallery)
    wire.say("run", rev=1, values={})
    wire.say("mark", rev=1, ids="all", on=True)
    wire.say("thumbs", ids=[1])
    wire.say("find", rev=1, **(QUERY | {"low": float("nan")}))
    assert len(caplog.records) == 4
    gallery.set_state({"_facts": {}, "_esm": "alert(1)", "selected": [run_id]})
    wire.until(lambda: wire.traits.get("selected") == [run_id])
    assert gallery._esm != "alert(1)"
    assert gallery._facts["v"] == 1


def test_a_panel_of_the_selected_run(add_run: AddRun, gallery_of: MakeGallery) -> None:
    """`panel` opens the first selected run, or the newest; without any it says so."""
    gallery = gallery_of()
    with pytest.raises(ConfigurationError, match="no run"):
        gallery.panel()
    add_run("one")
    add_run("two")
    with_newest = gallery.panel()
    choose(gallery, ["1"])
    panel = gallery.panel()
    assert (panel.values["prompt"], with_newest.values["prompt"]) == ("one", "two")
    panel.close()
    with_newest.close()


def test_closing_twice_is_fine(add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf) -> None:
    """A closed gallery answers nothing, and its journal goes on."""
    add_run()
    gallery = gallery_of()
    wire = wire_of(gallery)
    gallery.close()
    gallery.close()
    wire.say("thumbs", ids=["x/0"])
    add_run()
    assert repr(gallery) == "<Gallery of all runs: 0 selected>"


def test_export_writes_files_and_a_table(add_run: AddRun, gallery_of: MakeGallery, tmp_path: Path) -> None:
    """The selection, or all that is shown, is copied under names of a pattern, with a line for each file."""
    add_run("=a fox", pictures=2, total_cost=0.5)
    add_run("an owl", pictures=0, files={"0.mp4": b"\0\0\0\x18ftypmp42"})
    gallery = gallery_of()
    folder = tmp_path / "target"
    assert len(gallery.export(folder)) == 3
    choose(gallery, ["1"])
    paths = gallery.export(folder, "{prompt:.40}-{seed}-{index}")
    assert (
        sorted(path.name for path in paths) == ["a fox-1-0 (2).png", "a fox-1-1 (2).png"] or len(paths) == 2
    )
    assert len(list(folder.glob("*.png"))) == 4
    lines = (folder / "runs (2).csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("file_name,index,task_id,model,prompt,seed")
    assert "'=a fox" in lines[1]
    assert lines[0].endswith("param.prompt,param.steps,param.seed")


def test_export_as_a_dataset(add_run: AddRun, gallery_of: MakeGallery, tmp_path: Path) -> None:
    """An image folder has only pictures and metadata.jsonl; a second one is not mixed into it."""
    import json  # noqa: PLC0415 - this test alone

    add_run("a fox")
    add_run("a film", pictures=0, files={"0.mp4": b"\0\0\0\x18ftypmp42"})
    gallery = gallery_of()
    folder = tmp_path / "dataset"
    (path,) = gallery.export(folder, dataset=True)
    line = json.loads((folder / "metadata.jsonl").read_text(encoding="utf-8"))
    assert (line["file_name"], line["text"]) == (path.name, "a fox")
    with pytest.raises(ConfigurationError, match=r"metadata\.jsonl already"):
        gallery.export(folder, dataset=True)


@pytest.mark.parametrize("prompt", ["../../evil", "/etc/passwd", "a/b\\c", "CON", "..", "\0", "x" * 5_000])
def test_export_stays_in_its_folder(
    add_run: AddRun, gallery_of: MakeGallery, tmp_path: Path, prompt: str
) -> None:
    """Whatever a prompt holds, the file is in the folder; what stands there is left, links are not followed."""
    add_run(prompt)
    gallery = gallery_of()
    folder = tmp_path / "target"
    folder.mkdir()
    (folder / "runs.csv").symlink_to(tmp_path / "elsewhere.csv")
    (path,) = gallery.export(folder, "{prompt}")
    assert path.resolve().parent == folder.resolve()
    assert not (tmp_path / "elsewhere.csv").exists()
    assert sorted(file.name for file in folder.iterdir()) == sorted([path.name, "runs (2).csv", "runs.csv"])


def test_export_refuses_what_it_cannot_do(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, tmp_path: Path
) -> None:
    """A file as a folder, an unknown field and an empty name are errors in words; a missing picture is left out."""
    run_id = add_run(pictures=2)
    (tmp_path / "outputs" / "1" / "0.png").unlink()
    wire = wire_of(gallery_of())
    facts = {"ids": [run_id], "name": "", "dataset": False}
    (tmp_path / "file").write_text("")
    assert "is a file" in wire.ask("export", rev=1, folder=str(tmp_path / "file"), **facts)["error"]
    assert "Name a folder" in wire.ask("export", rev=2, folder=" ", **facts)["error"]
    unknown = wire.ask("export", rev=3, folder=str(tmp_path / "t"), **{**facts, "name": "{sead}"})
    assert "sead" in unknown["error"]
    wide = wire.ask("export", rev=5, folder=str(tmp_path / "t"), **{**facts, "name": "{seed:>9999999999}"})
    assert "too long" in wide["error"]
    text = wire.ask("export", rev=6, folder=str(tmp_path / "t"), **facts)["text"]
    assert text.startswith(f"1 file in {tmp_path / 't'}; 1 output missing")


def test_forget(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, tmp_path: Path, client: Client
) -> None:
    """Runs leave the history, the index and the cache; their files go only if that is asked for."""
    first, second, third = add_run("one"), add_run("two"), add_run("three")
    wire = wire_of(gallery_of())
    wire.say("thumbs", ids=[f"{first}/0"])
    wire.until(lambda: wire.messages("image"))
    assert wire.ask("forget", rev=1, ids=[first], files=False)["text"] == "1 run forgotten"
    wire.ask("forget", rev=2, ids=[second, "nobody"], files=True)
    assert [record.task_id for record in client.history] == ["3"]
    assert (tmp_path / "outputs" / "1" / "0.png").exists()
    assert not (tmp_path / "outputs" / "2" / "0.png").exists()
    assert ids(find(wire)) == [third]
    answer = find(wire, text="one")
    assert answer["count"] == 0


@pytest.mark.filterwarnings("ignore:The run journal")
def test_a_damaged_journal_is_why_there_are_no_runs(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, journal: Journal
) -> None:
    """The page says what became of the runs, and goes on with those that come."""
    add_run("before")
    wire = wire_of(gallery_of())
    assert find(wire)["notes"] == []
    path = journal.path
    assert path is not None
    journal.close()
    path.write_bytes(b"\xff" * 20_000)
    answer = find(wire)
    assert answer["count"] == 0
    assert "was damaged and is kept as" in answer["notes"][0]
    later = add_run("after")
    answer = find(wire)
    assert (ids(answer), answer["notes"]) == ([later], [])


@pytest.mark.parametrize("is_open", [True, False])
def test_what_python_forgets_leaves_nothing_beside_the_journal(
    add_run: AddRun,
    gallery_of: MakeGallery,
    wire_of: WireOf,
    tmp_path: Path,
    client: Client,
    *,
    is_open: bool,
) -> None:
    """Prompt and small picture go at once, whether a gallery is open or not; those of other runs stay."""
    secret, other = add_run("SECRETLIGHTHOUSE"), add_run("an OWLINTHENIGHT", pictures=2)
    gallery = gallery_of()
    wire = wire_of(gallery)
    find(wire)
    wire.say("thumbs", ids=[f"{secret}/0", f"{other}/1"])
    wire.until(lambda: sum(len(message["images"]) for message in wire.messages("image")) == 2)
    if not is_open:
        gallery.close()

    def words() -> bytes:
        folder = tmp_path / "gallery-of-journal.sqlite3"
        return b"".join(file.read_bytes() for file in folder.iterdir()).lower()

    client.history.forget("1")
    assert secret.encode() not in words()
    assert b"secretlighthouse" not in words()
    assert other.encode() in words()
    assert b"owlinthenight" in words()


def test_the_program_of_a_run_has_the_path_of_an_earlier_output(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, tmp_path: Path, journal: Journal
) -> None:
    """An input that is an output of the history is found there; of any other the journal has the name alone."""
    first = add_run("a fox")
    [entry] = journal.rows(Query(id=first))[0].files
    entry_in_journal = {"file": "0.png", "size": entry.size, "sha256": entry.sha256}
    other = {"file": "holiday.png", "size": 3, "sha256": "0"}
    later = row(2, "at night")
    assert later.record is not None
    record = replace(later.record, parents=("1",))
    save(tmp_path, [replace(later, parameters={"inputImage": [entry_in_journal, other]}, record=record)])
    program = wire_of(gallery_of()).ask("code", rev=1, id=later.id)["text"]
    assert str(tmp_path / "outputs" / "1" / "0.png") in program
    assert "# The run was made with 'holiday.png': put it in this folder" in program


def test_what_is_gone_cannot_be_annotated(add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf) -> None:
    """Another kernel has forgotten what is selected here: the page says so, and not that it was done."""
    run_id = add_run()
    gallery = gallery_of()
    wire = wire_of(gallery)
    gallery.client.history.forget("1")
    assert "no longer in the history" in wire.ask("mark", rev=1, ids=[run_id], on=True)["error"]


def test_a_run_is_opened_in_a_panel(add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf) -> None:
    """The page gets the widget's id; another model gets the values that fit it, and nothing is run."""
    run_id = add_run("a fox")
    gallery = gallery_of()
    wire = wire_of(gallery)
    answer = wire.ask("panel", rev=1, id=run_id, model="")
    (panel,) = gallery.panels
    assert (answer["panel"], panel.values["prompt"], panel.status) == (panel.model_id, "a fox", "succeeded")
    assert "owner" in wire.ask("panel", rev=2, id=run_id, model="nonsense")["error"]
    panels = wire.ask("panels", rev=3)["panels"]
    assert "tencent/hunyuan-flux-srpo" in panels[0][1]
    hand_over = wire.ask("use", rev=4, id=run_id, place=0, panel=panels[0][0], field="")
    assert "of tencent/hunyuan-flux-srpo" in hand_over["text"]
    assert panel.values["inputImage"]
    panel.close()
    assert panels[0][0] not in dict(wire.ask("panels", rev=5)["panels"])
    assert "closed" in wire.ask("use", rev=6, id=run_id, place=0, panel=panels[0][0], field="")["error"]


def test_a_missing_file_is_fetched_again(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as Wiro has the file, it comes back, and the card is a picture again."""
    import comm  # noqa: PLC0415 - as the fixture does

    monkeypatch.setattr(comm, "create_comm", Wire)
    task = sandbox_client.run("tencent/hunyuan-flux-srpo", prompt="x", width=64, height=64, steps=2)
    path = task.wait(60).outputs[0].path
    assert path is not None
    path.unlink()
    gallery = sandbox_client.history.gallery()
    wire = gallery.comm
    (run_id, *_) = ids(find(wire))
    details = wire.ask("details", rev=5, id=run_id)["details"]
    assert "is no longer at" in details["outputs"][0]["missing"]
    answer = wire.ask("fetch", rev=6, id=run_id)
    assert answer["error"] is None
    assert answer["details"]["outputs"][0]["missing"] is None
    gallery.close()


def test_pictures_of_a_run_from_wiros_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that `history.sync` has brought gets its pictures as a missing file does."""
    import comm  # noqa: PLC0415 - as the fixture does

    monkeypatch.setattr(comm, "create_comm", Wire)
    with (
        Sandbox(speed=1000) as sandbox,
        sandbox.client(journal=tmp_path / "journal.sqlite3", output_dir=tmp_path / "outputs") as client,
    ):
        with sandbox.client(journal=False, output_dir=tmp_path / "elsewhere") as elsewhere:
            elsewhere.run("tencent/hunyuan-flux-srpo", prompt="x", width=64, height=64, steps=2).wait(60)
        assert client.history.sync().new == 1
        gallery = client.history.gallery()
        wire = gallery.comm
        (run_id,) = ids(find(wire))
        answer = wire.ask("fetch", rev=6, id=run_id)
        assert answer["error"] is None
        assert answer["details"]["outputs"][0]["missing"] is None
        assert len(client.history) == 1
        gallery.close()


def test_closing_in_the_middle_of_an_answer_is_quiet(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, caplog: pytest.LogCaptureFixture
) -> None:
    """What is under way when a gallery is closed ends without a word."""
    for _ in range(5):
        add_run(pictures=2)
    for _ in range(10):
        gallery = gallery_of()
        wire = wire_of(gallery)
        wire.say("find", rev=1, **QUERY)
        wire.say("look", rev=2, listing=1, anchor=0)
        gallery.close()
    add_run()
    find(wire_of(gallery_of()))
    assert caplog.records == []


def test_ranking(add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, client: Client) -> None:
    """Picks between pairs become a rating, which stands in the table and is forgotten with its runs."""
    runs = [add_run("one"), add_run("two"), add_run("three")]
    text = add_run("a text", pictures=0, text="words")
    gallery = gallery_of()
    wire = wire_of(gallery)
    assert "Select two or more" in wire.ask("pair", rev=1, ids=[runs[0], text])["error"]
    pairs = set()
    for rev in range(2, 8, 2):
        pair = wire.ask("pair", rev=rev, ids=[*runs, text])
        assert pair["picks"] == rev // 2 - 1
        first, second = sorted((card["id"] for card in pair["cards"]), key=runs.index)
        pairs.add((first, second))
        wire.ask("pick", rev=rev + 1, better=second, worse=first, tie=False)
    assert len(pairs) == 3  # each pair once
    table = gallery.to_pandas().set_index("prompt")
    assert list(table.loc[["one", "two", "three"], "wins"]) == [0, 1, 2]
    ratings = [float(value) for value in table.loc[["one", "two", "three"], "rating"]]
    assert ratings == sorted(ratings)
    assert table["rating"].isna().loc["a text"]
    assert table["comparisons"].loc["one"] == 2
    facts = wire.ask("details", rev=20, id=runs[2])["details"]["facts"]
    assert ["Rating", f"{ratings[2]:.0f}, 2 of 2 won"] in facts
    assert "no longer" in wire.ask("pick", rev=21, better=runs[0], worse=runs[0], tie=True)["error"]
    assert "no longer" in wire.ask("pick", rev=22, better=runs[0], worse="nobody", tie=True)["error"]
    wire.ask("forget", rev=23, ids=runs[2:], files=False)
    assert list(gallery.to_pandas().set_index("prompt").loc[["one", "two"], "comparisons"]) == [1, 1]
    client.history.forget("1")
    assert gallery.to_pandas()["comparisons"].sum() == 0


def test_a_poster_stands_for_a_video(
    add_run: AddRun, gallery_of: MakeGallery, wire_of: WireOf, tmp_path: Path
) -> None:
    """A frame that a page has drawn is encoded anew and kept for the video, and for nothing else."""
    film = add_run(pictures=1, files={"0.mp4": b"\0\0\0\x18ftypmp42" + bytes(100)})
    wire = wire_of(gallery_of())
    frame = (tmp_path / "outputs" / "1" / "0.png").read_bytes()
    wire.say("thumbs", ids=[f"{film}/1"])
    wire.until(lambda: wire.messages("image"))
    assert wire.messages("image")[0]["images"][0]["missing"] == ""
    wire.say("poster", frame, id=f"{film}/1")
    wire.until(lambda: wire.pictures("thumb").get(f"{film}/1"))
    assert wire.pictures("thumb")[f"{film}/1"].startswith(b"\xff\xd8\xff")
    wire.say("poster", b"<script>", id=f"{film}/1")
    wire.until(lambda: wire.messages("reply"))
    assert "not an image" in wire.messages("reply")[-1]["error"]
    wire.say("poster", frame, id=f"{film}/0")
    wire.say("poster", frame, id="nobody/0")
    wire.ask("details", rev=9, id=film)
    assert f"{film}/0" not in wire.pictures("thumb")
