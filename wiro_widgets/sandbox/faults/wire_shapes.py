"""Other shapes of replies, frames (docs/protocol.md, Task detail) and outputs: faults `drift` and `output_as`."""

import io
import json
import random
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from PIL import Image

Entry = dict[str, Any]
Change = Callable[[Entry], object]
NUMBERS = ("elapsedseconds", "cps", "totalcost", "size")
LAST = ("task_postprocess_end", "task_cancel")
SNAPSHOTS = ("text", "segments", "progress", "raw", "tags", "calls")
CONTENTS = ("message", "text", "debug", "segments", "tags", "calls", "ends")
BOMB_SIDE = 20_000


def _number(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _numbers(task: Entry) -> None:
    for entry in (task, *task["outputs"]):
        names = [name for name in entry if name in NUMBERS or name.endswith("time")]
        entry.update({name: _number(entry[name]) for name in names})


def _times(task: Entry, write: Callable[[int], str]) -> None:
    task.update({name: write(int(task[name])) for name in task if name.endswith("time") and int(task[name])})


def _before_the_end(task: Entry, pexit: str | None) -> None:
    if task["status"] not in LAST:
        task["pexit"] = pexit


def _errors(reply: Entry) -> list[Entry]:
    return list(reply.get("errors", ()))  # a stop can be answered by its result alone


def _message_beside(reply: Entry) -> None:
    # A refusal keeps its `result`: a message alone does not say that a Run created no task.
    if reply.get("errors"):
        reply.update(message=reply.pop("errors")[0]["message"], result=reply.get("result", False))


def _items_as_text(tool: Entry) -> None:
    for group in tool.get("parameters") or ():
        group["items"] = [json.dumps(item) for item in group["items"]]


def _defaults_as_values(tool: Entry) -> None:
    for group in tool.get("parameters") or ():
        for item in group["items"]:
            item["value"] = item.pop("default")


def _newer_frame(frame: Entry) -> None:
    last = frame["type"] in LAST
    frame.update(success=frame["result"], terminal=last)
    if last:
        frame["exitCode"] = 0 if frame["message"] else 1
    if frame["type"] in ("task_output_full", "task_error_full"):
        del frame["message"]


def _snapshot(frame: Entry, kind: str) -> None:
    message = frame.get("message")
    if isinstance(message, dict) and "thinking" in message:
        _write_text(message, kind)


def _snapshot_as_text(frame: Entry) -> None:
    message = frame.get("message")
    if isinstance(message, dict) and {"thinking", "segments"} & message.keys():
        frame["message"] = json.dumps(message)


def _write_text(content: Entry, kind: str) -> None:
    """Write thinking and answer, which are lists, in another way (docs/protocol.md, Language models)."""
    thinking, answer = ("".join(content.pop(name)) for name in ("thinking", "answer"))
    parts = {"thinking": thinking, "answer": answer}
    if kind == "text":
        content.update(parts)
    elif kind == "raw":
        content.update(thinking=[thinking] if thinking else [], answer=[], raw=f"<answer>{answer}</answer>")
    elif kind == "tags":
        # The model may be in the middle of a tag.
        raw = f"<thinking>{thinking}</thinking>\n" if thinking else ""
        content.update(thinking=[], answer=[], raw=f"{raw}<answer>{answer}</answ")
    elif kind == "calls":
        call = {"type": "function_call", "call_id": "call_1", "name": "say"}
        arguments = json.dumps({"text": answer}).removesuffix('"}')
        segments: list[Entry] = [{"type": "thinking", "text": thinking}] if thinking else []
        content["segments"] = [*segments, {**call, "arguments": arguments}] if answer else segments
        content["raw"] = ""
    else:
        content["segments"] = [{"type": name, "text": text} for name, text in parts.items() if text]
        if kind == "progress":
            content.update(type="progressGenerate", task="Generate", speed="12.4")


def _text_outputs(outputs: list[Entry], kind: str) -> list[Entry]:
    """Return outputs whose texts stand elsewhere, or are written otherwise."""
    texts = [output for output in outputs if "content" in output]
    if texts and kind == "debug":
        return []  # `debugoutput` ends with the answer
    for output in texts:
        content = output["content"]
        answer = "".join(content["answer"])
        if kind in ("message", "text"):
            output["content"] = {"message": answer} if kind == "message" else answer
        elif kind == "ends":
            content["finishReason"] = content.pop("finishreason")
            content["usage"] = json.dumps(content["usage"])
        else:
            _write_text(content, kind)
    return outputs


def _task_texts(kind: str) -> Change:
    return lambda task: task.update(outputs=_text_outputs(task["outputs"], kind))


def _frame_texts(kind: str) -> Change:
    def change(frame: Entry) -> None:
        if frame["type"] in LAST and isinstance(frame.get("message"), list):
            frame["message"] = _text_outputs(frame["message"], kind)

    return change


def _frame_numbers(frame: Entry) -> None:
    message = frame.get("message")
    if isinstance(message, dict):
        frame["message"] = {name: _number(value) for name, value in message.items()}


TASK: dict[str, Change] = {
    "milliseconds": lambda task: _times(task, lambda seconds: str(seconds * 1000)),
    "iso_times": lambda task: _times(
        task, lambda seconds: datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    ),
    "numbers": _numbers,
    "number_ids": lambda task: task.update(
        {name: int(task[name]) for name in ("id", "projectid", "modelid")}
    ),
    "pexit_number": lambda task: task.update(pexit=_number(task["pexit"])),
    "pexit_null": lambda task: _before_the_end(task, None),
    "pexit_garbage": lambda task: _before_the_end(task, "undefined"),
    "pexit_unknown": lambda task: task.update(pexit=None),
    "parameters_text": lambda task: task.update(parameters=json.dumps(task["parameters"])),
    "categories_list": lambda task: task.update(categories=json.loads(task["categories"])),
    "extra_fields": lambda task: task.update(zznew={"deep": [1, None, "x"]}, isapp=False, estimatedvram="0"),
    **{f"content_{kind}": _task_texts(kind) for kind in CONTENTS},
    "task_id": lambda task: task.update(taskid=task.pop("id")),
    "task_output": lambda task: task.update(output=task.pop("outputs")),
}
REPLY: dict[str, Change] = {
    "number_ids": lambda reply: reply.update(taskid=int(reply["taskid"])) if "taskid" in reply else None,
    "result_text": lambda reply: reply.update(result="1" if reply["result"] else "0"),
    "result_number": lambda reply: reply.update(result=int(reply["result"])),
    "result_missing": lambda reply: reply.pop("result"),
    "code_text": lambda reply: reply.update(errors=[{**e, "code": str(e["code"])} for e in _errors(reply)]),
    "errors_text": lambda reply: reply.update(errors=[error["message"] for error in _errors(reply)]),
    "errors_message": _message_beside,
}
TOOL: dict[str, Change] = {
    "schema_value": _defaults_as_values,
    "items_text": _items_as_text,
    "schema_text": lambda tool: tool.update(parameters=json.dumps(tool.get("parameters"))),
    "schema_null": lambda tool: tool.update(parameters=None),
    "schema_list": lambda tool: tool.update(parameters=[]),
    "schema_empty": lambda tool: tool.update(parameters=""),
    "schema_missing": lambda tool: tool.pop("parameters", None),
    "slug_spaces": lambda tool: tool.update(
        {name: f" {tool[name]}" for name in tool if name.startswith(("slug", "cleanslug"))}
    ),
}
FRAME: dict[str, Change] = {
    "numbers": _frame_numbers,
    **{f"snapshot_{kind}": partial(_snapshot, kind=kind) for kind in SNAPSHOTS},
    "snapshot_json": _snapshot_as_text,
    **{f"content_{kind}": _frame_texts(kind) for kind in CONTENTS},
    "frames_newer": _newer_frame,
    "frames_no_outputs": lambda frame: frame.pop("message", None) if frame["type"] in LAST else None,
    "number_ids": lambda frame: frame.update(id=int(frame["id"])),
    "frames_bare": lambda frame: [frame.pop(name) for name in ("id", "tasktoken", "target")],
}
# Of kinds that exclude each other a reply or frame takes one, by chance.
EXCLUSIVE = (
    ("milliseconds", "iso_times"),
    ("pexit_null", "pexit_garbage"),
    ("categories_list", "categories_broken"),
    ("result_text", "result_number", "result_missing"),
    ("code_text", "errors_text", "errors_message"),
    tuple(f"snapshot_{kind}" for kind in SNAPSHOTS),
    tuple(f"content_{kind}" for kind in CONTENTS),
    ("schema_null", "schema_list", "schema_empty", "schema_missing"),
)
# These change what a client can know, not only how it is written, and "all" leaves them out.
CHANGING = (
    "pexit_unknown",
    "schema_null",
    "schema_list",
    "schema_empty",
    "schema_missing",
    "snapshot_raw",
)
DRIFTS = tuple(dict.fromkeys((*TASK, *REPLY, *TOOL, *FRAME, "categories_broken")))


def choose(names: str, dice: random.Random) -> frozenset[str]:
    """Return the kinds of drift that one reply or frame takes."""
    kinds = set(names.split(",")) & set(DRIFTS)
    if "all" in names.split(","):
        kinds |= set(DRIFTS) - set(CHANGING)
    for group in EXCLUSIVE:
        candidates = sorted(kinds.intersection(group))
        kinds -= set(candidates[1:] and set(candidates) - {dice.choice(candidates)})
    return frozenset(kinds)


def drift_reply(reply: Any, kinds: frozenset[str]) -> str:
    """Return a reply as JSON in these shapes."""
    text = json.dumps(reply)
    if not kinds or not isinstance(reply, dict):
        return text
    reply = json.loads(text)  # a copy: the outputs in it belong to the task
    broken_lists = [task["categories"] for task in reply.get("tasklist", ()) if "categories_broken" in kinds]
    for changes, entries in (
        (TASK, reply.get("tasklist", ())),
        (TOOL, reply.get("tool", ())),
        (REPLY, [reply]),
    ):
        for entry in entries:
            _apply(changes, entry, kinds)
    text = json.dumps(reply)
    for categories in broken_lists:
        # As the seed prints it: a JSON text whose inner quotes are not escaped.
        text = text.replace(json.dumps(categories), f'"{categories}"')
    return text


def drift_frame(frame: Entry, kinds: frozenset[str]) -> str:
    """Return a frame as JSON in these shapes."""
    text = json.dumps(frame)
    return json.dumps(_apply(FRAME, json.loads(text), kinds)) if kinds else text


def _apply(changes: dict[str, Change], entry: Entry, kinds: frozenset[str]) -> Entry:
    for name, change in changes.items():
        if name in kinds:
            change(entry)
    return entry


def disguise(picture: bytes, kind: str) -> bytes:
    """Return what an output really holds in place of this PNG."""
    if kind == "jpeg":
        out = io.BytesIO()
        Image.open(io.BytesIO(picture)).save(out, "JPEG")
        return out.getvalue()
    if kind == "truncated":
        return picture[: len(picture) // 2]
    page = b"<!doctype html><title>Expired</title><p>This link has expired."
    return {"html": page, "text": b"no picture today\n", "empty": b"", "bomb": _bomb()}[kind]


@cache
def _bomb() -> bytes:
    """Return a small PNG of 400 megapixels."""
    head = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((BOMB_SIDE // 8 + 1) * BOMB_SIDE), 1)
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks
