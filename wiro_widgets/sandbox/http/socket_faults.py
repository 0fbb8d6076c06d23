"""Socket faults: what is sent in place of each frame."""

import enum
import json
from dataclasses import dataclass, field

from wiro_widgets.sandbox.faults.active_faults import ActiveFaults
from wiro_widgets.sandbox.faults.wire_shapes import choose, drift_frame
from wiro_widgets.sandbox.tasks.task import TERMINAL, Frame, new_token

BROKEN = ("{", '["task_end"]', "null", '"task_end"', '{"type": 5}', "{}", " ", '{"type": "task_end", "id":')
FOREIGN = ("task_output", "task_end", "task_postprocess_end", "task_cancel")
UNKNOWN = ("task_stream_ready", "task_cost", "task_hologram", "ping")


class Action(enum.Enum):
    """What a connection does instead of sending."""

    DROP = "cut the connection"
    CLOSE = "close politely"
    SILENT = "send nothing more"
    HALF_OPEN = "neither read nor write"
    GARBAGE = "send bytes that are no frame"


Step = str | bytes | Action
_POSITIONS = (
    ("drop_socket_after", Action.DROP),
    ("close_socket_after", Action.CLOSE),
    ("silent_after", Action.SILENT),
    ("half_open_after", Action.HALF_OPEN),
    ("garbage_after", Action.GARBAGE),
)


@dataclass(slots=True)
class FrameFaults:
    """The steps of one connection; `active_faults` is replaced when the faults change."""

    active_faults: ActiveFaults
    sent_count: int = 0
    frame_count: int = 0
    _done: set[str] = field(default_factory=set)

    def start(self) -> list[Step]:
        """Return the steps after the registration."""
        size = self.active_faults.faults.huge_frame
        huge: list[Step] = []
        if size and self.active_faults.strikes_once("huge_frame"):
            frame = {"type": "task_output", "message": "x" * size, "result": True}
            huge.append(json.dumps(frame))
        return [*huge, *self._position()]

    def steps(self, frame: Frame) -> list[Step]:
        """Return the steps for this frame."""
        faults = self.active_faults.faults
        self.frame_count += 1
        if faults.lose_end and frame["type"] in TERMINAL:
            return []
        if faults.lose_frames and self.frame_count % faults.lose_frames == 0:
            return []
        kinds = choose(faults.drift, self.active_faults.dice)
        text = json.dumps(drift_frame(frame, kinds))
        steps = [*self._strangers(), *[text] * (1 + faults.duplicate)]
        self.sent_count += 1
        return [*steps, *self._position()]

    def _strangers(self) -> list[Step]:
        faults, turn = self.active_faults.faults, self.frame_count
        strangers: list[Step] = []
        if faults.foreign_frames and turn % faults.foreign_frames == 0:
            strangers.append(json.dumps(_foreign(FOREIGN[turn % len(FOREIGN)])))
        if faults.broken_frames and turn % faults.broken_frames == 0:
            strangers.append(BROKEN[turn % len(BROKEN)])
        if faults.binary_frames and turn % faults.binary_frames == 0:
            strangers.append(b"nobody|" + bytes(range(256)))
        if faults.unknown_frames and turn % faults.unknown_frames == 0:
            strangers.append(
                json.dumps({"type": UNKNOWN[turn % len(UNKNOWN)], "message": {"turnCost": "0.1"}})
            )
        return strangers

    def _position(self) -> list[Step]:
        for name, action in _POSITIONS:
            position = getattr(self.active_faults.faults, name)
            if position is None or self.sent_count < position or name in self._done:
                continue
            self._done.add(name)
            times = self.active_faults.faults.socket_faults_times
            if not times or self.active_faults.strikes("socket_faults_times"):
                return [action]
        return []


def _foreign(kind: str) -> Frame:
    message = (
        [{"name": "0.png", "url": "http://127.0.0.1:9/foreign.png"}]
        if kind == "task_postprocess_end"
        else None
    )
    return {
        "type": kind,
        "id": "1",
        "tasktoken": new_token(),
        "target": "task",
        "message": message,
        "result": True,
    }
