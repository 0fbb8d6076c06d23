"""The sandbox's language model: cumulative snapshots of thinking and answer, then one raw output."""

import secrets
from typing import Any

from wiro_widgets.sandbox.tasks.task import Output, SandboxTask
from wiro_widgets.sandbox.tasks.work import say, spend
from wiro_widgets.sandbox.world import World

WORDS_PER_FRAME = 4


async def chat(world: World, task: SandboxTask) -> int:
    """Think in a few sentences, then answer about the prompt, a few words a frame."""
    prompt = task.inputs.texts["prompt"]
    thinking = _thoughts(prompt) if task.inputs.texts["thinking"] in ("true", "1") else ""
    answer = _answer(prompt)
    for part, text in (("thinking", thinking), ("answer", answer)):
        words = text.split(" ") if text else []
        for count in range(WORDS_PER_FRAME, len(words) + WORDS_PER_FRAME, WORDS_PER_FRAME):
            await spend(world, task, 0.1)
            so_far = " ".join(words[:count])
            is_thinking = part == "thinking"
            message = _snapshot(
                so_far if is_thinking else thinking, "" if is_thinking else so_far, is_thinking
            )
            task.publish("task_output", message)
    content = _snapshot(thinking, answer, False)
    say(task, answer)
    size = len(answer.encode())
    task.outputs.append(
        Output(
            id=secrets.token_hex(16),
            name="",
            content_type="raw",
            size=size,
            content={
                "prompt": prompt,
                "raw": content["raw"],
                "thinking": content["thinking"],
                "answer": content["answer"],
                "segments": _segments(thinking, answer),
            },
        )
    )
    return 0


def _snapshot(thinking: str, answer: str, is_thinking: bool) -> dict[str, Any]:
    raw = f"<think>{thinking}</think>\n{answer}" if thinking else answer
    return {
        "thinking": [thinking] if thinking else [],
        "answer": [answer] if answer else [],
        "raw": raw,
        "isThinking": is_thinking,
    }


def _segments(thinking: str, answer: str) -> list[dict[str, str]]:
    parts = (("thinking", thinking), ("answer", answer))
    return [{"type": kind, "text": text} for kind, text in parts if text]


def _thoughts(prompt: str) -> str:
    return (
        f"The question has {len(prompt.split())} words. I am the sandbox's language model, "
        "so I know nothing about the world, but I can show how an answer arrives piece by piece."
    )


def _answer(prompt: str) -> str:
    question = " ".join(prompt.split())
    return (
        f"You asked: {question}\n\nThis answer comes from the sandbox on your own machine, not from Wiro. "
        "It arrives a few words at a time, as a real model's does, and costs nothing."
    )
