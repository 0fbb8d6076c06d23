"""The sandbox answers what clients that nobody here wrote ask (docs/protocol.md)."""

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from tests.sandbox.official_clients import (
    Dart,
    Failure,
    Kotlin,
    McpServer,
    MobileClient,
    PythonScript,
    ReactNative,
    Swift,
    Workflow,
)
from tests.sandbox.raw import CHAT, FLUX, SKETCH, UPSCALE, Caller, png, wait_for
from wiro_widgets.sandbox import SandboxServer
from wiro_widgets.sandbox.models.catalogue import MODELS

SMALL = {"prompt": "a lighthouse", "width": 64, "height": 64, "steps": 2}


@pytest.fixture(params=[ReactNative, Swift, Kotlin, Dart], ids=lambda kind: kind.__name__)
def mobile(request: pytest.FixtureRequest, sandbox: SandboxServer) -> Iterator[MobileClient]:
    """Lend one client after another."""
    client: MobileClient = request.param(sandbox)
    with client.http:
        yield client


@pytest.fixture
def mcp(sandbox: SandboxServer) -> Iterator[McpServer]:
    """Lend the MCP server's client."""
    client = McpServer(sandbox)
    with client.http:
        yield client


def test_a_search_leads_to_the_parameters(mobile: MobileClient) -> None:
    """The first model that is found is read; its name and its parameters are those that the client runs."""
    page = mobile.search("flux", slugowner="tencent", order="DESC")
    entry = page["tool"][0]
    assert page["total"] == 1
    assert "parameters" not in entry
    assert {"computingtime", "tags", "averagepoint", "seodescription"} <= entry.keys()
    model = mobile.model(f"{entry['cleanslugowner']}/{entry['cleanslugproject']}")
    assert [group["title"] for group in model["parameters"]] == ["Input", "Settings", "Advanced"]
    assert model["readme"]


def test_the_front_page_has_categories_with_models(mobile: MobileClient) -> None:
    """Tool/Explore takes no fields; each category has an id, a title, a total and whole summaries."""
    categories = {entry["id"]: entry for entry in mobile.post("/Tool/Explore", {})["explore"]}
    assert "tool" not in categories
    sketches = categories["text-to-image"]
    assert (sketches["title"], sketches["total"]) == ("Text to image", len(sketches["tools"]))
    assert "sandbox-sketch" in [tool["cleanslugproject"] for tool in sketches["tools"]]
    assert all(tool["commentcount"].isdigit() for entry in categories.values() for tool in entry["tools"])


def test_an_uploaded_picture_is_the_input_of_a_run(mobile: MobileClient) -> None:
    """The address that File/Upload answers is sent as JSON; the picture starts from it."""
    picture = png((9, 8, 7))
    [file] = mobile.upload(picture, "photo.png")["list"]
    assert {"id", "name", "contenttype", "size", "url", "parentid", "addedtime", "accesskey"} == file.keys()
    assert (file["name"], file["contenttype"], file["size"]) == ("photo.png", "image/png", str(len(picture)))
    receipt = mobile.run(FLUX, {**SMALL, "strength": 0, "inputImage": [file["url"]]})
    task = mobile.wait(receipt)
    assert (task["pexit"], task["parameters"]["inputImage"]) == ("0", file["url"])
    output = Image.open(io.BytesIO(mobile.http.get(task["outputs"][0]["url"]).content))
    assert output.convert("RGB").getpixel((5, 5)) == (9, 8, 7)


def test_a_task_says_which_model_made_it(mobile: MobileClient) -> None:
    """Token and id name the same task, which names its model."""
    receipt = mobile.run(SKETCH, {"prompt": "a pier"})
    by_token = mobile.task(tasktoken=receipt["socketaccesstoken"])
    by_id = mobile.task(taskid=receipt["taskid"])
    by_uuid = mobile.task(uuid=by_id["uuid"])
    assert by_token["id"] == by_id["id"] == by_uuid["id"] == receipt["taskid"]
    assert (by_id["modelslugowner"], by_id["modelslugproject"]) == ("wiro", "sandbox-sketch")
    assert by_id["modeldescription"] == mobile.model(SKETCH)["description"]


def test_a_socket_follows_a_task_to_its_end(mobile: MobileClient) -> None:
    """The token alone registers it; the last frame has the outputs."""
    mobile.server.faults = {"stuck": "queue"}
    receipt = mobile.run(SKETCH, {"prompt": "a pier"})
    world = mobile.server._world
    assert world is not None
    task = world.tasks.find(task_id=receipt["taskid"])
    assert task is not None
    with mobile.watch(receipt) as frames:
        wait_for(lambda: task.listeners, bool)
        mobile.server.faults = None
        *_, last = frames
    assert last["type"] == "task_postprocess_end"
    assert last["message"][0]["contenttype"] == "image/png"


