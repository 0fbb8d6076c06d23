"""TaskDetail from replies whose types drift (docs/protocol.md, Task detail)."""

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from tests.protocol.payload_files import detail_with, payload_bytes
from wiro_widgets.protocol.detail import TaskDetail, read_task, read_tasks
from wiro_widgets.protocol.replies import payload

_TIMES = {item.name for item in fields(TaskDetail) if item.name.endswith("_at")}


@pytest.fixture
def mixed_types() -> TaskDetail:
    """Read a reply in which every type has drifted."""
    [detail] = read_tasks(
        payload(payload_bytes("detail_drifted.json"), http_status=200, endpoint="/Task/Detail")
    )
    return detail


def test_numbers_are_numbers_however_they_are_written(mixed_types: TaskDetail) -> None:
    """Cost, rate, duration and size, as text or as numbers."""
    numbers = (
        mixed_types.total_cost,
        mixed_types.cps,
        mixed_types.elapsed_seconds,
        mixed_types.size,
        mixed_types.exit_code,
    )
    assert numbers == (0.0042, 0.0004, 10.5, 51200, 0)


@pytest.mark.parametrize("amount", ["-5", -5, "1_0", "NaN", "much"])
def test_a_cost_that_cannot_be_is_none(amount: object) -> None:
    """A negative cost would enlarge a budget; an unreadable one counts as missing."""
    assert read_task({"id": "7", "totalcost": amount, "elapsedseconds": amount}).total_cost is None


def test_ids_are_text_however_they_are_written(mixed_types: TaskDetail) -> None:
    """`taskid` stands in for `id`."""
    assert (mixed_types.id, detail_with(id=5).id, detail_with(id=" ").id) == ("90311", "5", "")


def test_parameters_as_json_text(mixed_types: TaskDetail) -> None:
    """A JSON string is the object that it holds, with every digit of the seed."""
    assert mixed_types.parameters == {"prompt": "a lighthouse", "seed": 7350148318, "scale": "3.5"}


def test_times_in_seconds_milliseconds_and_iso_text(mixed_types: TaskDetail) -> None:
    """Each time is UTC, in any of its forms; null and zero mean never."""
    start = datetime(2025, 12, 4, tzinfo=UTC)
    assert mixed_types.created_at == start
    assert mixed_types.accepted_at == start.replace(second=1, microsecond=500_000)
    assert mixed_types.preprocess_started_at == start.replace(second=2)
    assert mixed_types.preprocess_ended_at == start.replace(second=3)
    assert mixed_types.assigned_at == start.replace(second=4)
    assert mixed_types.started_at == start.replace(second=5)
    assert mixed_types.ended_at == start.replace(second=13, microsecond=250_000)
    assert mixed_types.cancelled_at is None


def test_output_stands_in_for_outputs(mixed_types: TaskDetail) -> None:
    """The older name of the list is read too."""
    assert [item.name for item in mixed_types.outputs] == ["0.png"]
    assert detail_with(outputs=[], output=[{"name": "a.png"}]).outputs[0].name == "a.png"


def test_newer_fields(mixed_types: TaskDetail) -> None:
    """Owner and project make the model's name; unknown fields are in `extra`."""
    assert mixed_types.model == "tencent/hunyuan-flux-srpo"
    assert mixed_types.extra["modeldescription"] == "Pictures from words."
    assert mixed_types.extra["queueposition"] == 3
    assert "parameters" not in mixed_types.extra


def test_a_name_with_spaces_and_dots_stays_as_it_is() -> None:
    """Real slugs contain both."""
    assert detail_with(modelslugowner="alibaba", modelslugproject="wan 2.6").model == "alibaba/wan 2.6"
    assert detail_with(modelslugowner="lightricks", modelslugproject=" ltx").model == "lightricks/ltx"


@pytest.mark.parametrize("half", [{"modelslugowner": "alibaba"}, {"modelslugproject": "wan 2.6"}])
def test_half_a_model_name_is_none(half: dict[str, str]) -> None:
    """The model is unknown rather than wrong."""
    assert detail_with(**half).model is None


@pytest.mark.parametrize("categories", [["tool", "image"], '["tool","image"]'])
def test_categories_as_list_or_json_text(categories: object) -> None:
    """Both are the same; test_documented_tasks.py has the malformed form."""
    assert detail_with(categories=categories).categories == ("tool", "image")


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
    """Text, number, null or something unreadable: a code or None."""
    assert detail_with(pexit=pexit).exit_code == code


def test_a_task_without_fields() -> None:
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
    """Any value in all fields at once gives a detail with its own types."""
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
    _assert_types(read_task(dict.fromkeys(wire, value)))


@pytest.mark.parametrize("tasklist", [None, "", "x", 5, {}, [], [None], ["x"], [[]]])
def test_a_tasklist_without_tasks(tasklist: object) -> None:
    """Anything but a list of objects holds no task."""
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
    """Only two are; `task_end` comes before the outputs, `task_error` waits for its next try."""
    assert detail_with(status=status).terminal is terminal


def _assert_types(detail: TaskDetail) -> None:
    for item in fields(detail):
        value = getattr(detail, item.name)
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
    """The first 1,000 tasks of a reply are read, beginning with the one asked for."""
    details = read_tasks({"tasklist": [{}] * 5_000 + [{"id": "5"}]}, first_id="5")
    assert (len(details), details[0].id) == (1_000, "5")
    assert len(detail_with(outputs=["https://host/0.png"] * 5_000).outputs) == 1_000
