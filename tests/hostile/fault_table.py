"""The sandbox's faults, and how a run ends that meets them."""

from __future__ import annotations

from typing import Any

from wiro_widgets.protocol.errors import (
    ApiError,
    AuthenticationError,
    InsufficientBalance,
    RunOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    WiroError,
)
from wiro_widgets.protocol.replies import AddressRefused

# What the run survives: it succeeds, with its picture.
SURVIVED: dict[str, dict[str, Any]] = {
    "reads are cut before": {"cut_before": "Task/Detail:3"},
    "reads are cut after": {"cut_after": "Task/Detail:3"},
    "reads are cut midway": {"cut_midway": "Task/Detail:3"},
    "reads hang": {"hang_before": "Task/Detail:1"},
    "429": {"rate_limit": "Run:2,Task/Detail:2", "retry_after": "0"},
    "429 with a date": {"rate_limit": "Run:1", "retry_after": "date"},
    "503 for reads": {"server_error": "Task/Detail:3", "retry_after": "0"},
    "500 for reads": {"server_error": "Task/Detail:3", "server_error_status": 500, "retry_after": ""},
    "a gateway's page for reads": {"html_error": "Task/Detail:3"},
    "half a JSON for reads": {"broken_json": "Task/Detail:2"},
    "a huge reply for reads": {"huge_reply": "Task/Detail:1"},
    "code 96": {"concurrency_limit": "Run:1"},
    "answers are late": {"delay": 0.05},
    "answers trickle": {"trickle": 0.2},
    "no socket": {"refuse_socket": 100},
    "a forgotten registration": {"ignore_registration": 1},
    "the socket drops": {"drop_socket_after": 3, "socket_faults_times": 2},
    "the socket drops every time": {"drop_socket_after": 2},
    "the socket is closed": {"close_socket_after": 3, "socket_faults_times": 2},
    "the socket falls silent": {"silent_after": 2},
    "the socket is half open": {"half_open_after": 2},
    "no WebSocket frames": {"garbage_after": 2, "socket_faults_times": 2},
    "frames twice": {"duplicate": 2},
    "frames out of order": {"reorder": 5},
    "frames are lost": {"lose_frames": 3},
    "the end is lost": {"lose_end": True},
    "frames of others": {"foreign_frames": 2},
    "broken frames": {"broken_frames": 2},
    "binary frames": {"binary_frames": 2},
    "unknown frames": {"unknown_frames": 2},
    "a huge frame": {"huge_frame": 5_000_000},
    "set-ups that fail": {"requeue": 2},
    "Task/Detail lags": {"stale_detail": 3},
    "Task/Detail does not know it yet": {"detail_missing": 2},
    "outputs too early": {"early_outputs": True},
    "evil names": {"output_name": "../../evil.png"},
    "downloads fail": {"fail_downloads": 2},
    "downloads are cut": {"cut_downloads": 2},
    "downloads are cut, no ranges": {"cut_downloads": 2, "no_ranges": True},
    "downloads end early": {"truncate_downloads": 2},
    "downloads are corrupt": {"corrupt_downloads": 1},
    "downloads are mislabelled": {"mislabel_downloads": 2},
    "every drift": {"drift": "all"},
}


# What ends with an error of its own: its type, and how many tasks there are at the server.
ENDS: dict[str, tuple[dict[str, Any], type[WiroError], int]] = {
    "the reply is lost": ({"lose_run_reply": 1}, RunOutcomeUnknown, 1),
    "the Run is cut before": ({"cut_before": "Run:1"}, RunOutcomeUnknown, 0),
    "the Run is cut after": ({"cut_after": "Run:1"}, RunOutcomeUnknown, 1),
    "the Run is cut midway": ({"cut_midway": "Run:1"}, RunOutcomeUnknown, 1),
    "the Run is half a JSON": ({"broken_json": "Run:1"}, RunOutcomeUnknown, 1),
    "the Run's reply is huge": ({"huge_reply": "Run:1"}, RunOutcomeUnknown, 1),
    "the Run is a gateway's page": ({"html_error": "Run:1"}, RunOutcomeUnknown, 0),
    "the Run fails before": ({"server_error": "Run:1"}, RunOutcomeUnknown, 0),
    "the Run fails after": ({"server_error_after": "Run:1"}, RunOutcomeUnknown, 1),
    "parameters are refused": ({"invalid_parameters": "Run:1"}, ApiError, 0),
    "no balance": ({"no_balance": "Run:1"}, InsufficientBalance, 0),
    "the key is refused": ({"auth_error": "Run:1"}, AuthenticationError, 0),
    "the address is refused": ({"ip_refused": "Run:1"}, AddressRefused, 0),
    "a sign-in is asked for": ({"sign_in": "Run:1"}, AuthenticationError, 0),
    "the key is repeated": ({"echo_secrets": "Run:1"}, ApiError, 0),
    "a redirect": ({"redirect": "Run:1"}, ApiError, 0),
    "the model fails": ({"fail_tasks": 1}, TaskFailed, 1),
    "the server cancels": ({"cancel_tasks": 1}, TaskCancelled, 1),
}
