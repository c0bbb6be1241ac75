"""One vocabulary over several sources: which of their categories are one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sos_online.errors import LibraryError, StreamError
from sos_online.library import Vocabulary
from sos_online.ops.names import category_name, fold

How = Literal["table", "name", "other name", "new", "left out"]
LEFT_OUT = -1


@dataclass(frozen=True)
class SourceCategories:
    """The categories of one source.

    Attributes:
        source: its name.
        names: category ``i + 1`` is ``names[i]``.
        other_names: for each of them its synonyms and synsets, as far as they are known.
    """

    source: str
    names: Sequence[str]
    other_names: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Match:
    """What became of one category of a source.

    Attributes:
        name: as the source has it.
        label: its id in the joined vocabulary, from 1 on; ``LEFT_OUT`` if it has none.
        how: by the table of synonyms, by its own name, by another name of it or of the category that it joins; or it
            is ``new`` in the vocabulary, or ``left out`` of a fixed one.
    """

    name: str
    label: int
    how: How


@dataclass(frozen=True)
class JoinedVocabulary:
    """Names of all categories, and what became of those of each source.

    Attributes:
        names: label ``i + 1`` is ``names[i]``.
        other_names: for each of them what else it is called, by any source or the table.
        matches: for each source what became of each of its categories.
    """

    names: list[str]
    other_names: list[list[str]]
    matches: list[list[Match]]

    def fingerprint(self) -> str:
        """Hash of the labels that all categories of all sources have."""
        labels = [[match.label for match in matches] for matches in self.matches]
        return hashlib.sha256(json.dumps([self.names, labels]).encode()).hexdigest()


def join_categories(
    sources: Sequence[SourceCategories], *, names: Sequence[str] | None = None, synonyms: Vocabulary | None = None
) -> JoinedVocabulary:
    """Join the categories of several sources.

    A category joins another if, in this order: the table says so of its name or of one of its other names; both have
    the same name, up to case, blanks and underscores; or one's name is among the other's other names, or they share
    one, blanks and hyphens aside. The last holds only if it is unmistakable: it points to one category, which no other
    category of the same source is or points to. So it never makes one category of two that a source keeps apart.

    Args:
        sources: in the order of their ids: those of the first begin the vocabulary (behind ``synonyms.names``).
        names: a fixed vocabulary, to which nothing is added; what does not join it is left out.
        synonyms: the table.

    Raises:
        StreamError: ``names`` are none or hold one twice, or the table contradicts them.
    """
    table = synonyms or Vocabulary()
    begin = table.names if names is None else _checked_names(names)
    try:
        Vocabulary(tuple(begin), table.joined)
    except LibraryError as error:
        raise StreamError(f"names: {error}") from None
    joining = _Joining(begin, table.joined, fixed=names is not None)
    matches = [joining.add(source) for source in sources]
    return JoinedVocabulary(joining.names, joining.other_names, matches)


class _Joining:
    """A vocabulary that grows source by source."""

    def __init__(self, names: Sequence[str], joined: Mapping[str, str], *, fixed: bool) -> None:
        self.names: list[str] = []
        self.other_names: list[list[str]] = []
        self._fixed = fixed
        self._joined = joined
        self._by_name: dict[str, int] = {}
        # labels of which something is a name, and of which it is another one
        self._named: dict[str, set[int]] = {}
        self._other: dict[str, set[int]] = {}
        self._of_table: dict[str, list[str]] = {}
        for other, name in joined.items():
            self._of_table.setdefault(fold(name), []).append(other)
        for name in names:
            self._append(name)

    def add(self, source: SourceCategories) -> list[Match]:
        """Join a source's categories."""
        matches: list[Match | None] = [
            self._by_table(name, others) or self._own_name(name)
            for name, others in zip(source.names, source.other_names, strict=True)
        ]
        taken = {match.label for match in matches if match is not None}
        pointed = {
            position: self._pointed_to(source.names[position], source.other_names[position])
            for position, match in enumerate(matches)
            if match is None
        }
        claims = [label for labels in pointed.values() for label in labels]
        for position, labels in pointed.items():
            label = next(iter(labels)) if len(labels) == 1 else LEFT_OUT
            if label != LEFT_OUT and label not in taken and claims.count(label) == 1:
                matches[position] = Match(source.names[position], label, "other name")
        finished = [
            match or self._own_name(name) or self._new(name) for name, match in zip(source.names, matches, strict=True)
        ]
        for match, others in zip(finished, source.other_names, strict=True):
            if match.label != LEFT_OUT:
                for other in (match.name, *others):
                    self._also(match.label, other)
        return finished

    def _also(self, label: int, other: str) -> None:
        """Another name of a category."""
        known = self.other_names[label - 1]
        if other not in known and fold(other) != fold(self.names[label - 1]):
            known.append(other)
            self._other.setdefault(_bare(other), set()).add(label)

    def _by_table(self, name: str, others: Sequence[str]) -> Match | None:
        targets = {fold(self._joined[fold(known)]) for known in (name,) if fold(known) in self._joined}
        targets = targets or {fold(self._joined[fold(known)]) for known in others if fold(known) in self._joined}
        if len(targets) != 1:
            return None
        target = targets.pop()
        if target == fold(name):  # the table names it as it is
            return None
        if target not in self._by_name:
            if self._fixed:
                return None
            self._append(next(shown for shown in self._joined.values() if fold(shown) == target))
        return Match(name, self._by_name[target], "table")

    def _own_name(self, name: str) -> Match | None:
        label = self._by_name.get(fold(name))
        return None if label is None else Match(name, label, "name")

    def _pointed_to(self, name: str, others: Sequence[str]) -> set[int]:
        """Labels that a category may be by its other names or theirs: rather those where one of them is a name."""
        strong = set(self._other.get(_bare(name), ())) | self._named.get(_bare(name), set())
        for other in others:
            strong |= self._named.get(_bare(other), set())
        if strong:
            return strong
        return {label for other in others for label in self._other.get(_bare(other), ())}

    def _new(self, name: str) -> Match:
        if self._fixed:
            return Match(name, LEFT_OUT, "left out")
        return Match(name, self._append(name), "new")

    def _append(self, name: str) -> int:
        self.names.append(category_name(name))
        self.other_names.append([])
        label = self._by_name[fold(name)] = len(self.names)
        self._named.setdefault(_bare(name), set()).add(label)
        for other in self._of_table.get(fold(name), ()):
            self._also(label, other)
        return label


def _bare(name: str) -> str:
    """A name as it is compared with other names: "hot dog" and "hot-dog" are "hotdog"."""
    return fold(name).replace(" ", "").replace("-", "")


def _checked_names(names: Sequence[str]) -> Sequence[str]:
    texts = not isinstance(names, str) and all(isinstance(name, str) for name in names)
    if not texts or not names:
        raise StreamError(f"names: expected a list of names, found {names!r:.80}")
    return names
