"""One client at work, run by the Python that has it: `drive.py CLIENT HTTP WS MODE COUNT`, with JSON as its last line.

Of this project it imports the watch of memory alone. MODE is "turns" (one run after the other) or "crowd" (all at once,
from a thread each where the documented call blocks).
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from benchmarks.memory import Growth

Call = Callable[[str], Any]  # a prompt -> its picture, decoded
DECODING = threading.Lock()  # a decoder a thread would take more memory than any client
TICK = 0.005  # seconds between two looks at memory and threads


def replicate(http: str, _ws: str, _folder: Path) -> Call:
    """`replicate.run`, and `read` of the output that it returns."""
    import replicate as package
    from replicate.helpers import FileOutput

    client = package.Client(api_token="token", base_url=f"{http}/replicate")  # noqa: S106 - of a stand-in

    def call(prompt: str) -> Image.Image:
        [url] = client.run("bench/one", input={"prompt": prompt})
        # What `run` makes of an https address; it leaves that of a stand-in a text.
        return decode(FileOutput(str(url), client).read())

    return call


def fal(http: str, _ws: str, _folder: Path) -> Call:
    """`fal_client.subscribe`, and a GET of the address that it returns, with one pool for all."""
    import fal_client.client
    import httpx

    fal_client.client.QUEUE_URL_FORMAT = f"{http}/fal/"  # its own is https alone
    client, pool = fal_client.client.SyncClient(key="key"), httpx.Client()

    def call(prompt: str) -> Image.Image:
        result = client.subscribe("bench/one", arguments={"prompt": prompt})
        return decode(pool.get(result["images"][0]["url"]).content)

    return call


def gradio(http: str, _ws: str, folder: Path) -> Call:
    """`gradio_client.Client.predict`, and the file that it returns."""
    from gradio_client import Client

    client = Client(f"{http}/gradio", download_files=str(folder), verbose=False, analytics_enabled=False)
    return lambda prompt: decode(Path(client.predict(prompt, api_name="/predict")).read_bytes())


def huggingface(http: str, _ws: str, _folder: Path) -> Call:
    """`huggingface_hub.InferenceClient.text_to_image`, decoded."""
    from huggingface_hub import InferenceClient

    client = InferenceClient(provider="hf-inference", token="hf_token")  # noqa: S106 - the same

    def call(prompt: str) -> Image.Image:
        return load(client.text_to_image(prompt, model=f"{http}/huggingface/one"))

    return call


class Ours:
    """`Client.run` of this package: it returns at once, `wait` brings the picture; `recover` after a failure."""

    def __init__(self, http: str, ws: str, folder: Path) -> None:
        from wiro_widgets import Client

        self.client = Client(
            "key-of-the-benchmarks",
            "secret-of-the-benchmarks",
            base_url=f"{http}/v1",
            socket_url=f"{ws}/v1",
            journal=folder / "journal.sqlite3",
            output_dir=folder / "outputs",
        )

    def __call__(self, prompt: str) -> Image.Image:
        """Run and wait."""
        return self.picture(self.client.run("bench/one", prompt=prompt))

    def picture(self, task: Any) -> Image.Image:
        """Wait for a task's picture."""
        [image] = task.wait(progress=False).images
        return load(image)

    def crowd(self, prompts: list[str]) -> list[dict[str, Any]]:
        """Start all without a thread each, then wait for them; what failed is looked up once."""
        tasks = [attempt(self._start, prompt) for prompt in prompts]
        ends = [task if "error" in task else self._finish(task) for task in tasks]
        if any("error" in end for end in ends):
            tasks_by_prompt = {task.values["prompt"]: task for task in self.client.recover()}
            ends = [
                self._finish(end | {"picture": tasks_by_prompt[end["prompt"]]})
                if "error" in end and end["prompt"] in tasks_by_prompt
                else end
                for end in ends
            ]
        return ends

    def _start(self, prompt: str) -> Any:
        return self.client.run("bench/one", prompt=prompt)

    def _finish(self, start: dict[str, Any]) -> dict[str, Any]:
        task = start.pop("picture")
        return _forget(attempt(lambda _: self.picture(task), start["prompt"])) | {"start": start["start"]}


CLIENTS: dict[str, tuple[str, Callable[[str, str, Path], Call]]] = {
    "wiro-widgets": ("wiro-widgets", Ours),
    "replicate": ("replicate", replicate),
    "fal-client": ("fal-client", fal),
    "gradio_client": ("gradio-client", gradio),
    "huggingface_hub": ("huggingface-hub", huggingface),
}


class Watch(Growth):
    """Watches the threads of this process as well; `threads` are the most at once."""

    def __init__(self) -> None:
        super().__init__(TICK)
        self.threads = 0

    def look(self) -> None:
        """Note what is more than before."""
        super().look()
        self.threads = max(self.threads, psutil.Process().num_threads() - 1)  # without this one


def decode(data: bytes) -> Image.Image:
    """Return a picture, decoded."""
    return load(Image.open(io.BytesIO(data)))


def load(image: Image.Image) -> Image.Image:
    """Decode a picture, one at a time."""
    with DECODING:
        image.load()
    return image


def attempt(call: Call, prompt: str) -> dict[str, Any]:
    """Return when a call began and ended, and what became of it."""
    start = time.time()
    try:
        picture = call(prompt)
    except BaseException as exc:  # noqa: BLE001 - Gradio raises CancelledError
        return {"prompt": prompt, "start": start, "end": time.time(), "error": f"{type(exc).__name__}: {exc}"}
    return {"prompt": prompt, "start": start, "end": time.time(), "picture": picture}


def main(name: str, http: str, ws: str, mode: str, count: str) -> None:
    """Print what became of so many runs."""
    distribution, make = CLIENTS[name]
    prompts = [f"{name} {mode} {number} {time.time_ns()}" for number in range(int(count))]
    with tempfile.TemporaryDirectory(prefix="wiro-bench-", ignore_cleanup_errors=True) as folder:
        call = make(http, ws, Path(folder))
        call("warm up")  # imports, pools and schemas are no run's
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        with Watch() as watch:
            ends = _work(call, mode, prompts)
    runs = [{key: value for key, value in end.items() if key != "picture"} for end in ends]
    figures = {"version": version(distribution), "bytes": watch.most, "threads": watch.threads, "runs": runs}
    sys.stdout.write(f"{json.dumps(figures)}\n")


def _work(call: Call, mode: str, prompts: list[str]) -> list[dict[str, Any]]:
    if mode == "turns":
        return [_forget(attempt(call, prompt)) for prompt in prompts]
    if isinstance(call, Ours):
        return call.crowd(prompts)
    with ThreadPoolExecutor(len(prompts)) as threads:
        return list(threads.map(lambda prompt: _forget(attempt(call, prompt)), prompts))


def _forget(end: dict[str, Any]) -> dict[str, Any]:
    end.pop("picture", None)  # a crowd of decoded pictures would be all that is measured
    return end


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    import os

    os._exit(0)  # a heartbeat or a pool would keep some of them
