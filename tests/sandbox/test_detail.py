import json
import re
from pathlib import Path
from typing import Any

from tests.sandbox.raw import CHAT, FLUX, Caller, png

SEED = Path(__file__).parent / "seed"
NEWER = ("modeldescription", "modelslugowner", "modelslugproject")  # documented later than the sample


def seed_reply() -> dict[str, Any]:
    """Return the seed's sample, with the quotes inside `categories` escaped so that it is JSON."""
    text = (SEED / "detail.txt").read_text(encoding="utf-8")
    mend = re.sub(r'"(\[.*\])"', lambda match: json.dumps(match.group(1)), text)
    reply: dict[str, Any] = json.loads(mend)
    return reply


def shape(value: Any) -> Any:
    """Return the types of a JSON value, and for text whether it is a number and with how many decimals."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value):
        return f"number text, {len(value.partition('.')[2])} decimals"
    return type(value).__name__


def test_a_finished_task_has_every_field_of_the_seeds_sample(caller: Caller) -> None:
    """Names, order and types are the sample's, numbers as text, null where it has null; three fields are newer."""
    data = {"prompt": "a pier", "width": "64", "height": "64"}
    receipt = caller.call(f"Run/{FLUX}", data=data, files={"inputImage": ("a.png", png())})
    caller.wait_until_settled(receipt)
    ours = caller.call("Task/Detail", {"tasktoken": receipt["socketaccesstoken"]})
    seeds = seed_reply()
    for reply in (ours, seeds):
        reply["tasklist"][0]["parameters"] = {}  # the sample's task had an image and nothing else
    newer = {name: ours["tasklist"][0].pop(name) for name in NEWER}
    assert set(map(type, newer.values())) == {str}
    assert list(ours["tasklist"][0]) == list(seeds["tasklist"][0])
    assert list(ours["tasklist"][0]["outputs"][0]) == list(seeds["tasklist"][0]["outputs"][0])
    ours["tasklist"][0]["debugoutput"] = ""
    assert shape(ours) == shape(seeds)


def test_categories_are_a_json_text(caller: Caller) -> None:
    """The list travels as text, properly escaped unless drift says otherwise."""
    assert json.loads(caller.finish()["categories"]) == json.loads(seed_reply()["tasklist"][0]["categories"])


def test_a_task_is_found_by_token_id_or_uuid(caller: Caller) -> None:
    """All three name the same task."""
    receipt = caller.run()
    task = caller.detail(receipt)
    for body in ({"tasktoken": receipt["socketaccesstoken"]}, {"taskid": task["id"]}, {"uuid": task["uuid"]}):
        assert caller.call("Task/Detail", body)["tasklist"][0]["id"] == task["id"]


def test_detail_takes_multipart(caller: Caller) -> None:
    """Endpoints that take JSON take parts as well."""
    receipt = caller.run()
    reply = caller.call("Task/Detail", files={"taskid": (None, receipt["taskid"])})
    assert reply["tasklist"][0]["id"] == receipt["taskid"]


def test_an_unknown_task_is_not_there_yet(caller: Caller) -> None:
    """Wiro's message and code 1."""
    reply = caller.call("Task/Detail", {"tasktoken": "nobody"})
    assert reply["errors"] == [{"code": 1, "message": "There is no task yet."}]


def test_cost_is_the_price_of_a_second_times_the_seconds(caller: Caller) -> None:
    """The total is cps * elapsedseconds for a task that succeeded."""
    task = caller.finish()
    cost = float(task["cps"]) * float(task["elapsedseconds"])
    assert float(task["totalcost"]) > 0
    assert abs(float(task["totalcost"]) - cost) < 1e-9


def test_a_failed_task_costs_nothing(caller: Caller) -> None:
    """Only successful tasks are billed."""
    task = caller.finish("wiro/sandbox-fail")
    assert (task["status"], task["pexit"], float(task["totalcost"])) == ("task_postprocess_end", "1", 0.0)


def test_a_failed_tasks_stderr_is_kept(caller: Caller) -> None:
    """The error text ends with the reason."""
    assert caller.finish("wiro/sandbox-fail")["debugerror"].splitlines()[-1].startswith("RuntimeError: ")


def test_text_is_an_output_without_a_file(caller: Caller) -> None:
    """A language model's output is raw, with its content beside it."""
    output = caller.finish(CHAT, prompt="Why?")["outputs"][0]
    assert output["contenttype"] == "raw"
    assert set(output["content"]) == {
        "prompt",
        "raw",
        "thinking",
        "answer",
        "segments",
        "finishreason",
        "usage",
    }
    assert output["content"]["prompt"] == "Why?"


def test_the_list_may_be_of_one_model(caller: Caller) -> None:
    """`modelName` chooses the tasks of a model."""
    task_id = caller.run(CHAT)["taskid"]
    caller.run()
    reply = caller.call("Task/List", {"type": "model", "modelName": CHAT})
    assert reply["tasklist"][0]["id"] == task_id
    assert {task["modelslugproject"] for task in reply["tasklist"]} == {"sandbox-chat"}


def test_the_list_has_the_newest_task_first(caller: Caller) -> None:
    """Task/List goes backwards through the tasks, a page at a time."""
    ids = [caller.run()["taskid"] for _ in range(3)]
    body = {"type": "model", "sort": "id", "order": "DESC", "start": "1", "limit": "2"}
    reply = caller.call("Task/List", body)
    assert [task["id"] for task in reply["tasklist"]] == [ids[1], ids[0]]
    assert int(reply["total"]) >= 3
