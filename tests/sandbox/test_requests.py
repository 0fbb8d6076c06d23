from tests.sandbox.raw import FLUX, Caller, png
from wiro_widgets.sandbox.tasks.inputs import Form
from wiro_widgets.sandbox.world import MAX_REQUESTS, MAX_TEXT, RequestLog


def test_a_run_is_recorded_with_its_fields_and_files(caller: Caller) -> None:
    """Texts as they were sent, files by name, type and size."""
    data = {"prompt": "a pier", "scale": "3.5", "width": "64", "height": "64"}
    caller.call(f"Run/{FLUX}", data=data, files={"inputImage": ("a.png", png(), "image/png")})
    request = caller.server.requests[-1]
    assert (request.method, request.path) == ("POST", f"/v1/Run/{FLUX}")
    assert dict(request.fields) == data
    assert request.files == (("inputImage", "a.png", "image/png", len(png())),)


def test_json_values_are_recorded_as_text(caller: Caller) -> None:
    """A number is recorded as JSON writes it."""
    caller.call(f"Run/{FLUX}", {"prompt": "a pier", "seed": 7350148318, "scale": 3.5})
    assert caller.server.requests[-1].fields == (
        ("prompt", "a pier"),
        ("seed", "7350148318"),
        ("scale", "3.5"),
    )


def test_no_secret_is_recorded(caller: Caller) -> None:
    """Neither key nor secret nor signature nor token, not even when they are sent as fields."""
    server = caller.server
    receipt = caller.run(prompt=f"my key is {server.api_key} and my secret {server.api_secret}")
    caller.call("Task/Detail", {"tasktoken": receipt["socketaccesstoken"]})
    caller.call("Task/Kill", {"socketaccesstoken": receipt["socketaccesstoken"]})
    text = repr(server.requests) + repr(server) + repr(server.settings) + repr(server.__dict__)
    for secret in (server.api_key, server.api_secret, receipt["socketaccesstoken"]):
        assert secret not in text


def test_the_record_is_bounded() -> None:
    """The oldest requests go, long texts are cut."""
    request_log = RequestLog([])
    for number in range(MAX_REQUESTS + 5):
        request_log.add("POST", f"/{number}", Form((("prompt", "x" * (MAX_TEXT + 100)),)))
    assert len(request_log.requests) == MAX_REQUESTS
    assert request_log.requests[0].path == "/5"
    assert len(request_log.requests[0].fields[0][1]) == MAX_TEXT + 3