def test_a_queued_task_is_cancelled_and_a_running_one_killed(mobile: MobileClient) -> None:
    """Each client has its own way to name the task; all are understood."""
    mobile.server.faults = {"stuck": "queue"}
    queued = mobile.run(CHAT, {"prompt": "Why?"})
    assert mobile.cancel(queued)
    mobile.server.faults = {"stuck": "run"}
    running = mobile.run(CHAT, {"prompt": "Why?"})
    wait_for(lambda: mobile.task(taskid=running["taskid"]), lambda task: task["status"] == "task_accept")
    with pytest.raises(Failure, match="Task is not in a cancellable state"):
        mobile.cancel(running)
    assert mobile.kill(running)
    assert {mobile.wait(receipt)["status"] for receipt in (queued, running)} == {"task_cancel"}


def test_a_wrong_key_is_an_authentication_error_with_code_0(mobile: MobileClient) -> None:
    """The status says what kind of error it is, and not the code."""
    stranger = type(mobile)(mobile.server, api_key="somebody-else")
    with stranger.http, pytest.raises(Failure, match="Project authorization is not founded") as failure:
        stranger.search()
    assert (failure.value.kind, failure.value.code, failure.value.status) == ("authentication", "0", 401)


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("/Task/Detail", {"taskid": ""}, "0", "taskid or socketaccesstoken is required"),
        ("/Task/Kill", {}, "0", "taskid or socketaccesstoken is required"),
        ("/Task/Cancel", {}, "0", "taskid or socketaccesstoken is required"),
        ("/Task/InputOutputDelete", {}, "0", "task-not-exist"),
        ("/Task/Detail", {"taskid": "1"}, "1", "There is no task yet."),
        ("/Task/Kill", {"socketaccesstoken": "nobody"}, "1", "There is no task yet."),
        ("/Task/InputOutputDelete", {"tasktoken": "nobody"}, "0", "task-not-exist"),
        ("/Run/nobody/nothing", {}, "1", "slug-owner-project-not-exist"),
        (f"/Run/{SKETCH}", {"prompt": ""}, "0", "Request parameter [prompt] required"),
        ("/File/FolderCreate", {}, "0", "Request parameter [name] required"),
    ],
)
def test_a_refusal_has_the_documented_code_and_words(
    mobile: MobileClient, path: str, body: dict[str, str], code: str, words: str
) -> None:
    """The client raises the first error of a reply with HTTP 200."""
    with pytest.raises(Failure) as failure:
        mobile.post(path, body)
    assert (failure.value.kind, failure.value.code, failure.value.message) == ("result", code, words)


def test_an_unknown_endpoint_is_an_address_that_cannot_be_parsed(mobile: MobileClient) -> None:
    """404, code 0 and Wiro's words, beside the endpoints and beside the files."""
    for path in ("/Tool/Nothing", "/File/Nothing", "/Run"):
        with pytest.raises(Failure, match="Error parsing url") as failure:
            mobile.post(path, {})
        assert (failure.value.status, failure.value.code) == (404, "0")


@pytest.mark.parametrize(
    ("faults", "status", "code", "words"),
    [
        ({"ip_refused": 1}, 401, "0", "Requested ip 127.0.0.1 is not allowed."),
        ({"sign_in": 1}, 200, "98", "sign in to run this model"),
        ({"concurrency_limit": 1}, 200, "96", "You have reached your concurrent task limit."),
    ],
)
def test_what_a_project_may_be_refused_for(
    mobile: MobileClient, faults: dict[str, int], status: int, code: str, words: str
) -> None:
    """These are faults, because the sandbox has no accounts."""
    mobile.server.faults = faults
    with pytest.raises(Failure) as failure:
        mobile.run(SKETCH, {"prompt": "a pier"})
    assert (failure.value.status, failure.value.code) == (status, code)
    assert failure.value.message.startswith(words)


def test_a_message_can_be_the_only_word_of_a_refusal(mobile: MobileClient) -> None:
    """The clients look there when `errors` has nothing."""
    mobile.server.faults = {"drift": "errors_message"}
    with pytest.raises(Failure, match="There is no task yet"):
        mobile.task(taskid="1")


