"""Hypothesis strategies: any JSON, in which many keys and values are those of the wire."""

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from wiro_widgets.protocol.events import STAGES

few_examples = settings(max_examples=50, deadline=None)  # each is a tree of dozens of values

TASK_WORDS = (
    "id taskid status socketaccesstoken tasktoken parameters pexit categories outputs output size totalcost "
    "createtime starttime endtime canceltime debugerror debugoutput modelslugowner modelslugproject"
)
FRAME_WORDS = "type id taskid tasktoken message success exitCode terminal result target"
MESSAGE_WORDS = (
    "type percentage stepCurrent stepTotal speed speedType remainingTime thinking answer raw segments isThinking "
    "text url name contenttype content accesskey"
)
TOOL_WORDS = (
    "parameters title items id type label required default value options min max step advanced slugowner "
    "slugproject cleanslugowner categories note"
)
SPEC_WORDS = (
    "spec paths /Run/a/b post requestBody content application/json schema properties required type enum x-options "
    "x-input-type minimum maximum multipleOf default $ref components schemas allOf anyOf oneOf items const nullable "
    "readOnly example examples exclusiveMinimum format title description "
    "#/components/schemas/a inputImage inputImageUrl"
)
REPLY_WORDS = "result errors code message taskid tasklist tool list"
KINDS = ["task_output", "task_error", "task_output_full", "task_error_full", *STAGES]

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["0", "1", "-1", "1e999", "true", "[]", "{}", "[", '["a"]', "2025-12-04T12:00:00Z", "range"]
    )
    | st.sampled_from([1764849600, 1764849600000, 10**40, *KINDS])
)


def _keys(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split()) | st.text(max_size=5)


def json_values(words: str) -> st.SearchStrategy[Any]:
    """Make any JSON, some of it as JSON text."""
    return st.recursive(
        _SCALARS,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(_keys(words), inner, max_size=6)
            | inner.map(lambda value: json.dumps(value)[:200])
        ),
        max_leaves=20,
    )


def json_objects(words: str) -> st.SearchStrategy[dict[str, Any]]:
    """Make any JSON object."""
    return st.dictionaries(_keys(words), json_values(words), max_size=12)
