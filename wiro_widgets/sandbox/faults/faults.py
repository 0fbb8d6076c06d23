"""The faults that a sandbox can simulate: their catalogue, how they are read, and how often each strikes."""

import asyncio
import difflib
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

from wiro_widgets.sandbox.faults.wire_shapes import DRIFTS

Place = Literal["", "queue", "setup", "run"]
WrongOutput = Literal["", "html", "text", "jpeg", "empty", "bomb", "truncated"]
MAX_SECONDS = 3600
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


@dataclass(frozen=True, slots=True)
class Calls:
    """How many calls a fault hits, for named endpoints or, under the empty name, for each endpoint.

    Endpoints are the paths after /v1/, with `Run` standing for every model.
    """

    counts: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, value: object) -> Self:
        """Read `2`, `"2"`, `"Run:2,Task/Detail:1"` or `{"Run": 2}`; raise ValueError for anything else."""
        if isinstance(value, cls):
            return value
        if isinstance(value, Mapping):
            pairs = [(str(name), str(count)) for name, count in value.items()]
        else:
            parts = [part.strip().rpartition(":") for part in str(value).split(",")]
            pairs = [(name, count) for name, _, count in parts]
        return cls(tuple((name, _whole_number(count)) for name, count in pairs))

    def limit(self, endpoint: str) -> int:
        """Return how many calls of this endpoint are hit."""
        counts = dict(self.counts)
        return counts.get(endpoint, counts.get("", 0))


NEVER = Calls()


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, by name; everything is off by default.

    A `Calls` hits the first so many calls of each endpoint. A plain count hits the first so many of its kind
    since the faults were set. A socket position counts the frames of one connection and is off when None.
    """

    # Connections
    refuse_connections: Annotated[bool, "nobody listens on the port"] = False
    reset_connections: Annotated[int, "reset the first n connections as soon as they are made"] = 0

    # Calls that fail before they had any effect
    cut_before: Annotated[Calls, "close the connection without an answer"] = NEVER
    hang_before: Annotated[Calls, "never answer"] = NEVER
    rate_limit: Annotated[Calls, "answer 429 with Retry-After"] = NEVER
    server_error: Annotated[Calls, "answer with server_error_status and Retry-After"] = NEVER
    html_error: Annotated[Calls, "answer 502 with a gateway's HTML page"] = NEVER
    concurrency_limit: Annotated[Calls, "refuse with code 96"] = NEVER
    no_balance: Annotated[Calls, "refuse with code 97"] = NEVER
    auth_error: Annotated[Calls, "answer 401"] = NEVER
    ip_refused: Annotated[Calls, "answer 401, as to an address that the project does not allow"] = NEVER
    sign_in: Annotated[Calls, "refuse with code 98"] = NEVER
    invalid_parameters: Annotated[Calls, "refuse with invalid-parameters"] = NEVER
    echo_secrets: Annotated[Calls, "refuse with a message that repeats the caller's credentials"] = NEVER
    redirect: Annotated[Calls, "answer 307 to another address"] = NEVER

    # Calls that took effect, and then
    cut_after: Annotated[Calls, "close the connection without an answer"] = NEVER
    cut_midway: Annotated[Calls, "close the connection in the middle of the answer"] = NEVER
    hang_after: Annotated[Calls, "never answer"] = NEVER
    server_error_after: Annotated[Calls, "answer with server_error_status all the same"] = NEVER
    broken_json: Annotated[Calls, "answer with JSON that ends too early"] = NEVER
    huge_reply: Annotated[Calls, "answer with more than 16 MiB"] = NEVER
    lose_run_reply: Annotated[int, "create the task of the first n Runs and close without an answer"] = 0

    # How calls are answered
    delay: Annotated[float, "seconds before each answer"] = 0.0
    trickle: Annotated[float, "seconds in which each answer's body arrives, in 16 pieces"] = 0.0
    retry_after: Annotated[str, "the Retry-After sent: seconds, 'date' (in one second) or '' for none"] = "1"
    server_error_status: Annotated[int, "the status of server_error"] = 503

    # The socket
    refuse_socket: Annotated[int, "answer the first n handshakes with 503"] = 0
    ignore_registration: Annotated[int, "forget the first n registrations"] = 0
    drop_socket_after: Annotated[int | None, "cut the connection after n frames"] = None
    close_socket_after: Annotated[int | None, "close politely (1011) after n frames"] = None
    silent_after: Annotated[int | None, "send nothing more after n frames, but answer pings"] = None
    half_open_after: Annotated[int | None, "neither read nor write after n frames"] = None
    garbage_after: Annotated[int | None, "send bytes that are no WebSocket frame after n frames"] = None
    socket_faults_times: Annotated[int, "how often the five above happen in all; 0 is every time"] = 0
    duplicate: Annotated[int, "send each frame n more times"] = 0
    reorder: Annotated[int, "shuffle frames that come shortly after another, up to n at a time"] = 0
    lose_frames: Annotated[int, "leave out every nth frame"] = 0
    lose_end: Annotated[bool, "leave out task_postprocess_end and task_cancel"] = False
    frame_delay: Annotated[float, "seconds before each frame"] = 0.0
    foreign_frames: Annotated[int, "before every nth frame, one of another task, terminal ones included"] = 0
    broken_frames: Annotated[int, "before every nth frame, text that is no JSON object"] = 0
    binary_frames: Annotated[int, "before every nth frame, a binary one (token|PCM)"] = 0
    unknown_frames: Annotated[int, "before every nth frame, one of a type nobody has heard of"] = 0
    huge_frame: Annotated[int, "bytes of one log line sent before the first frame"] = 0

    # Tasks
    stuck: Annotated[
        Place, "'queue', 'setup' (one that fails) or 'run': tasks go no further until the faults change"
    ] = ""
    requeue: Annotated[
        int, "each task fails its set-up n times (persisted task_error), then starts again"
    ] = 0
    fail_tasks: Annotated[int, "the first n tasks exit with 1"] = 0
    finish_reason: Annotated[str, "why a language model stops; one of 'length' has half an answer"] = "stop"
    cancel_tasks: Annotated[int, "the first n tasks are cancelled by the server while they run"] = 0
    kill_refused: Annotated[int, "the first n Kills answer 'Task could not be killed'"] = 0
    bare_stop: Annotated[int, "the first n Kills and Cancels that stop a task answer without the task"] = 0
    detail_missing: Annotated[int, "the first n Task/Detail answer 'There is no task yet.'"] = 0
    stale_detail: Annotated[int, "the first n Task/Detail after a task's end show it still running"] = 0

    # Outputs
    early_outputs: Annotated[bool, "list outputs before the end with links that answer 404"] = False
    output_as: Annotated[
        WrongOutput, "what outputs really hold: html, text, jpeg, empty, bomb, truncated"
    ] = ""
    output_name: Annotated[str, "what outputs are called, such as ../../evil.png"] = ""
    expire_urls: Annotated[bool, "every output's link answers 404"] = False
    fail_downloads: Annotated[int, "answer the first n downloads with 500"] = 0
    cut_downloads: Annotated[int, "cut the first n downloads in the middle"] = 0
    truncate_downloads: Annotated[int, "end the first n downloads early, with a length to match"] = 0
    corrupt_downloads: Annotated[int, "change bytes in the first n downloads"] = 0
    mislabel_downloads: Annotated[int, "send the first n downloads as text/html"] = 0
    no_ranges: Annotated[bool, "send the whole file whatever Range says"] = False

    # Shapes
    drift: Annotated[str, "comma separated kinds of drift in replies and frames, or 'all'"] = ""
    fault_seed: Annotated[int, "what the shuffling of frames starts from"] = 0

    def __bool__(self) -> bool:
        return self != Faults()


def fault_catalogue() -> dict[str, str]:
    """Return every fault's name and what it does."""
    return {name: hint.__metadata__[0] for name, hint in _hints().items()}