def test_the_mcp_server_lists_the_tasks_of_a_model(mcp: McpServer) -> None:
    """`modelName` is a part of the slug; the total counts what fits, and the next page follows."""
    before = int(mcp.list_tasks("poster")["total"])
    ids = [
        mcp.request("/Run/wiro/sandbox-poster", {"prompt": "a pier", "seed": seed})["taskid"]
        for seed in range(3)
    ]
    mcp.request("/Run/wiro/sandbox-chat", {"prompt": "Why?"})
    pages = [mcp.list_tasks("POSTER", start, 2) for start in (0, 2)]
    assert [task["id"] for page in pages for task in page["tasklist"]][:3] == ids[::-1]
    assert [int(page["total"]) for page in pages] == [before + 3] * 2
    assert mcp.list_tasks("no such model") == {"total": "0", "errors": [], "tasklist": [], "result": True}


def test_the_mcp_server_finds_the_id_behind_a_token(mcp: McpServer) -> None:
    """It cancels by id and reads by both names at once."""
    mcp.server.faults = {"stuck": "queue"}
    receipt = mcp.request(f"/Run/{SKETCH}", {"prompt": "a pier"})
    token = receipt["socketaccesstoken"]
    assert mcp.cancel_task(token)["tasklist"][0]["status"] == "task_cancel"
    both = mcp.request("/Task/Detail", {"tasktoken": token, "taskid": receipt["taskid"]})
    assert both["tasklist"][0]["pexit"] == "0"


def test_a_workflow_signs_once_and_names_its_picture_by_address(caller: Caller) -> None:
    """One nonce serves all calls of a run; the input is in `{id}Url`, the other field is left out."""
    workflow = Workflow(caller.server)
    [file] = caller.call("File/Upload", files={"file": ("a.png", png(size=(8, 8)))})["list"]
    with workflow.http:
        output = workflow.execute("Wiro/Sandbox-Upscale", {"inputImageUrl": file["url"], "scale": "2"})
        assert Image.open(io.BytesIO(workflow.http.get(output["url"]).content)).size == (16, 16)


@pytest.mark.parametrize("empty", ["inputImage", "inputImageUrl"])
def test_the_other_field_of_a_picture_may_be_empty(caller: Caller, empty: str) -> None:
    """In a multipart body the documentation sends both fields, one of them empty."""
    [file] = caller.call("File/Upload", files={"file": ("a.png", png(size=(8, 8)))})["list"]
    full = "inputImageUrl" if empty == "inputImage" else "inputImage"
    parts = {empty: (None, ""), full: (None, file["url"]), "scale": (None, "2")}
    task = caller.wait_until_settled(caller.call(f"Run/{UPSCALE}", files=parts))
    assert caller.picture(task).size == (16, 16)


def test_a_script_runs_polls_and_downloads_with_forms(sandbox: SandboxServer) -> None:
    """Urlencoded bodies do for Run and Task/Detail; the file is public."""
    name, data = PythonScript(sandbox).picture(SKETCH, "a pier")
    assert name == "0.png"
    Image.open(io.BytesIO(data)).verify()


def test_forms_have_lists_and_flags_as_text(sandbox: SandboxServer) -> None:
    """A list is repeated, or one JSON text."""
    script = PythonScript(sandbox)
    for categories in ("llm", '["llm"]'):
        reply = script.post("Tool/List", {"categories": categories, "summary": "True", "limit": "5"})
        assert [entry["slugproject"] for entry in reply["tool"]] == ["sandbox-chat"]
        assert "parameters" not in reply["tool"][0]


@pytest.mark.parametrize(
    ("body", "first"),
    [
        ({"sort": "time"}, "sandbox-poster"),
        ({"sort": "time", "order": "ASC"}, "hunyuan-flux-srpo"),
        ({"sort": "id", "order": "desc"}, "sandbox-poster"),
        ({"sort": "averagepoint"}, "sandbox-sketch"),
        ({"sort": "ratedusercount"}, "hunyuan-flux-srpo"),
        ({"sort": "commentcount"}, "sandbox-poster"),
        ({"sort": "no such sort"}, "hunyuan-flux-srpo"),
        ({"sort": "relevance", "order": "ASC"}, "sandbox-riddle"),
        ({"slugowner": "WIRO"}, "sandbox-sketch"),
        ({"slugowner": None, "categories": None, "tags": []}, "hunyuan-flux-srpo"),
        ({"start": 1, "limit": 1}, "sandbox-sketch"),
    ],
)
def test_a_list_is_sorted_and_filtered(caller: Caller, body: dict[str, object], first: str) -> None:
    """The newest or the highest comes first unless the order is ASC."""
    assert caller.call("Tool/List", body)["tool"][0]["slugproject"] == first


