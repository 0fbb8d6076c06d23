"""Messages as the kernel sends them: the seed's form, a run, its rows."""

from typing import Any, cast

from wiro_widgets.protocol.events import Progress
from wiro_widgets.protocol.schema.parameters import Kind, Parameter
from wiro_widgets.protocol.state import Status
from wiro_widgets.render import run_words
from wiro_widgets.widget.form import expected
from wiro_widgets.widget.wire import labels

Payload = dict[str, Any]


def parameter(identifier: str, kind: str, label: str = "", **facts: Any) -> Payload:
    """Return one parameter of a form, with `facts` over the defaults."""
    base: Payload = {
        "id": identifier,
        "kind": kind,
        "label": label or identifier.capitalize(),
        "required": False,
        "default": None,
        "options": [],
        "minimum": None,
        "maximum": None,
        "step": 1 if facts.get("integer") else 0.1 if kind in ("range", "number") else None,
        "decimals": 1 if not facts.get("integer") else 0,
        "slider": kind == "range" and not facts.get("role"),
        "integer": False,
        "help": None,
        "placeholder": None,
        "expected": _expected(kind, facts),
        "advanced": False,
        "multiple": False,
        "max_files": None,
        "accept": None,
        "role": None,
        "narrow": False,
        "json": None,
        "example": "1..4, or 10..50 by 10",
    }
    return base | facts


def _expected(kind: str, facts: Payload) -> str:
    item = Parameter(
        "x",
        cast("Kind", kind),
        integer=bool(facts.get("integer")),
        minimum=facts.get("minimum"),
        maximum=facts.get("maximum"),
        accept=facts.get("accept"),
    )
    return expected(item)


def form(*parameters: Payload, **facts: Any) -> Payload:
    """Return a form of one group."""
    return {
        "v": 1,
        "model": "tencent/hunyuan-flux-srpo",
        "owner": "tencent",
        "name": "hunyuan-flux-srpo",
        "title": "Hunyuan Flux SRPO",
        "sandbox": True,
        "makes": "image",
        "groups": [{"title": "Input", "advanced": False, "parameters": list(parameters)}],
    } | facts


def whole(identifier: str, low: int, high: int, **facts: Any) -> Payload:
    """Return a whole-number range."""
    return parameter(identifier, "range", minimum=low, maximum=high, step=1, integer=True, **facts)


SEED_MODEL = form(
    parameter("prompt", "textarea", "Prompt", required=True, role="prompt", placeholder="What to draw"),
    parameter("inputImage", "file", "Input image", accept="image", max_files=1),
    whole("steps", 1, 50, help="More steps take longer and draw more detail."),
    parameter("scale", "range", minimum=0, maximum=10, step=0.1),
    parameter("strength", "range", minimum=0, maximum=1, step=0.01),
    whole("samples", 1, 8),
    whole("width", 256, 2048, role="width"),
    whole("height", 256, 2048, role="height"),
    parameter("seed", "number", integer=True, minimum=0, role="seed"),
    parameter("callbackUrl", "text", "Callback URL", advanced=True, help="Called when the task ends."),
)
SEED_VALUES: Payload = {
    "prompt": "A close up portrait of a Chinese princess wearing colorful clothing "
    "with a highly detailed face and eyes.",
    "inputImage": [],
    "steps": 20,
    "scale": 3.5,
    "strength": 0.88,
    "samples": 4,
    "width": 1024,
    "height": 1024,
    "seed": "7350148318",
    "callbackUrl": "",
}
STAGES = [
    {"name": "Queue", "start": 0.0, "end": 1.4},
    {"name": "Prepare", "start": 1.4, "end": 2.0},
    {"name": "Generate", "start": 2.0, "end": 17.0},
    {"name": "Finish", "start": 17.0, "end": 18.2},
]


def state(**traits: Any) -> Payload:
    """Return a model's traits, idle unless `traits` say otherwise."""
    return {
        "_form": SEED_MODEL,
        "values": SEED_VALUES,
        "_errors": {},
        "status": "idle",
        "progress": None,
        "_feed": {"epoch": "e1", "head": 0},
        "_axes": axes(1, {}),
        "_outlook": {},
        "_examples": [],
    } | traits


def run(**facts: Any) -> Payload:
    """Return a run that is generating, with `facts` over it; `cost` is what it has cost, in USD."""
    view: Payload = {
        **summary(1, "running"),
        "task": "2221",
        "seed": "7350148318",
        "next_seed": "7350148319",
        "prompt": "A close up portrait",
        "elapsed": 12.0,
        "stages": [*STAGES[:2], {"name": "Generate", "start": 2.0, "end": None}],
        "progress": 0.6,
        "notice": None,
        "outputs": [],
        "text": None,
    } | facts
    return _in_words(view, view.pop("cost", None)) | facts


