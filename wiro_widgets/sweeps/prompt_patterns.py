"""Prompt patterns: "a {red|blue} fox in {@places}" is all the texts that its choices make."""

from __future__ import annotations

import re
from collections import UserDict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import product
from types import MappingProxyType
from typing import Any, Final

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.scalars import short_repr
from wiro_widgets.sweeps.axes import MAX_CELLS

MAX_CHARACTERS: Final = 20_000_000  # of all texts of a pattern together
MAX_DEPTH: Final = 50  # of braces in each other
_SIGN = re.compile(r"(?P<slashes>\\*)(?P<sign>[{|}])")
_LIST = re.compile(r"@\s*(?P<name>[^{}|\\]*?)\s*(?P<end>[|}])")
_NO_LISTS: Mapping[str, Iterable[str]] = MappingProxyType({})
_Texts = tuple[str, ...]


class PatternError(ValueError):
    """A pattern that cannot be read; its text says why."""


class WordLists(UserDict[str, _Texts]):
    """The word lists that `{@name}` stands for in this process, by name; each holds texts."""

    def __setitem__(self, name: str, words: Iterable[str]) -> None:
        super().__setitem__(name, _check_words(name, words))

    def __repr__(self) -> str:
        return f"<WordLists {', '.join(f'{name}: {len(words)} words' for name, words in self.items()) or 'empty'}>"


word_lists = WordLists()


def prompts(pattern: str, /, **lists: Iterable[str]) -> list[str]:
    r"""Return the texts of a prompt pattern, each once; the last choice changes fastest.

    `{red|blue}` is one of its texts, and may contain others; `{@animals}` is one of a word list, which is a keyword
    argument or stands in `wiro_widgets.word_lists`. Other braces stay, and `\{`, `\|` and `\}` are the signs
    themselves. Nothing but this function and the axes of a panel reads patterns: `run` and `sweep` send a text as it
    is. Raises InvalidParameter for more than 10,000 texts, a list that nobody knows, or a choice without its end.

    >>> wiro.prompts("a {red|blue} {@animals}", animals=["fox", "hen"])
    ['a red fox', 'a red hen', 'a blue fox', 'a blue hen']
    """
    if not isinstance(pattern, str):
        raise InvalidParameter("pattern", f"a text is needed, not {type(pattern).__name__}")
    try:
        return list(expand(pattern, {name: _check_words(name, words) for name, words in lists.items()}))
    except PatternError as error:
        raise InvalidParameter("pattern", str(error)) from error


def expand(pattern: str, lists: Mapping[str, Iterable[str]] = _NO_LISTS) -> _Texts:
    """Return the texts of a pattern, each once; raises PatternError. `lists` come before `word_lists`."""
    braces = [_Brace()]
    at = 0
    for match in _SIGN.finditer(pattern):
        if match.start() < at:
            continue  # within the name of a list
        slashes, sign = match["slashes"], match["sign"]
        braces[-1].add(pattern[at : match.start()] + slashes[: len(slashes) // 2])
        at = match.end()
        if len(slashes) % 2:
            braces[-1].add(sign)
        elif sign == "{" and (name := _LIST.match(pattern, at)) and name["name"]:
            braces[-1].parts.append(_words(name, lists))
            at = name.end()
        elif sign == "{":
            if len(braces) > MAX_DEPTH:
                raise PatternError(f"its braces lie more than {MAX_DEPTH} deep in each other")
            braces.append(_Brace())
        elif len(braces) == 1:
            braces[-1].add(sign)
        elif sign == "|":
            braces[-1].begin_another()
        else:
            braces.pop().close(braces[-1])
    braces[-1].add(pattern[at:])
    while len(braces) > 1:
        braces.pop().leave_open(braces[-1])
    return tuple(dict.fromkeys(_combine(braces[0].parts)))


def escape(text: str) -> str:
    """Return the pattern whose only text is this one."""
    try:
        if expand(text) == (text,):
            return text
    except PatternError:
        pass
    return _SIGN.sub(lambda match: match["slashes"] * 2 + "\\" + match["sign"], text)


class _Brace:
    """What was read since a brace: the alternatives before the last bar, and the parts since then."""

    def __init__(self) -> None:
        self.alternatives: list[list[_Texts]] = []
        self.parts: list[_Texts] = []

    def add(self, text: str) -> None:
        if text:
            self.parts.append((text,))

    def begin_another(self) -> None:
        self.alternatives.append(self.parts)
        self.parts = []

    def close(self, outer: _Brace) -> None:
        if not self.alternatives:  # no choice: the braces are a part of the text
            outer.parts += [("{",), *self.parts, ("}",)]
            return
        texts = [text for parts in (*self.alternatives, self.parts) for text in _combine(parts)]
        outer.parts.append(tuple(dict.fromkeys(texts)))

    def leave_open(self, outer: _Brace) -> None:
        if self.alternatives:
            raise PatternError(r"a { with a | after it has no }; write \{ for the brace itself")
        outer.parts += [("{",), *self.parts]


def _combine(parts: list[_Texts]) -> list[str]:
    """Return every combination of one text of each part; raises PatternError if there are too many."""
    count, length = 1, 0
    for texts in parts:
        count *= len(texts)
        length += max(map(len, texts), default=0)
        if count > MAX_CELLS:
            raise PatternError(f"it makes more than {MAX_CELLS:,} texts; a sweep has at most that many cells")
    if count > 1 and count * length > MAX_CHARACTERS:
        raise PatternError(f"its {count:,} texts are too long together")
    return ["".join(texts) for texts in product(*parts)]


def _words(match: re.Match[str], lists: Mapping[str, Iterable[str]]) -> _Texts:
    name = match["name"]
    if match["end"] == "|":
        raise PatternError(f"write {{{{@{name}}}|...}} for a word list among other texts")
    words = lists.get(name, word_lists.get(name))
    if words is not None:
        return tuple(words)
    names = [*lists, *word_lists]
    near = get_close_matches(name, names, 1)
    hint = f"did you mean {{@{near[0]}}}?" if near else f"wiro_widgets.word_lists[{name!r}] = [...] makes one"
    raise PatternError(f"there is no word list {short_repr(name)}; {hint}")


def _check_words(name: Any, words: Iterable[str]) -> _Texts:
    """Return the words of a list, each once; raises InvalidParameter."""
    if isinstance(words, str | bytes | Mapping) or not isinstance(words, Iterable):
        raise InvalidParameter(str(name), f"a word list is a list of texts, not {type(words).__name__}")
    texts = tuple(dict.fromkeys(words))
    if not texts or not all(isinstance(text, str) for text in texts):
        raise InvalidParameter(str(name), "a word list has at least one text, and nothing else")
    return texts
