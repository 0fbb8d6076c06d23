"""Answers of Wiro, of gateways and of firewalls that are no proof of anything, and ways to show a task's values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.hostile.http_wire import Reply
from tests.hostile.task_api import Entry, ok, refused

HTML = {"content-type": "text/html; charset=utf-8"}


def page(status: int, title: str) -> Reply:
    """Return a web page as gateways and firewalls send it."""
    html = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Reply(html.encode(), status, HTML)


NO_SUCH_TASK = refused("There is no task yet.", 1)
NO_SUCH_TASK_CODE_0 = refused("task-not-exist", 0)
CODE_0 = refused("Something went wrong.", 0)
EMPTY_LIST = ok(total="0", tasklist=[])
GATEWAY_404 = page(404, "404 Not Found")
GATEWAY_502 = page(502, "502 Bad Gateway")
UNAVAILABLE = Reply({"message": "Service Unavailable"}, 503)
SERVER_ERROR = Reply({"result": False, "errors": []}, 500)
BLOCK_PAGE_401 = page(401, "Sign in to the network")
BLOCK_PAGE_403 = page(403, "Attention Required! You have been blocked")
LOGIN_PAGE = page(200, "Sign in to the network")
# What may come instead of a task, and says nothing about whether it exists.
NO_ANSWERS: Mapping[str, Reply] = {
    "no such task": NO_SUCH_TASK,
    "no such task, code 0": NO_SUCH_TASK_CODE_0,
    "an empty list": EMPTY_LIST,
    "code 0": CODE_0,
    "a gateway's 404": GATEWAY_404,
    "a gateway's 502": GATEWAY_502,
    "503": UNAVAILABLE,
    "500": SERVER_ERROR,
    "a block page, 401": BLOCK_PAGE_401,
    "a block page, 403": BLOCK_PAGE_403,
    "a login page": LOGIN_PAGE,
    "half a JSON": Reply(b'{"result": true, "errors": [], "tasklist": [{"id"'),
}


# How a task shows the values of its Run (`TaskApi.show_values`)


def trimmed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Show texts without spaces at both ends, and at most 20 characters of them."""
    return {
        name: value.strip()[:20] if isinstance(value, str) else value for name, value in parameters.items()
    }


def converted(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Show numbers as floats, texts in lower case without line breaks."""

    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return float(value)
        except ValueError:
            return " ".join(value.lower().split())

    return {name: convert(value) for name, value in parameters.items()}


def nothing(_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Show no values at all."""
    return {}


def unreadable(parameters: Mapping[str, Any]) -> str:
    """Show values as JSON text that is cut off."""
    return json.dumps(parameters)[:-1]


def without_files(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Show no URLs."""
    return {name: value for name, value in parameters.items() if "://" not in str(value)}


# How Task/Detail lags behind the socket (`RemoteTask.next_details`)


def without_outputs(entry: Entry) -> Entry:
    """Name no outputs."""
    return entry | {"outputs": []}


def first_output_only(entry: Entry) -> Entry:
    """Name the first output only."""
    return entry | {"outputs": entry["outputs"][:1]}


def without_exit_code(entry: Entry) -> Entry:
    """Name no exit code yet."""
    return entry | {"pexit": None}


def without_cost(entry: Entry) -> Entry:
    """Name no cost yet."""
    return {name: value for name, value in entry.items() if name != "totalcost"}


def without_id(entry: Entry) -> Entry:
    """Name no task."""
    return {name: value for name, value in entry.items() if name != "id"}
