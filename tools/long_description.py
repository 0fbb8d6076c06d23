"""The long description of a distribution: README.md with addresses that hold outside of the checkout.

A package index shows the page without the files beside it. Where the address of the repository is known, relative
pictures and links become absolute and the badges appear; else pictures are left out and links are their words, because
a page of broken pictures helps nobody. `python tools/long_description.py` prints what an index would get.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).resolve().parent.parent
PICTURE = re.compile(
    r"^<picture>\n.*?<img ([^>]*?)src=\"([^\"]+)\"([^>]*)>\n</picture>\n\n?", re.DOTALL | re.MULTILINE
)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?![a-z]+:)([^)\s]+)\)")
BADGES = "<!-- badges -->\n"
GITHUB = "https://github.com/"


class LongDescription(MetadataHookInterface):
    """Hatchling's hook: it sets the readme, which pyproject.toml calls dynamic."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the readme of a distribution that is being built."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        at = repository(metadata.get("urls", {}), f"v{metadata['version']}", os.environ)
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index(text, at)}


def repository(urls: Mapping[str, str], tag: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the repository's address on GitHub and the tag or commit of this build, None if it has no such address.

    `project.urls` comes first; a release that GitHub Actions builds knows its repository from the environment.
    """
    address = urls.get("Source", "").rstrip("/").removesuffix(".git")
    if not address and environ.get("GITHUB_REPOSITORY"):
        address = f"{environ.get('GITHUB_SERVER_URL', GITHUB).rstrip('/')}/{environ['GITHUB_REPOSITORY']}"
        tag = environ.get("GITHUB_SHA", tag)
    return (address, tag) if address.startswith(GITHUB) else None


def for_index(text: str, at: tuple[str, str] | None) -> str:
    """Return the page for a package index, given the address and the tag or commit of the repository."""
    if at is None:
        return LINK.sub(r"\1", PICTURE.sub("", text.replace(f"{BADGES}\n", "")))
    address, tag = at
    files = f"https://raw.githubusercontent.com/{address.removeprefix(GITHUB)}/{tag}"
    text = PICTURE.sub(rf'<img \1src="{files}/\2"\3>\n\n', text)
    text = LINK.sub(rf"[\1]({address}/blob/{tag}/\2)", text)
    return text.replace(BADGES, badges(address, tag))


def badges(address: str, tag: str) -> str:
    """Return the badges that start the sandbox on Binder and on Colab."""
    name = address.removeprefix(GITHUB)
    binder = f"https://mybinder.org/v2/gh/{name}/{tag}?urlpath=lab/tree/notebooks/quickstart.ipynb"
    colab = f"https://colab.research.google.com/github/{name}/blob/{tag}/notebooks/colab.ipynb"
    return (
        f"[![Try it on Binder](https://mybinder.org/badge_logo.svg)]({binder})\n"
        f"[![Try it on Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})\n"
    )


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    print(for_index(page, repository(project["urls"], "main", os.environ)), end="")
