"""Sphinx: the documentation site, built by `make docs` with warnings as errors."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import wiro_widgets  # noqa: E402 - of this checkout
from wiro_widgets.media.public_names import internal_names  # noqa: E402 - after the path is set

project = "wiro-widgets"
author = "The wiro-widgets developers"
release = version = wiro_widgets.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "pictures.py", "images"]
html_theme = "furo"
html_title = f"wiro-widgets {release}"
html_show_copyright = False
default_role = "literal"  # what stands in single backticks in our docstrings is code

myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
# A widget's own, which a page without a kernel does not draw.
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # they stand in the signatures

NOTEBOOKS = ("quickstart", "sweep", "history")


def setup(app: Any) -> None:
    """Bring the notebooks and the changelog into the pages, and let notebooks run against a sandbox of their own."""
    for name in NOTEBOOKS:
        target = HERE / "tutorial" / f"{name}.ipynb"
        target.parent.mkdir(exist_ok=True)
        source = HERE.parent / "notebooks" / f"{name}.ipynb"
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copy(source, target)
    folder = tempfile.mkdtemp(prefix="wiro-docs-")
    for name in ("WIRO_API_KEY", "WIRO_API_SECRET", "WIRO_BASE_URL", "WIRO_SOCKET_URL"):
        os.environ.pop(name, None)
    os.environ["WIRO_JOURNAL"] = f"{folder}/journal.sqlite3"
    os.environ["WIRO_OUTPUT_DIR"] = f"{folder}/outputs"
    app.connect("build-finished", lambda _app, _error: shutil.rmtree(folder, ignore_errors=True))
    app.connect("build-finished", write_index_for_models)
    app.connect("autodoc-skip-member", skip_internal_name)


def skip_internal_name(app: Any, _what: str, name: str, _member: object, *_: Any) -> bool | None:
    """Leave out of the reference what Tab does not list either."""
    document = app.env.current_document
    kind = getattr(sys.modules.get(document.autodoc_module), document.autodoc_class, None)
    return True if isinstance(kind, type) and name in internal_names(kind) else None


def write_index_for_models(app: Any, error: Exception | None) -> None:
    """Write llms.txt: the pages of the site with their titles, for language models that read documentation."""
    if error is not None or app.builder.name != "html":
        return
    titles = {name: node.astext() for name, node in app.env.titles.items()}
    lines = [
        "# wiro-widgets",
        "",
        "> Run Wiro's generative models from a notebook cell: a live panel, PIL images and a record of every run.",
        "",
        "## Pages",
        "",
        *(f"- [{title}]({name}.html)" for name, title in sorted(titles.items())),
    ]
    Path(app.outdir, "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