def _in_words(view: Payload, cost: float | None) -> Payload:
    """Return a run with what the kernel says of it."""
    status, elapsed, notice = view["status"], view["elapsed"], view["notice"]
    stages = [stage["name"] for stage in view["stages"] if stage["end"] is None]
    step = Progress(0, view["progress"], 12, 20, "1.2 it/s", remaining="7") if view["progress"] else None
    kinds = [output["content_type"] for output in view["outputs"]]
    problem = notice["title"] if notice else None
    return view | {
        "line": labels.run_line(status, view["progress"], cost),
        "word": labels.status_label(status, elapsed),
        "doing": run_words.activity(status, stages[-1] if stages else None, step),
        "pace": run_words.pace(step),
        "said": labels.announcement(
            status, elapsed, problem=problem, has_answer=view["text"] is not None, content_types=kinds
        ),
        "empty": labels.placeholder(status),
        "price": None if cost is None else run_words.price(cost),
    }


def rows(*lines: tuple[float, str, str], first: int = 0) -> list[list[Any]]:
    """Return numbered rows of (seconds, kind, text)."""
    return [[first + index, *line] for index, line in enumerate(lines)]


def delta(lines: list[list[Any]], *, first: int = 0, epoch: str = "e1", **facts: Any) -> Payload:
    """Return a delta that carries these rows."""
    reach = {"first": first, "next": first + len(lines), "dropped": 0}
    return {"type": "delta", "epoch": epoch, "rows": lines} | reach | facts


def snapshot(lines: list[list[Any]], *, first: int = 0, epoch: str = "e1", **facts: Any) -> Payload:
    """Return a snapshot addressed to the page's own store."""
    reach: Payload = {"first": first, "next": first + len(lines), "dropped": 0, "run": None, "runs": []}
    return {"type": "snapshot", "to": "me", "epoch": epoch, "rows": lines} | reach | facts


def output(identifier: str, name: str, content_type: str = "image/png", text: str | None = None) -> Payload:
    """Return one result; a picture is a megapixel large."""
    edge = 1024 if content_type.startswith("image/") else None
    size = {"size": 202_472, "width": edge, "height": edge, "text": text}
    extent = [f"{edge} \N{MULTIPLICATION SIGN} {edge}"] if edge else []
    facts = " \N{MIDDLE DOT} ".join([content_type, *extent, "202 kB"])
    return {"id": identifier, "name": name, "content_type": content_type, "facts": facts} | size


def summary(number: int, status: Status, cost: float | None = None, **facts: Any) -> Payload:
    """Return one line of the list of runs."""
    base: Payload = {
        "task": str(number),
        "progress": None,
        "prompt": "A lighthouse at dusk",
        "starred": False,
        "reason": "",
        "choices": [],
    }
    view = {"number": number, "status": status} | base | facts
    return {"line": labels.run_line(status, view["progress"], cost)} | view


def model(name: str, title: str, description: str, *categories: str) -> Payload:
    """Return one model of the catalogue."""
    return {"model": name, "title": title, "description": description, "categories": list(categories)}


def image(identifier: str, role: str = "thumb", **facts: Any) -> Payload:
    """Return the message that carries a picture's bytes."""
    base = {"name": f"{identifier}.png", "mime": "image/png", "width": 1024, "height": 1024}
    return {"type": "image", "to": None, "images": [{"id": identifier, "role": role} | base | facts]}


def axes(runs: int, axis_texts: Payload, **words: str) -> Payload:
    """Return the trait of controls that are varied: the text of each axis, and what is said beside it."""
    shown = {f"*{name}": text for name, text in axis_texts.items()}
    return {"shown": shown, "words": words, "runs": runs, "undo": "", "locked": True}


def side_model(name: str, title: str = "", note: str = "", error: str = "") -> Payload:
    """Return one of several models that run side by side."""
    return {"model": name, "title": title, "note": note, "about": note, "error": error}


def board(
    columns: list[str], labels: list[str], *, x: str = "steps", y: str = "seed", note: str = ""
) -> Payload:
    """Return the layout of a grid, of run 1; without columns one axis whose cells are captioned, four in a row."""
    width = len(columns) or 4
    count = len(columns) * len(labels) if columns else len(labels)
    cells = [list(range(start, min(start + width, count))) for start in range(0, count, width)]
    titles = (
        [f"{x} {column}, {y} {label}" for label in labels for column in columns]
        if columns
        else [f"{x} {label}" for label in labels]
    )
    headings: list[str] = labels if columns else [""] * len(cells)
    table = [{"label": label, "cells": row} for label, row in zip(headings, cells, strict=True)]
    view: Payload = {
        "run": 1,
        "x": x,
        "y": y if columns else "",
        "columns": columns,
        "rows": table,
        "note": note,
    }
    return view | {"titles": {str(index): title for index, title in enumerate(titles)}}


def cell(index: int, status: str = "succeeded", note: str = "$0.0023 \N{MIDDLE DOT} 4.1 s") -> Payload:
    """Return how one cell of a sweep stands; one that has succeeded has a picture."""
    outputs = [output(f"1-{index}", f"{index}.png")] if status == "succeeded" else []
    return {"index": index, "status": status, "note": note, "outputs": outputs}


def swept(**facts: Any) -> Payload:
    """Return a sweep that is under way, as a run."""
    view: Payload = {
        "prompt": "12 runs: steps \N{MULTIPLICATION SIGN} seed",
        "seed": None,
        "next_seed": None,
        "stages": [],
    }
    return run(
        **{
            **view,
            "progress": 0.5,
            "doing": "6 of 12 done \N{MIDDLE DOT} 4 running",
            "pace": "about 9.0 s left",
        }
        | facts
    )
