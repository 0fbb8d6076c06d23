"""TaskDetail from drifted replies (protocol page, Task detail, "Types drift")."""

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from tests.protocol.recorded import body, told
from wiro_widgets.protocol.detail import TaskDetail, read_task, read_tasks
from wiro_widgets.protocol.replies import payload

_TIMES = {item.name for item in fields(TaskDetail) if item.name.endswith("_at")}


@pytest.fixture
def drifted() -> TaskDetail:
    """Read a reply in which everything has drifted at once."""
    [found] = read_tasks(payload(body("detail_drifted.json"), http_status=200, endpoint="/Task/Detail"))
    return found


def test_numbers_are_numbers_however_they_are_written(drifted: TaskDetail) -> None:
    """Cost, rate, duration and size, as text or as numbers."""
    found = (drifted.total_cost, drifted.cps, drifted.elapsed_seconds, drifted.size, drifted.exit_code)
    assert found == (0.0042, 0.0004, 10.5, 51200, 0)


@pytest.mark.parametrize("told", ["-5", -5, "1_0", "NaN", "much"])
def test_a_cost_that_cannot_be_is_none(told: object) -> None:
    """Less than nothing would enlarge a budget; what cannot be read counts as not told."""
    assert read_task({"id": "7", "totalcost": told, "elapsedseconds": told}).total_cost is None


def test_ids_are_text_however_they_are_written(drifted: TaskDetail) -> None:
    """`taskid` stands in for `id`; blank ids are none."""
    assert (drifted.id, drifted.project_id, drifted.model_id) == ("90311", "12", "77")
    assert (drifted.base_model_id, drifted.guest_id, drifted.marketplace_id) == ("0", None, None)


def test_parameters_as_json_text(drifted: TaskDetail) -> None:
    """A JSON string is the object that it holds, with every digit of the seed."""
    assert drifted.parameters == {"prompt": "a lighthouse", "seed": 7350148318, "scale": "3.5"}


def test_times_in_seconds_milliseconds_and_iso_text(drifted: TaskDetail) -> None:
    """Each time is UTC, whichever of the shapes it came in; null and zero mean never."""
    start = datetime(2025, 12, 4, tzinfo=UTC)
    assert drifted.created_at == start
    assert drifted.accepted_at == start.replace(second=1, microsecond=500_000)
    assert drifted.preprocess_started_at == start.replace(second=2)
    assert drifted.preprocess_ended_at == start.replace(second=3)
    assert drifted.assigned_at == start.replace(second=4)
    assert drifted.started_at == start.replace(second=5)
    assert drifted.ended_at == start.replace(second=13, microsecond=250_000)
    assert drifted.cancelled_at is None


def test_output_stands_in_for_outputs(drifted: TaskDetail) -> None:
    """The older name of the list is read as well."""
    assert [item.name for item in drifted.outputs] == ["0.png"]
    assert told(outputs=[], output=[{"name": "a.png"}]).outputs[0].name == "a.png"


def test_newer_fields(drifted: TaskDetail) -> None:
    """Owner and project make the model's name; what is not known is kept apart."""
    assert drifted.model == "tencent/hunyuan-flux-srpo"
    assert drifted.extra == {"modeldescription": "Pictures from words.", "queueposition": 3}


def test_a_name_with_spaces_and_dots_stays_as_it_is() -> None:
    """Real slugs contain both."""
    assert told(modelslugowner="alibaba", modelslugproject="wan 2.6").model == "alibaba/wan 2.6"


@pytest.mark.parametrize("half", [{"modelslugowner": "alibaba"}, {"modelslugproject": "wan 2.6"}])
def test_half_a_model_name_is_none(half: dict[str, str]) -> None:
    """The model is unknown rather than wrong."""
    assert told(**half).model is None


@pytest.mark.parametrize("categories", [["tool", "image"], '["tool","image"]'])
def test_categories_as_list_or_json_text(categories: object) -> None:
    """Both are the same; the malformed third kind is among the seed's samples."""
    assert told(categories=categories).categories == ("tool", "image")


