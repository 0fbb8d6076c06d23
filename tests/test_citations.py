"""Each section that a comment or docstring cites exists in docs/protocol.md or docs/architecture.md."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("docs/protocol.md", "docs/architecture.md")
SOURCES = [("wiro_widgets", "*.py"), ("tests", "*.py"), ("js/src", "*.ts"), ("js/src", "*.css")]
PROTOCOL_SECTIONS = [
    *("Authentication", "Envelope", "Run", "Files", "Task detail", "Task life", "Kill and Cancel", "Socket"),
    *("Outputs", "Catalogue", "Prices", "Concurrency", "Language models"),
]
CITATION = re.compile(r"(docs/\w+\.md), ([A-Z][\w -]*)")
LINE_BREAK = re.compile(
    r"\s*\n\s*(?:#|\*|//)?\s*"
)  # a citation may go on behind the next line's comment mark


def _sections(page: str) -> list[str]:
    return re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)


def _citations(text: str) -> Iterator[tuple[str, str]]:
    """Yield page and words of each citation; the words may go on after the section's name."""
    for match in CITATION.finditer(LINE_BREAK.sub(" ", text)):
        yield match[1], match[2]


def _names_a_section(words: str, sections: list[str]) -> bool:
    return any(re.match(rf"{re.escape(section)}\b", words) for section in sections)


def test_the_protocol_page_has_its_sections() -> None:
    """The sections that comments cite are there, in their order."""
    assert _sections("docs/protocol.md") == PROTOCOL_SECTIONS


@pytest.mark.parametrize(("folder", "pattern"), SOURCES)
def test_every_cited_section_exists(folder: str, pattern: str) -> None:
    """A citation names a page and a heading of it."""
    sections = {page: _sections(page) for page in PAGES}
    wrong = [
        f"{path.relative_to(ROOT)}: {page}, {words}"
        for path in sorted((ROOT / folder).rglob(pattern))
        if path != Path(__file__)
        for page, words in _citations(path.read_text(encoding="utf-8"))
        if not _names_a_section(words, sections.get(page, []))
    ]
    assert wrong == []


def test_a_citation_is_read_across_lines() -> None:
    """A comment may break a citation; a heading is matched as whole words."""
    text = (
        "# see (docs/protocol.md,\n# Task life).\n"
        " * (docs/protocol.md, Kill and\n * Cancel); docs/protocol.md is the page"
    )
    assert list(_citations(text)) == [
        ("docs/protocol.md", "Task life"),
        ("docs/protocol.md", "Kill and Cancel"),
    ]
    assert _names_a_section("Run and Socket", PROTOCOL_SECTIONS)
    assert not _names_a_section("Runs", PROTOCOL_SECTIONS)