def read_faults(source: Faults | Mapping[str, object] | None) -> Faults:
    """Return checked faults; raise ValueError for an unknown name or an impossible value."""
    if isinstance(source, Faults):
        source = {name: getattr(source, name) for name in _hints()}
    values: dict[str, Any] = {}
    for name, value in (source or {}).items():
        hint = _hints().get(name)
        if hint is None:
            near = difflib.get_close_matches(name, _hints(), 1)
            question = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"there is no fault {name!r}.{question} Known faults: {', '.join(_hints())}")
        try:
            values[name] = _read(name, hint.__origin__, value)
        except ValueError as exc:
            raise ValueError(f"fault {name}: {exc}") from exc
    return Faults(**values)


def parse_faults(texts: Iterable[str]) -> Faults:
    """Read `name=value` texts; a name alone means true, or once."""
    values: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        values[name.strip()] = value.strip() if equals else "1"
    return read_faults(values)


class ActiveFaults:
    """The active faults and their counts; belongs to the sandbox's event loop."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.change = asyncio.Event()  # set when other faults take the place of these
        self.dice = random.Random(faults.fault_seed)  # noqa: S311  (a shuffle that can be repeated)
        self._counts: Counter[tuple[str, str]] = Counter()

    def strikes(self, name: str, endpoint: str = "", limit: int | None = None) -> bool:
        """Return True, and count it, if this fault strikes now; its value is the limit unless one is passed."""
        value = getattr(self.faults, name) if limit is None else limit
        key = (name, endpoint)
        if self._counts[key] >= (value.limit(endpoint) if isinstance(value, Calls) else value):
            return False
        self._counts[key] += 1
        return True


def _hints() -> dict[str, Any]:
    return get_type_hints(Faults, include_extras=True)


def _read(name: str, kind: object, value: object) -> object:
    text = str(value)
    if kind is Calls:
        return Calls.of(value)
    if kind is bool:
        if text.lower() not in (*_TRUE, *_FALSE):
            raise ValueError(f"{value!r} is not true or false")
        return text.lower() in _TRUE
    if kind is float:
        if not 0 <= float(text) <= MAX_SECONDS:
            raise ValueError(f"{value!r} is not between 0 and {MAX_SECONDS} seconds")
        return float(text)
    if kind is not str and get_origin(kind) is not Literal:
        return None if value is None else _whole_number(text)
    if kind is not str and text not in get_args(kind):
        raise ValueError(f"{text!r} is not one of {', '.join(filter(None, get_args(kind)))}")
    if name == "drift" and (unknown := set(text.split(",")) - {*DRIFTS, "all", ""}):
        raise ValueError(f"unknown drift {', '.join(sorted(unknown))}; known: {', '.join(DRIFTS)}, all")
    return text


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a whole number of 0 or more")
    return int(text)
