"""Count the bound names that are bare participles (`found`, `told`, `kept`): names that name nothing.

python tools/name_census.py [FOLDER ...]     shares for each folder, then the names, most frequent first
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

LIMIT = 0.003
# Irregular participles. `read`, `set`, `put`, `cut` and the like are verbs and nouns as well, and are not counted.
IRREGULAR = frozenset(
    """
    become been begun born bought broken brought built caught chosen come done drawn driven eaten fallen
    felt found forgotten fought given gone gotten grown heard held hidden hit kept known laid led left
    lent lost made meant met paid risen run_out said seen sent shaken shown shut sold spent spoken stood
    struck stuck sunk sworn taken taught thought thrown told torn understood undone won worn written
    """.split()  # noqa: SIM905 - words read better in lines
)
# Words in -ed that are states or fields of the protocol, or public names.
FIELDS = frozenset(
    """
    advanced cancelled closed completed created detached disabled done elapsed embed enabled ended
    exceed expected failed feed finished forced fixed indeed limited need needed nested opened paused
    queued reed refused required resolved reused seed speed spent started starred stopped submitted
    succeeded unfinished unlimited
    """.split()  # noqa: SIM905 - words read better in lines
)


def is_bare_participle(name: str) -> bool:
    """Return True for a name of one word that is a past participle, leading underscores aside."""
    word = name.lstrip("_").rstrip("_0123456789")
    if "_" in word or word != word.lower() or word in FIELDS:
        return False
    return word in IRREGULAR or (len(word) > 4 and word.endswith("ed"))  # noqa: PLR2004 - shorter ones are nouns


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each name that the tree binds, with its line: assignments, attributes, arguments, definitions, aliases."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name, node.lineno


def census(folder: Path) -> tuple[int, Counter[str], dict[str, list[str]]]:
    """Return how many names the folder's Python files bind, and the bare participles among them with their places."""
    total, participles, places = 0, Counter[str](), dict[str, list[str]]()
    for path in sorted(folder.rglob("*.py")):
        for name, line in bound_names(ast.parse(path.read_text(encoding="utf-8"))):
            total += 1
            if is_bare_participle(name):
                participles[name] += 1
                places.setdefault(name, []).append(f"{path}:{line}")
    return total, participles, places


def main(folders: list[str]) -> int:
    """Print the census and return 1 where a folder is above the limit."""
    above = False
    for folder in folders or ["wiro_widgets", "tests", "benchmarks", "tools", "docs"]:
        total, participles, places = census(Path(folder))
        share = participles.total() / max(total, 1)
        above = above or share > LIMIT
        print(f"{folder}: {participles.total()} of {total} bound names are bare participles ({share:.2%})")
        for name, count in participles.most_common():
            print(f"  {count:4} {name:14} {' '.join(places[name][:4])}")
    return int(above)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
