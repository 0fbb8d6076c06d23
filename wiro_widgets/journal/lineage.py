"""The lineage of a run: the runs whose outputs were its inputs, and those that its outputs went into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Final, Literal

from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import SENT, JournalRow, Query, record_of_row
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.redact import printable
from wiro_widgets.render.notebook_repr import NotebookRepr

MAX_RUNS: Final = 1_000  # of one tree
_PROMPT: Final = 60  # characters


@dataclass(frozen=True)
class Lineage(NotebookRepr):
    """One run of a tree: `parents` are what it was made from, `children` what was made from it, each a Lineage.

    The parents have no children here and the children no parents, so that each run of the tree is in one place. With
    more than `MAX_RUNS` runs the tree is cut off.
    """

    record: TaskRecord
    parents: tuple[Lineage, ...] = field(default=())
    children: tuple[Lineage, ...] = field(default=())

    @property
    def records(self) -> list[TaskRecord]:
        """The records of the whole tree, each once, ancestors first."""
        ancestors = [record for parent in self.parents for record in parent.records]
        descendants = [record for child in self.children for record in child.records]
        return list({record.task_id: record for record in (*ancestors, self.record, *descendants)}.values())

    def __repr__(self) -> str:
        return printable("\n".join(_lines(self, "")))

    def _repr_html_(self) -> str:
        return f'<pre style="line-height:1.4">{escape(repr(self))}</pre>'


def of(journal: Journal, server: str, row: JournalRow) -> Lineage:
    """Return the tree of a row; reads the journal once for each of its runs."""
    task_ids = {row.task_id}

    def parents_of(row: JournalRow) -> list[JournalRow]:
        rows = (journal.find(task_id, server) for task_id in row.parents)
        return [
            parent or JournalRow("", server, "", {}, row.intent_at, "unknown", task_id)
            for parent, task_id in zip(rows, row.parents, strict=True)
        ]

    def children_of(row: JournalRow) -> list[JournalRow]:
        return (
            journal.rows(Query(server=server, parent=row.task_id, outcomes=SENT))[::-1] if row.task_id else []
        )

    def grow(
        row: JournalRow, way: Literal["parents", "children"], step: Callable[[JournalRow], list[JournalRow]]
    ) -> tuple[Lineage, ...]:
        branches: list[Lineage] = []
        for other in step(row):
            if other.task_id in task_ids or len(task_ids) >= MAX_RUNS:
                continue
            task_ids.add(other.task_id)
            record = record_of_row(other)
            branch = grow(other, way, step)
            branches.append(Lineage(record, branch) if way == "parents" else Lineage(record, (), branch))
        return tuple(branches)

    return Lineage(record_of_row(row), grow(row, "parents", parents_of), grow(row, "children", children_of))


def _lines(tree: Lineage, word: str) -> Iterator[str]:
    """Yield a line for each run: what it was made from above it, what was made from it below, both indented."""
    for parent in tree.parents:
        yield from (f"    {line}" for line in _lines(parent, "from "))
    yield f"{word}{_line(tree.record)}"
    for child in tree.children:
        yield from (f"    {line}" for line in _lines(child, "into "))


def _line(record: TaskRecord) -> str:
    prompt = " ".join((record.prompt or "").split())
    short = prompt if len(prompt) <= _PROMPT else f"{prompt[: _PROMPT - 3]}..."
    facts = [
        record.model or "not in this history",
        record.outcome if record.outcome != "succeeded" else "",
        short,
    ]
    return f"{record.task_id or 'without a task'}: {', '.join(fact for fact in facts if fact)}"
