"""Pictures of every state of the panel, to be looked at: `python -m tests.frontend.gallery FOLDER [STATE ...]`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser import CHROME_ARGS, find_chromium
from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import (
    SEED_VALUES,
    STAGES,
    axes,
    board,
    cell,
    delta,
    form,
    image,
    model,
    output,
    parameter,
    rows,
    run,
    side_model,
    state,
    summary,
    swept,
)
from wiro_widgets.render import run_words
from wiro_widgets.widget.wire import labels

WIDTHS = (360, 600, 1200)
HUES = (250, 310, 20, 160)
# JupyterLab's own values; "plain" is a page that sets none.
THEMES = {
    "light": (
        "--jp-layout-color0:#fff;--jp-layout-color1:#fff;--jp-ui-font-color0:#000;"
        "--jp-ui-font-color1:rgba(0,0,0,.87);--jp-brand-color1:#1976d2;--jp-error-color1:#d32f2f;"
        "--jp-success-color1:#388e3c;--jp-warn-color1:#f57c00;background:#fff"
    ),
    "dark": (
        "--jp-layout-color0:#111;--jp-layout-color1:#212121;--jp-ui-font-color0:#fff;"
        "--jp-ui-font-color1:rgba(255,255,255,.87);--jp-brand-color1:#2196f3;--jp-error-color1:#f44336;"
        "--jp-success-color1:#4caf50;--jp-warn-color1:#ff9800;background:#111"
    ),
    "plain": "",
}
LINES = rows(
    (0.0, "queue", "Waiting for a worker"),
    (1.4, "accept", "Accepted"),
    (2.0, "start", "Inference started"),
    (2.3, "stderr", "UserWarning: some weights were not initialised"),
    (3.1, "output", "step 2 of 20"),
    (11.6, "output", "step 12 of 20"),
)
FAILURE = {
    "kind": "error",
    "title": "The model stopped with exit code 1",
    "text": "CUDA out of memory. Nothing was charged. A smaller width and height needs less memory.",
}
CHAT = form(
    parameter("prompt", "textarea", "Prompt", role="prompt", required=True),
    parameter("temperature", "range", "Temperature", minimum=0, maximum=2, step=0.1),
    parameter("reasoning", "select", "Reasoning", options=[{"value": "", "label": ""}]),
    parameter("stream", "boolean", "Stream the answer"),
    owner="wiro",
    name="sandbox-chat",
)
ANSWER = "Diffusion models learn to undo noise, a little at a time, guided by the words of the prompt.\n\n"


def _idle(panel: PanelPage) -> None:
    panel.start(state())


def _running(panel: PanelPage) -> None:
    panel.start(state(status="running"))
    panel.tell(delta(LINES, run=run()))
    panel.button("Log").click()


def _done(panel: PanelPage) -> None:
    panel.start(state(status="succeeded"))
    outputs = [output(f"o{index}", f"{index}.png") for index in range(len(HUES))]
    result = {"stages": STAGES, "progress": None, "cost": 0.00351, "outputs": outputs}
    panel.tell(delta(LINES, run=run(status="succeeded", elapsed=18.2, **result)))
    for index, hue in enumerate(HUES):
        panel.tell(image(f"o{index}"), {"hue": hue})


def _send(panel: PanelPage) -> None:
    _done(panel)
    more = {"undo": "Guidance scale", "locked": False}
    panel.update(_axes=axes(1, {}) | more, _outlook={"price": "about $0.0023", "reason": ""})
    panel.page.get_by_role("spinbutton", name="How many runs").fill("4")
    panel.button("Send to").click()
    [question] = panel.await_sent("search")
    models = [
        model("wiro/sandbox-upscale", "Sandbox Upscale", "Enlarges the picture it is given.", "upscale"),
        model("wiro/sandbox-collage", "Sandbox Collage", "Paints from a picture.", "image-to-image"),
    ]
    panel.tell({"type": "models", "to": "me", "rev": question["rev"], "models": models, "error": None})


def _next(panel: PanelPage) -> None:
    _done(panel)
    panel.update(status="running")
    panel.tell(delta([], first=len(LINES), run=run(number=2)))


def _failed(panel: PanelPage) -> None:
    panel.start(state(status="failed"))
    panel.tell(delta(LINES, run=run(status="failed", stages=STAGES[:3], progress=None, notice=FAILURE)))
    panel.field("seed").locator("input").fill("7350148318x")
    panel.button("Run").click()


def _answer(panel: PanelPage) -> None:
    values = {"prompt": "Explain diffusion.", "temperature": 0.7, "reasoning": "", "stream": True}
    panel.start(state(_form=CHAT, values=values, status="running"))
    text = {"thinking": "Keep it short.", "answer": ANSWER * 6, "done": False}
    panel.tell(delta(LINES, run=run(progress=None, text=text)))


def _cut_off(panel: PanelPage) -> None:
    values = {"prompt": "Explain diffusion.", "temperature": 0.7, "reasoning": "", "stream": True}
    panel.start(state(_form=CHAT, values=values, status="succeeded"))
    answer = ANSWER * 20 + "\n\nDiffusion models learn to"
    text = {"thinking": "Keep it short.", "answer": answer, "done": True, "note": labels.cut_off("length")}
    facts = {"status": "succeeded", "stages": STAGES, "progress": None, "text": text}
    panel.tell(delta(LINES, run=run(**facts)))


def _options(panel: PanelPage) -> None:
    styles = [{"value": f"s{n}", "label": f"Style {n}", "cover": f"c{n}"} for n in range(40)]
    style = parameter("style", "select", "Style", options=styles, default="s2")
    voices = [{"value": f"v{n}", "label": f"Voice {n}"} for n in range(215)]
    voice = parameter("voice", "select", "Voice", options=voices, required=True)
    prompt = parameter("prompt", "textarea", "Prompt", role="prompt")
    panel.start(state(_form=form(prompt, style, voice), values={"style": "s3", "voice": "v7"}))
    panel.field("style").get_by_role("combobox").click()
    for n in range(5):
        panel.tell(image(f"c{n}", "cover", width=96, height=96), {"hue": 40 * n})


def _long(panel: PanelPage) -> None:
    reference = {
        "id": "f1",
        "name": "holiday.jpg",
        "mime": "image/jpeg",
        "size": 2_345_678,
        "url": None,
        "facts": "JPEG \N{MIDDLE DOT} 2.3 MB",
    }
    panel.start(state(values=SEED_VALUES | {"prompt": "light and shadow " * 60, "inputImage": [reference]}))
    panel.tell(image("f1", "preview"), {"hue": 20})
    panel.page.get_by_text("More", exact=True).click()


def _several(panel: PanelPage) -> None:
    _done(panel)
    prompts = ("A close up portrait of a Chinese princess", "A lighthouse at dusk", "", "A harbour at dawn")
    runs = [
        summary(1, "succeeded", prompt=prompts[0], cost=0.00351, starred=True),
        summary(2, "failed", prompt=prompts[1]),
        summary(3, "running", prompt=prompts[2], progress=0.42),
        summary(4, "queued", prompt=prompts[3]),
    ]
    panel.tell(delta([], first=len(LINES), runs=runs))


def _search(panel: PanelPage) -> None:
    panel.start(state(_form={"v": 1, "models": True}, values={}))
    question = panel.await_sent("search")[0]
    panel.tell({"type": "models", "to": "me", "rev": question["rev"], "models": CATALOGUE, "error": None})
    panel.page.get_by_role("combobox").press("ArrowDown")


def _change(panel: PanelPage) -> None:
    _done(panel)
    panel.update(_form=form(*CHAT["groups"][0]["parameters"], models=True))
    panel.page.get_by_role("button", name="Change model").click()
    question = panel.await_sent("search")[0]
    panel.tell({"type": "models", "to": "me", "rev": question["rev"], "models": CATALOGUE, "error": None})


def _code(panel: PanelPage) -> None:
    _done(panel)
    panel.button("Copy as Python").click()
    panel.reply(panel.await_sent("code")[0]["rev"], text=CALL)
    panel.page.get_by_text("select").or_(panel.page.get_by_text("Copied")).first.wait_for()


def _view(panel: PanelPage) -> None:
    _done(panel)
    panel.page.get_by_role("button", name="Picture 1 of 4, open full size").click()
    panel.tell(image("o0", "full", name="0.png"), {"hue": 250, "width": 1024, "height": 1024})


def _compare(panel: PanelPage) -> None:
    _done(panel)
    panel.button("Compare").click()


def _log(panel: PanelPage) -> None:
    _done(panel)
    panel.button("Log").click()
    more = rows(*((n / 10, "output", f"step {n} of 200") for n in range(200)), first=len(LINES))
    panel.tell(delta(more, first=len(LINES)))
    panel.page.get_by_label("Find in the log").fill("step 1")
    panel.page.get_by_role("log").evaluate("(log) => log.scrollTo(0, 400)")


def _files(panel: PanelPage) -> None:
    names = ("holiday.jpg", "a very long name of a picture that was taken at the sea.png", "cat.webp")
    refs = [
        {
            "id": f"f{n}",
            "name": name,
            "mime": "image/jpeg",
            "size": 2_345_678,
            "url": None,
            "facts": "JPEG \N{MIDDLE DOT} 2.3 MB",
        }
        for n, name in enumerate(names)
    ]
    images = parameter("images", "file", "Reference images", multiple=True, max_files=5, accept="image")
    panel.start(state(_form=form(images, *CHAT["groups"][0]["parameters"]), values={"images": refs}))
    for n, hue in enumerate(HUES[:3]):
        panel.tell(image(f"f{n}", "preview"), {"hue": hue})


def _kinds(panel: PanelPage) -> None:
    panel.start(state(status="succeeded"))
    document = output("j", "result.json", "application/json", text='{"label": "cat", "score": 0.98}')
    outputs = [document, output("v", "film.mp4", "video/mp4"), output("z", "all.zip", "application/zip")]
    panel.tell(delta(LINES, run=run(status="succeeded", stages=STAGES, progress=None, outputs=outputs)))


def _film(panel: PanelPage) -> None:
    _kinds(panel)
    panel.button("film.mp4 2 of 3").click()


def _dropping(panel: PanelPage) -> None:
    panel.start(state())
    panel.page.evaluate("() => host.root().querySelector('.panel').classList.add('dropping')")


def _settings(panel: PanelPage) -> None:
    panel.start(state())
    panel.page.locator(".from-picture input").set_input_files(
        {"name": "photo.png", "mimeType": "image/png", "buffer": b"1"}
    )
    chunk = panel.await_sent("file")[0]
    panel.reply(chunk["rev"], upload=chunk["upload"], error="photo.png carries no recipe")


def _no_kernel(panel: PanelPage) -> None:
    panel.start(state())
    panel.page.evaluate("() => { host.model.gone = true; }")
    panel.button("Run").click()


def _vary(panel: PanelPage) -> None:
    words = {
        "steps": "4 values: 20, 30, 40, 50",
        "seed": "3 values: 7350148318 \N{HORIZONTAL ELLIPSIS} 7350148320",
    }
    axis_texts = {"steps": "20, 30..50 by 10", "seed": "7350148318..7350148320", "scale": "0..12 by 4"}
    panel.start(
        state(
            _axes=axes(0, axis_texts, **words),
            _errors={"*scale": "must be between 0 and 10, not 12"},
            _outlook={"price": "about $0.028", "reason": "12 runs: billed by the second"},
        )
    )


FLUX, SKETCH, FILM = (
    "tencent/hunyuan-flux-srpo",
    "wiro/sandbox-sketch",
    "kling-ai/kling-v2-6-master-turbo-image",
)
SIDE_MODELS = [
    side_model(FLUX, "Hunyuan Flux SRPO"),
    side_model(SKETCH, "Sandbox Sketch", "without Scale, Strength, Samples, Steps"),
    side_model(
        FILM,
        "Kling",
        "without Input image, Scale, Strength, Samples and 4 more \N{MIDDLE DOT} its own Width, Height",
        "Prompt: text is needed, not 12.",
    ),
]
PRICES = {FLUX: "about $0.00936", SKETCH: "$0.004", FILM: "$0.28 to $1.40"}


def _models(panel: PanelPage) -> None:
    trait = axes(8, {"seed": "1, 2"}, seed="2 values: 1, 2") | {"models": SIDE_MODELS}
    parts = (f"{name.partition('/')[2]} {price}" for name, price in PRICES.items())
    price = f"$0.29 to $1.41: {', '.join(parts)}"
    panel.start(state(_axes=trait, _outlook={"price": price, "reason": "8 runs", "models": PRICES}))
    panel.send_module("models")
    panel.button("Add a model").click()
    [question] = panel.await_sent("search")
    panel.tell({"type": "models", "to": "me", "rev": question["rev"], "models": CATALOGUE, "error": None})


def _model_board(panel: PanelPage) -> None:
    trait = axes(6, {"seed": "1, 2"}, seed="2 values: 1, 2") | {"models": SIDE_MODELS}
    panel.start(
        state(status="running", _axes=trait, _outlook={"price": "$0.29", "reason": "", "models": PRICES})
    )
    panel.send_module("models")
    costs = ["$0.008421 (estimate about $0.00936)", "$0.004 expected", "$0.28 to $1.40 expected", "", ""]
    note = "Sandbox Sketch without scale, strength, samples, steps"
    titles = ["Hunyuan Flux SRPO", "Sandbox Sketch", "Kling v2.6 Master Turbo Image to Video"]
    table = board(titles, ["1", "2"], x="model", note=note) | {"costs": costs}
    cells = [cell(0), cell(1), cell(2, "running", "running"), cell(3), cell(4, "failed", "failed: x")]
    panel.tell(
        delta(
            LINES[:2],
            run=swept(prompt="6 runs: model \N{MULTIPLICATION SIGN} seed"),
            board=table,
            cells=cells,
        )
    )
    for index in (0, 1, 3):
        panel.tell(image(f"1-{index}"), {"hue": 60 * index})


def _sweep(panel: PanelPage) -> None:
    panel.start(state(status="running", _axes=axes(12, {"steps": "20..50 by 10", "seed": "1..3"})))
    standing = ["succeeded"] * 5 + ["failed", "succeeded"] + ["running"] * 3
    cells = [cell(index, status, status) for index, status in enumerate(standing)]
    table = board(["20", "30", "40", "50"], ["7350148318", "7350148319", "7350148320"])
    panel.tell(delta(LINES[:2], run=swept(), board=table, cells=cells))
    for index, status in enumerate(standing):
        if status == "succeeded":
            panel.tell(image(f"1-{index}"), {"hue": 30 * index})


def _swept(panel: PanelPage) -> None:
    panel.start(state(status="failed", _axes=axes(6, {"prompt": "one\ntwo"})))
    prompts = [
        "a lighthouse in the fog",
        "a lighthouse at dusk, seen from the sea",
        "a harbour",
        "snow",
        "dunes",
        "x",
    ]
    note = "5 of 6 done \N{MIDDLE DOT} 1 failed. Run again runs what is left."
    cells = [*(cell(index) for index in range(5)), cell(5, "failed", "failed: CUDA out of memory")]
    ended = {"status": "failed", "progress": None, "elapsed": 42.0, "cost": 0.0115, "word": "5 of 6 done"}
    panel.tell(
        delta(LINES[:2], run=swept(**ended), board=board([], prompts, x="prompt", note=note), cells=cells)
    )
    for index in range(5):
        panel.tell(image(f"1-{index}"), {"hue": 60 * index})


def _open_cell(panel: PanelPage) -> None:
    _swept(panel)
    panel.page.locator(".board button").nth(1).click()


LOOK = labels.choice("look")
SEND = labels.choice("send")
CLOSE = labels.choice("close")
LOST = (
    "The run of tencent/hunyuan-flux-srpo was sent but its reply was lost (Wiro's list of tasks does not show it, "
    "which proves nothing). A task may exist and be billed, so it was not sent again."
)


def _unknown_cells(panel: PanelPage) -> None:
    panel.start(state(status="unknown", _axes=axes(12, {"steps": "20..50 by 10", "seed": "1..3"})))
    standing = ["succeeded"] * 4 + ["unknown", "succeeded", "succeeded", "unknown"] + ["succeeded"] * 4
    lost = f"{run_words.UNKNOWN}. {LOST}"
    cells = [cell(index, one, lost if one == "unknown" else one) for index, one in enumerate(standing)]
    note = "10 of 12 done \N{MIDDLE DOT} 2 runs unknown: tasks may exist."
    table = board(["20", "30", "40", "50"], ["7350148318", "7350148319", "7350148320"], note=note)
    choices = [labels.choice("look", 2), labels.choice("send", 2)]
    ended = swept(status="unknown", progress=None, word="10 of 12 done", choices=choices, reason=LOST)
    panel.tell(delta(LINES[:2], run=ended, board=table, cells=cells))
    for index, status in enumerate(standing):
        if status == "succeeded":
            panel.tell(image(f"1-{index}"), {"hue": 30 * index})


def _unknown_run(panel: PanelPage) -> None:
    panel.start(state(status="unknown"))
    facts: dict[str, Any] = {"choices": [LOOK, SEND, CLOSE], "reason": LOST}
    notice = {"kind": "error", "title": run_words.UNKNOWN, "text": LOST}
    shown = run(number=2, task=None, status="unknown", progress=None, notice=notice, stages=[], **facts)
    runs = [
        summary(1, "unknown", prompt="A harbour at dawn", task=None, **facts),
        summary(2, "unknown", prompt="A close up portrait", task=None, **facts),
        summary(3, "succeeded", prompt="A lighthouse at dusk", cost=0.00351),
    ]
    panel.tell(delta(LINES[:1], run=shown, runs=runs))


def _pictures_to_come(panel: PanelPage) -> None:
    panel.start(state(status="succeeded"))
    text = "0.png: the file server did not answer. The next use of the result fetches it again."
    notice = {"kind": "info", "title": "Pictures still to come", "text": text}
    choices = [labels.choice("fetch")]
    panel.tell(delta(LINES[:1], run=run(status="succeeded", progress=None, notice=notice, choices=choices)))


CATALOGUE = [
    model(
        "tencent/hunyuan-flux-srpo",
        "Hunyuan Flux SRPO",
        "Portraits and scenes with natural light, from words or from a picture. " * 3,
        "text-to-image",
        "image-to-image",
    ),
    model("wiro/sandbox-chat", "Chat", "Answers in words.", "llm"),
    model("kling/video-2", "", "Short films from a prompt.", "text-to-video", "fast"),
]
CALL = """client.run(
    "tencent/hunyuan-flux-srpo",
    prompt="A close up portrait of a Chinese princess wearing colorful clothing",
    steps=20,
    seed=7350148318,
)"""


def _open(panel: PanelPage) -> None:
    values = [
        {
            "name": "prompt",
            "text": "A harbour in the early fog, boats at rest, seen from the end of the pier",
        },
        {"name": "inputImage", "text": "photo.png", "key": "v1"},
        {"name": "a_rather_long_name", "text": '"12"'},
        {"name": "", "text": "a value that has no name yet"},
    ]
    rows_text = json.dumps([{"key": None, **row} for row in values])
    panel.start(state(_form=form(open=True, groups=[]), values={"**": rows_text}))
    panel.button("Run").click()


def _about(panel: PanelPage) -> None:
    """Show what Wiro tells of the model, with its cover, and examples above the form."""
    about = {
        "title": "Hunyuan FLUX SRPO",
        "description": "Text to image and image to image.",
        "categories": ["image-to-image"],
        "price": "about $0.0023 a run",
        "readme": "# Use\n\nPaints from a **prompt**, see [Wiro](https://wiro.ai).\n\n- `strength` is 0 to 1",
        "cover": "c1",
        "samples": ["c2"],
        "page": "https://wiro.ai/models/tencent/hunyuan-flux-srpo",
    }
    panel.start(state(_examples=["A lighthouse in a storm", "A harbour in winter \N{MIDDLE DOT} 1 file"]))
    panel.button("About tencent / hunyuan-flux-srpo").click()
    panel.reply(panel.await_sent("about")[0]["rev"], about=about)
    for name in panel.await_sent("covers")[0]["ids"]:
        panel.tell(image(name, "cover", width=512, height=320), {"hue": 200, "width": 512, "height": 320})


def _alerts(panel: PanelPage) -> None:
    """Turn on a notification where the page may show none."""
    panel.start(state())
    panel.button("When done").click()
    panel.page.get_by_label("Also show a notification").click()
    panel.page.locator(".alerts-drawer .bad").wait_for()


STATES: dict[str, Callable[[PanelPage], None]] = {
    "idle": _idle,
    "running": _running,
    "done": _done,
    "next": _next,
    "failed": _failed,
    "answer": _answer,
    "cut_off": _cut_off,
    "long": _long,
    "options": _options,
    "lost": _no_kernel,
    "several": _several,
    "open": _open,
    "search": _search,
    "change": _change,
    "code": _code,
    "log": _log,
    "files": _files,
    "kinds": _kinds,
    "film": _film,
    "dropping": _dropping,
    "settings": _settings,
    "vary": _vary,
    "models": _models,
    "model_board": _model_board,
    "sweep": _sweep,
    "swept": _swept,
    "send": _send,
    "chosen": _open_cell,
    "unknown_cells": _unknown_cells,
    "unknown_run": _unknown_run,
    "to_come": _pictures_to_come,
    "about": _about,
    "alerts": _alerts,
}

# The panel behind is out of reach.
DIALOGS: dict[str, Callable[[PanelPage], None]] = {"view": _view, "compare": _compare}


def take(browser: Browser, folder: Path, name: str, theme: str, width: int) -> Path:
    """Draw one state and save its picture."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    panel = PanelPage(context.new_page(), style=f"body {{ margin: 16px; {THEMES[theme]} }}")
    (STATES | DIALOGS)[name](panel)
    panel.wait_until_painted()
    assert panel.problems == []
    path = folder / f"{name}-{theme}-{width}.png"
    panel.page.screenshot(path=path, full_page=True)
    context.close()
    return path


def main(folder: Path, names: list[str]) -> None:
    """Take every wanted state in every theme and width."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROME_ARGS)
        for name in names or STATES | DIALOGS:
            for theme in THEMES:
                for width in WIDTHS:
                    sys.stdout.write(f"{take(browser, folder, name, theme, width)}\n")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