@pytest.mark.parametrize(
    ("pexit", "code"),
    [
        ("0", 0),
        (0, 0),
        ("137", 137),
        (-9, -9),
        ("0.0", 0),
        (None, None),
        ("", None),
        ("killed", None),
        ([], None),
    ],
)
def test_the_exit_code(pexit: object, code: int | None) -> None:
    """Text, number, null or garbage: a code, or honestly none."""
    assert told(pexit=pexit).exit_code == code


def test_a_task_of_nothing() -> None:
    """Every field may be missing."""
    empty = read_task({})
    assert (empty.id, empty.status, empty.outputs, empty.extra) == ("", "", (), {})
    assert not empty.terminal


SENSELESS: list[object] = [
    None,
    True,
    False,
    0,
    -1,
    1e300,
    "",
    "x",
    "[",
    "{}",
    [],
    {},
    [[]],
    {"a": {}},
    [None, 5, {"name": []}],
]


@pytest.mark.parametrize("value", SENSELESS, ids=repr)
def test_wrong_types_everywhere(value: object) -> None:
    """Whatever stands in every field at once, the detail has its own types and nothing is raised."""
    wire = [
        "id",
        "taskid",
        "status",
        "socketaccesstoken",
        "uuid",
        "name",
        "parameters",
        "debugoutput",
        "debugerror",
        "starttime",
        "endtime",
        "elapsedseconds",
        "cps",
        "totalcost",
        "guestid",
        "projectid",
        "modelid",
        "description",
        "basemodelid",
        "runtype",
        "modelfolderid",
        "modelfileid",
        "callbackurl",
        "marketplaceid",
        "createtime",
        "canceltime",
        "assigntime",
        "accepttime",
        "preprocessstarttime",
        "preprocessendtime",
        "postprocessstarttime",
        "postprocessendtime",
        "pexit",
        "categories",
        "outputs",
        "output",
        "size",
        "modelslugowner",
        "modelslugproject",
    ]
    _assert_typed(read_task(dict.fromkeys(wire, value)))


@pytest.mark.parametrize("tasklist", [None, "", "x", 5, {}, [], [None], ["x"], [[]]])
def test_a_tasklist_of_no_tasks(tasklist: object) -> None:
    """What is no list of objects lists no task."""
    assert read_tasks({"tasklist": tasklist}) == ()


@pytest.mark.parametrize(
    ("status", "terminal"),
    [
        ("task_postprocess_end", True),
        ("task_cancel", True),
        ("task_end", False),
        ("task_error", False),
        ("", False),
    ],
)
def test_which_statuses_are_terminal(status: str, terminal: bool) -> None:
    """Only two are; `task_end` comes before the outputs, `task_error` awaits its next try."""
    assert told(status=status).terminal is terminal


def _assert_typed(found: TaskDetail) -> None:
    for item in fields(found):
        value = getattr(found, item.name)
        if item.name in _TIMES:
            assert value is None or (isinstance(value, datetime) and value.tzinfo is UTC)
        elif item.name in {"total_cost", "cps", "elapsed_seconds"}:
            assert value is None or (isinstance(value, float) and math.isfinite(value))
        elif item.name in {"size", "exit_code"}:
            assert value is None or isinstance(value, int)
        elif item.name == "exit_garbled":
            assert isinstance(value, bool)
        elif item.name in {"parameters", "extra"}:
            assert isinstance(value, Mapping)
        elif item.name in {"outputs", "categories"}:
            assert isinstance(value, tuple)
        else:
            assert value is None or isinstance(value, str)


def test_a_list_without_end_is_cut() -> None:
    """A thousand tasks of a reply are read, the wanted one first; a megabyte of empty ones costs no time."""
    found = read_tasks({"tasklist": [{}] * 5_000 + [{"id": "5"}]}, first_id="5")
    assert (len(found), found[0].id) == (1_000, "5")
    assert len(told(outputs=["https://host/0.png"] * 5_000).outputs) == 1_000
