"""Small clients that call Wiro in the manner of the official ones; none of our own protocol code."""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import quote

import httpx
from websockets.sync.client import connect

from tests.sandbox.raw import LAST, PATIENCE, Json, until_the_end, wait_for
from wiro_widgets.sandbox import SandboxServer

OCTETS = "application/octet-stream"
REASONS = {401: "authentication", 403: "authentication", 400: "validation", 429: "rate limit"}


class Failure(Exception):
    """What an official client raises: a kind, the message, and the code of the first error."""

    def __init__(self, kind: str, message: str, code: str | None, status: int) -> None:
        super().__init__(message)
        self.kind, self.message, self.code, self.status = kind, message, code, status


def decode(answer: httpx.Response) -> Json:
    """Return the object of a reply as the mobile clients do: HTTP first, then `result`, then the first error."""
    body: Json = answer.json()
    if answer.is_success and body["result"] is not False:
        return body
    first = (body.get("errors") or [{}])[0]
    kind = "result" if answer.is_success else REASONS.get(answer.status_code, "unknown")
    raise Failure(kind, first.get("message") or body["message"], str(first.get("code")), answer.status_code)


class MobileClient:
    """What the clients for React Native, Swift, Kotlin and Dart have in common."""

    agent: ClassVar[str]
    upload_type: ClassVar[str] = OCTETS
    stop_by_token: ClassVar[str] = "socketaccesstoken"  # the field in which Kill takes a token

    def __init__(self, server: SandboxServer, api_key: str | None = None) -> None:
        self.server = server
        self.api_key = api_key or server.api_key
        self.http = httpx.Client(base_url=server.base_url, trust_env=False, timeout=PATIENCE)

    def headers(self) -> dict[str, str]:
        """Sign with the milliseconds of now."""
        nonce = str(time.time_ns() // 1_000_000)
        message = (self.server.api_secret + nonce).encode()
        signature = hmac.new(self.api_key.encode(), message, hashlib.sha256).hexdigest()
        names = {"x-api-key": self.api_key, "x-nonce": nonce, "x-signature": signature}
        return {"user-agent": self.agent, "accept": "application/json", **names}

    def post(self, path: str, body: Json) -> Json:
        """Post JSON and decode the reply."""
        return decode(self.http.post(path, headers=self.headers(), json=body))

    def search(self, search: str = "", **others: Any) -> Json:
        """Search the catalogue, with the fields that every one of them sends."""
        body = {"start": "0", "limit": "20", "search": search, "categories": [], "sort": "relevance"}
        return self.post("/Tool/List", {**body, "hideworkflows": True, "summary": True, **others})

    def model(self, slug: str) -> Json:
        """Read what a model takes."""
        owner, project = slug.split("/")
        [entry] = self.post("/Tool/Detail", {"slugowner": owner, "slugproject": project})["tool"]
        return dict(entry)

    def upload(self, data: bytes, name: str) -> Json:
        """Upload a file under the part `file`."""
        parts = {"file": (name, data, self.upload_type)}
        return decode(self.http.post("/File/Upload", headers=self.headers(), files=parts))

    def run(self, slug: str, parameters: Json) -> Json:
        """Run a model; files are uploaded before, so that the body is JSON."""
        owner, project = (quote(part, safe="-._~") for part in slug.split("/"))
        return self.post(f"/Run/{owner}/{project}", parameters)

    def task(self, **name: str) -> Json:
        """Read a task."""
        task: Json = self.post("/Task/Detail", name)["tasklist"][0]
        return task

    def cancel(self, receipt: Json) -> bool:
        """Cancel a queued task by its id."""
        return self.post("/Task/Cancel", {"taskid": receipt["taskid"]})["result"] is True

    def kill(self, receipt: Json) -> bool:
        """Kill a running task by its token."""
        body = {self.stop_by_token: receipt["socketaccesstoken"]}
        return self.post("/Task/Kill", body)["result"] is True

    def wait(self, receipt: Json) -> Json:
        """Poll until the end."""
        token = receipt["socketaccesstoken"]
        return wait_for(lambda: self.task(tasktoken=token), lambda task: task["status"] in LAST)

    @contextmanager
    def watch(self, receipt: Json) -> Iterator[Iterator[Json]]:
        """Register a task on a socket and yield its frames up to the last."""
        with connect(self.server.socket_url, compression=None, proxy=None) as socket:
            socket.send(json.dumps({"type": "task_info", "tasktoken": receipt["socketaccesstoken"]}))
            yield until_the_end(socket)


class ReactNative(MobileClient):
    """Sends the type that the phone knows of a file."""

    agent = "WiroKit-ReactNative/0.1.0"
    upload_type = "image/png"


class Swift(MobileClient):
    """Says of no file what it is."""

    agent = "WiroKit-Swift/0.1.0"


class Kotlin(MobileClient):
    """Kills by id as well as by token."""

    agent = "WiroKit-Kotlin/0.1.0"

    def kill(self, receipt: Json) -> bool:
        """Kill a running task by its id."""
        return self.post("/Task/Kill", {"taskid": receipt["taskid"]})["result"] is True


class Dart(MobileClient):
    """Names a task by its token everywhere, as the older documentation does, and streams its uploads."""

    agent = "wiro_client/0.1.0"
    stop_by_token = "tasktoken"

    def cancel(self, receipt: Json) -> bool:
        """Cancel a queued task by its token."""
        return self.post("/Task/Cancel", {"tasktoken": receipt["socketaccesstoken"]})["result"] is True

    def upload(self, data: bytes, name: str) -> Json:
        """Upload in chunks, without a length of the whole."""
        boundary = "dart-http-boundary-0123456789"
        head = (
            f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n'
            f"content-type: {OCTETS}\r\n\r\n"
        )
        chunks = (head.encode(), data[:10], data[10:], f"\r\n--{boundary}--\r\n".encode())
        headers = {**self.headers(), "content-type": f"multipart/form-data; boundary={boundary}"}
        return decode(self.http.post("/File/Upload", headers=headers, content=iter(chunks)))


class McpServer:
    """Reads replies without raising, finds the id behind a token, and passes on whose address asks."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.base_url, trust_env=False, timeout=PATIENCE)

    def request(self, path: str, body: Json) -> Json:
        """Post JSON; only an HTTP error raises."""
        nonce = str(time.time_ns() // 1_000_000)
        message = (self.server.api_secret + nonce).encode()
        headers = {
            "x-api-key": self.server.api_key,
            "x-nonce": nonce,
            "x-signature": hmac.new(self.server.api_key.encode(), message, hashlib.sha256).hexdigest(),
            "x-wiro-proxy-client-ip": "203.0.113.8",
            "x-wiro-proxy-timestamp": nonce,
        }
        reply: Json = self.http.post(path, headers=headers, json=body).raise_for_status().json()
        return reply

    def list_tasks(self, model: str | None = None, start: int = 0, limit: int = 20) -> Json:
        """List the project's tasks, of one model where a part of its name is given."""
        page = {"type": "model", "sort": "id", "order": "DESC", "start": str(start), "limit": str(limit)}
        return self.request("/Task/List", {**page, "modelName": model} if model else page)

    def cancel_task(self, token: str) -> Json:
        """Find the id behind the token, then cancel."""
        task_id = self.request("/Task/Detail", {"tasktoken": token})["tasklist"][0]["id"]
        return self.request("/Task/Cancel", {"taskid": task_id})


class Workflow:
    """Signs once for a run and all of its polls, writes slugs with capitals, and names pictures by address."""

    def __init__(self, server: SandboxServer) -> None:
        self.http = httpx.Client(base_url=server.base_url, trust_env=False, timeout=PATIENCE)
        nonce = str(int(time.time()))
        signature = hmac.new(
            server.api_key.encode(), (server.api_secret + nonce).encode(), hashlib.sha256
        ).hexdigest()
        self.http.headers.update({"x-api-key": server.api_key, "x-nonce": nonce, "x-signature": signature})

    def execute(self, model: str, body: Json) -> Json:
        """Run and poll by the token; return the first output."""
        receipt: Json = self.http.post(f"/Run/{model}", json=body).json()
        reference = {"tasktoken": receipt["socketaccesstoken"]}
        task = wait_for(
            lambda: self.http.post("/Task/Detail", json=reference).json()["tasklist"][0],
            lambda task: task["status"] in LAST,
        )
        output: Json = task["outputs"][0]
        return output


class PythonScript:
    """A script as people write it: urllib, urlencoded bodies, a nonce of whole seconds."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server

    def post(self, path: str, fields: dict[str, str]) -> Json:
        """Post a form and read JSON."""
        nonce = str(int(time.time()))
        message = f"{self.server.api_secret}{nonce}".encode()
        request = urllib.request.Request(  # noqa: S310  (the sandbox)
            f"{self.server.base_url}/{path}",
            urllib.parse.urlencode(fields).encode(),
            {
                "x-api-key": self.server.api_key,
                "x-nonce": nonce,
                "x-signature": hmac.new(self.server.api_key.encode(), message, hashlib.sha256).hexdigest(),
            },
        )
        with _OPENER.open(request, timeout=PATIENCE) as answer:
            reply: Json = json.load(answer)
        return reply

    def picture(self, model: str, prompt: str) -> tuple[str, bytes]:
        """Run, poll by the task's id, download; return the name and the bytes."""
        task_id = self.post(f"Run/{model}", {"prompt": prompt})["taskid"]
        task = wait_for(
            lambda: self.post("Task/Detail", {"taskid": str(task_id)})["tasklist"][0],
            lambda task: task["status"] == "task_postprocess_end",
        )
        url = task["outputs"][0]["url"]
        with _OPENER.open(url, timeout=PATIENCE) as answer:
            return PurePosixPath(urllib.parse.urlsplit(url).path).name, answer.read()


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