@pytest.mark.parametrize("body", [{"slugowner": "nobody"}, {"tags": ["new"]}, {"start": "100"}])
def test_nothing_may_fit(caller: Caller, body: dict[str, object]) -> None:
    """An empty list is a good answer."""
    reply = caller.call("Tool/List", body)
    assert (reply["result"], reply["tool"]) == (True, [])


def test_a_slug_may_have_spaces_around_it(caller: Caller) -> None:
    """Real addresses have one after the slash."""
    body = {"slugowner": "wiro ", "slugproject": " Sandbox-Sketch"}
    assert caller.call("Tool/Detail", body)["tool"][0]["slugproject"] == "sandbox-sketch"
    assert caller.call("Run/wiro/%20sandbox-sketch", {"prompt": "a pier"})["result"] is True


def test_a_summary_of_one_model_has_no_parameters(caller: Caller) -> None:
    """Tool/Detail takes `summary` as Tool/List does."""
    body = {"slugowner": "wiro", "slugproject": "sandbox-sketch", "summary": True}
    assert "parameters" not in caller.call("Tool/Detail", body)["tool"][0]


def test_a_folder_is_created_and_takes_a_file(caller: Caller) -> None:
    """The upload names the folder as its parent."""
    [folder] = caller.call("File/FolderCreate", {"name": "training-data", "parentid": "7"})["list"]
    assert (folder["name"], folder["parentid"], folder["contenttype"]) == ("training-data", "7", "")
    parts = {"file": ("dataset.csv", b"a,b\n", "text/csv")}
    reply = caller.call("File/Upload", data={"folderid": folder["id"]}, files=parts)
    assert (reply["list"][0]["parentid"], reply["list"][0]["contenttype"]) == (folder["id"], "text/csv")


@pytest.mark.parametrize("name", ["../x", "a b", "ä", "a\n", " "])
def test_a_folders_name_has_letters_numbers_hyphens_and_underscores(caller: Caller, name: str) -> None:
    """Nothing else."""
    assert caller.call("File/FolderCreate", {"name": name})["result"] is False


def test_deleting_a_tasks_files_takes_inputs_and_outputs(caller: Caller) -> None:
    """Both addresses answer 404; the task stays, without outputs, and the second time is as good as the first."""
    data = {"prompt": "a pier", "width": "64", "height": "64", "steps": "1"}
    receipt = caller.call(f"Run/{FLUX}", data=data, files={"inputImage": ("a.png", png())})
    task = caller.wait_until_settled(receipt)
    for _ in range(2):
        reply = caller.call("Task/InputOutputDelete", {"tasktoken": receipt["socketaccesstoken"]})
        assert reply == {"result": True, "errors": []}
    for url in (task["parameters"]["inputImage"], task["outputs"][0]["url"]):
        assert caller.http.get(url).status_code == 404
    assert caller.detail(receipt)["outputs"] == []


def test_the_files_of_a_running_task_stay(caller: Caller) -> None:
    """Only a task that is over can lose them."""
    caller.server.faults = {"stuck": "queue"}
    body = {"tasktoken": caller.run()["socketaccesstoken"]}
    [error] = caller.call("Task/InputOutputDelete", body)["errors"]
    assert error["message"] == "Task must be completed or cancelled before deleting files"


def test_a_bearer_token_is_no_key(caller: Caller) -> None:
    """Without a key the token is looked at; with one it is not."""
    bearer = {"authorization": "Bearer somebody"}
    answer = caller.http.post("/Task/List", headers=bearer)
    assert answer.status_code == 401
    assert answer.json()["errors"] == [{"code": 99, "message": "Authorization bearer token is invalid."}]
    assert caller.http.post("/Task/List", headers=caller.headers() | bearer).status_code == 200


def test_a_stranger_learns_nothing_of_his_body(caller: Caller) -> None:
    """Who asks is looked at before what is asked."""
    answer = caller.http.post("/Task/List", content=b"{")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, 0)
    assert caller.call("Task/List", content=b"{")["errors"][0]["message"] == "Request parameters are invalid."


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b" "])
def test_a_body_without_fields_lists_everything(caller: Caller, body: bytes) -> None:
    """Where no field is required, none is missed."""
    assert caller.call("Tool/List", content=body)["total"] == len(MODELS)


def test_the_wrong_method_is_refused_in_an_envelope(caller: Caller) -> None:
    """And the answer says which one is right."""
    answer: httpx.Response = caller.http.get("/Task/Detail", headers=caller.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["result"] is False
