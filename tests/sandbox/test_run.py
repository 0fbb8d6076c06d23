from typing import Any

import pytest

from tests.sandbox.raw import CHAT, FLUX, UPSCALE, Caller, png

SENTENCES = [
    ({"prompt": ""}, "Request parameter [prompt] required"),
    ({"steps": "many"}, "Request parameter [steps] must be integer or float"),
    ({"scale": "nan"}, "Request parameter [scale] must be integer or float"),
    ({"steps": "51"}, "Request parameter [steps] must be between 1 and 50"),
    ({"steps": 0}, "Request parameter [steps] must be between 1 and 50"),
    ({"strength": "1.01"}, "Request parameter [strength] must be between 0 and 1"),
    ({"width": "32"}, "Request parameter [width] must be between 64 and 2048"),
    ({"samples": "9"}, "Request parameter [samples] must be between 1 and 8"),
]


def test_a_run_is_receipted(caller: Caller) -> None:
    """The receipt has the task's id, its socket token, no errors, and nothing else."""
    receipt = caller.run()
    assert list(receipt) == ["errors", "taskid", "socketaccesstoken", "result"]
    assert receipt["taskid"].isdigit()
    assert len(receipt["socketaccesstoken"]) == 30


def test_multipart_makes_the_same_task_as_json(caller: Caller) -> None:
    """Both encodings run, and both leave the parameters as they were sent."""
    values = {"prompt": "a pier", "seed": "7350148318", "scale": "3.5", "width": "64", "height": "64"}
    as_json = caller.wait_until_settled(caller.call(f"Run/{FLUX}", values))
    as_parts = caller.wait_until_settled(
        # An empty part forces multipart.
        caller.call(f"Run/{FLUX}", data=values, files={"inputImage": ("", b"")})
    )
    assert as_json["parameters"] == as_parts["parameters"] == values


def test_a_run_may_name_another_project_to_bill(caller: Caller) -> None:
    """The task says which; a project's id is a number."""
    assert caller.detail(caller.run(projectid=12))["projectid"] == "12"
    assert caller.detail(caller.run(projectid=""))["projectid"] == "699"
    reply = caller.call(f"Run/{FLUX}", {"prompt": "a pier", "projectid": "mine"})
    assert reply["errors"][0]["message"] == "Request parameter [projectid] must be integer or float"


def test_urlencoded_runs_too(caller: Caller) -> None:
    """A form without files may come urlencoded."""
    assert caller.call(f"Run/{FLUX}", data={"prompt": "a pier"})["result"] is True


def test_json_may_come_under_curls_content_type(caller: Caller) -> None:
    """`curl -d` calls everything urlencoded; a body that is JSON is read as JSON."""
    headers = caller.headers() | {"content-type": "application/x-www-form-urlencoded"}
    answer = caller.http.post("/Task/Detail", headers=headers, content='{"taskid": "0"}')
    assert answer.json()["errors"][0]["message"] == "There is no task yet."


@pytest.mark.parametrize(("values", "sentence"), SENTENCES)
def test_a_wrong_parameter_is_refused_in_wiros_words(
    caller: Caller, values: dict[str, Any], sentence: str
) -> None:
    """A refused Run answers 200 with result false and the parameter's name."""
    answer = caller.post(f"Run/{FLUX}", {"prompt": "a pier", **values})
    assert answer.status_code == 200
    assert answer.json() == {"errors": [{"code": 0, "message": sentence}], "result": False}


def test_a_missing_file_is_refused(caller: Caller) -> None:
    """A required file has a sentence of its own."""
    reply = caller.call(f"Run/{UPSCALE}", {"scale": "2"})
    assert reply["errors"][0]["message"] == "Request files [inputImage] required"


def test_a_choice_outside_the_options_is_refused(caller: Caller) -> None:
    """A select takes its own values."""
    reply = caller.call(f"Run/{UPSCALE}", data={"scale": "7"}, files={"inputImage": ("a.png", png())})
    assert reply["errors"][0]["message"] == "Request parameter [scale] must be one of 2, 3, 4"


def test_more_files_than_allowed_are_refused(caller: Caller) -> None:
    """The seed's model takes one input image."""
    files = [("inputImage", ("a.png", png())), ("inputImage", ("b.png", png()))]
    reply = caller.call(f"Run/{FLUX}", data={"prompt": "two"}, files=files)
    assert reply["result"] is False


def test_a_model_that_does_not_exist_is_refused(caller: Caller) -> None:
    """An unknown address has Wiro's message."""
    reply = caller.call("Run/nobody/nothing", {"prompt": "a pier"})
    assert reply["errors"][0]["message"] == "slug-owner-project-not-exist"


def test_an_address_may_be_percent_encoded(caller: Caller) -> None:
    """Slugs with spaces and dots are decoded before they are looked up."""
    assert caller.call("Run/tencent/hunyuan%2Dflux%2Dsrpo", {"prompt": "a pier"})["result"] is True
    reply = caller.call("Run/alibaba/wan%202.6", {"prompt": "a pier"})
    assert reply["errors"][0]["message"] == "slug-owner-project-not-exist"


def test_a_seed_beyond_53_bits_keeps_every_digit(caller: Caller) -> None:
    """A big integer is neither rounded nor rewritten, whether it came as text or as a number."""
    for seed in ("92233720368547758079", 92233720368547758079):
        task = caller.finish(seed=seed)
        assert task["parameters"]["seed"] == "92233720368547758079"
        assert "Seed 92233720368547758079," in task["debugoutput"]


def test_an_uploaded_image_is_shown_by_its_address(caller: Caller) -> None:
    """`parameters` names the input under /v1/File/, and that address serves the bytes."""
    data = {"prompt": "a pier", "width": "64", "height": "64"}
    receipt = caller.call(f"Run/{FLUX}", data=data, files={"inputImage": ("photo.png", png())})
    url = caller.detail(receipt)["parameters"]["inputImage"]
    assert url.startswith(f"{caller.server.base_url}/File/")
    assert caller.http.get(url).content == png()


@pytest.mark.parametrize(
    "body",
    [b"{", b"[1]", b'"prompt"', b'{"a":' + b"[" * 100_000, b'{"a":' + b"9" * 10_000 + b"}"],
    ids=["cut", "list", "text", "deep", "long"],
)
def test_a_body_that_is_no_json_object_is_refused(caller: Caller, body: bytes) -> None:
    """Nonsense in, an envelope out."""
    headers = caller.headers() | {"content-type": "application/json"}
    reply = caller.http.post(f"/Run/{CHAT}", headers=headers, content=body).json()
    assert reply["errors"] == [{"code": 0, "message": "Request parameters are invalid."}]


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x"])
def test_a_body_that_is_no_multipart_is_refused(caller: Caller, boundary: str) -> None:
    """Whatever is wrong with the parts, the reply is an envelope."""
    headers = caller.headers() | {"content-type": f"multipart/form-data{boundary}"}
    reply = caller.http.post(f"/Run/{CHAT}", headers=headers, content=b"--y\r\nnot a part")
    assert reply.json()["errors"][0]["message"] == "Request parameters are invalid."


@pytest.mark.parametrize("path", ["/v1/Nothing/Here", "/", "/v1/"])
def test_an_unknown_path_answers_404_in_an_envelope(caller: Caller, path: str) -> None:
    """Even a wrong address is answered in Wiro's form."""
    answer = caller.http.post(caller.server.base_url.removesuffix("/v1") + path)
    assert answer.status_code == 404
    assert answer.json()["result"] is False
