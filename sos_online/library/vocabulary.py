"""One vocabulary over all sources: which names are one category, and which id it has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sos_online.errors import LibraryError
from sos_online.library.sources import CategoryFacts
from sos_online.ops.names import fold


@dataclass(frozen=True)
class Vocabulary:
    """What is settled about names before a library is built.

    Attributes:
        names: the ids begin with these, in this order, whether there are segments of them or not. Other names follow,
            sorted.
        joined: other names and synsets by what ``ops.names.fold`` makes of them, each with the name that it stands for.
    """

    names: tuple[str, ...] = ()
    joined: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = {fold(name): name for name in self.names}
        if "" in own or "" in self.joined or "" in map(fold, self.joined.values()):
            raise LibraryError("vocabulary: a name is nothing but blanks and underscores")
        if len(own) < len(self.names):
            raise LibraryError(f"vocabulary: two of the {len(self.names)} names differ in nothing but case and blanks")
        for other, name in self.joined.items():
            if fold(name) in self.joined and self.joined[fold(name)] != name:
                raise LibraryError(
                    f"vocabulary: {other!r} stands for {name!r}, which stands for {self.joined[fold(name)]!r}: "
                    "expected one step"
                )
            if other in own and fold(name) != other:
                raise LibraryError(f"vocabulary: {own[other]!r} stands for {name!r}, but has an id of its own")

    @staticmethod
    def of(synonyms: Mapping[str, Iterable[str]], names: Sequence[str] = ()) -> Vocabulary:
        """Of ``{name: [other names or synsets]}``. Raises ``LibraryError`` if one name stands for two."""
        joined: dict[str, str] = {}
        for name, others in synonyms.items():
            for other in (name, *others):
                if joined.setdefault(fold(other), name) != name:
                    raise LibraryError(f"vocabulary: {other!r} stands for both {joined[fold(other)]!r} and {name!r}")
        return Vocabulary(tuple(names), joined)

    def settings(self) -> dict[str, object]:
        """Plain values; part of a build's fingerprint."""
        return {"names": list(self.names), "joined": dict(sorted(self.joined.items()))}

    def extended(self, other: Vocabulary) -> Vocabulary:
        """This one, and what ``other`` adds to it. Raises ``LibraryError`` if they disagree."""
        known = {fold(name) for name in self.names}
        joined = dict(self.joined)
        for spelling, name in other.joined.items():
            settled = joined.get(spelling)
            if settled is None:
                joined[spelling] = joined.get(fold(name), name)
            elif fold(settled) != fold(joined.get(fold(name), name)):
                raise LibraryError(f"vocabulary: {spelling!r} is joined in {settled!r} already, not in {name!r}")
        more = tuple(name for name in other.names if fold(name) not in known and fold(name) not in self.joined)
        return Vocabulary(self.names + more, joined)

    def number(self, names: Collection[str], facts: Sequence[Mapping[str, CategoryFacts]]) -> list[Category]:
        """All categories in the order of their ids.

        A name stands for what it, or else its synset, is joined in, or else for itself. A category is shown as
        ``names`` or ``joined`` spell it, or else by the spelling that sorts first.

        Args:
            names: that segments have.
            facts: of each source, by name; names that no segment has make no category of their own.
        """
        used = set(map(fold, names))
        spellings: dict[str, list[str]] = {}
        for name in sorted({*names, *(name for said in facts for name in said)}):
            spellings.setdefault(fold(name), []).append(name)
        shown = {fold(name): name for name in self.names}
        members: dict[str, list[str]] = {}
        for folded, spelt in spellings.items():
            synsets = (fold(said[name].synset) for said in facts for name in spelt if name in said)
            target = next((self.joined[key] for key in (folded, *synsets) if key in self.joined), spelt[0])
            shown.setdefault(fold(target), target)
            members.setdefault(fold(target), []).append(folded)
        others: dict[str, list[str]] = {}
        for other, target in self.joined.items():
            others.setdefault(fold(target), []).append(other)
        fixed = [fold(name) for name in self.names]
        found = {target for target, parts in members.items() if not used.isdisjoint(parts)}
        return [
            Category(
                shown[folded],
                _over_sources(facts, [name for part in members.get(folded, []) for name in spellings[part]]),
                tuple(sorted({folded, *members.get(folded, []), *others.get(folded, [])})),
            )
            for folded in [*fixed, *sorted(found - set(fixed))]
        ]


@dataclass(frozen=True, slots=True)
class Category:
    """One category: its name as shown, what is known of it, and the folded names and synsets that are joined in it."""

    name: str
    facts: CategoryFacts
    aliases: tuple[str, ...]


def _over_sources(facts: Sequence[Mapping[str, CategoryFacts]], names: Sequence[str]) -> CategoryFacts:
    """What all sources say about names of one category. Images of different sources add up; those of several names in
    one source may be the same ones, so that their number is at most that of the source's images."""
    said = []
    for of_source in facts:
        own = _together([of_source[name] for name in names if name in of_source])
        of_images = max((of_source[name].of_images for name in names if name in of_source), default=0)
        said.append(replace(own, images=min(own.images, of_images), of_images=of_images))
    return _together(said)


def _together(said: Sequence[CategoryFacts]) -> CategoryFacts:
    return CategoryFacts(
        synset=next((facts.synset for facts in said if facts.synset), ""),
        frequency=next((facts.frequency for facts in said if facts.frequency), ""),
        images=sum(facts.images for facts in said),
        of_images=sum(facts.of_images for facts in said),
        synonyms=tuple(dict.fromkeys(name for facts in said for name in facts.synonyms)),
        # all of them, so that sources that have disagreed still do when the library grows
        supercategories=tuple(dict.fromkeys(name for facts in said for name in facts.supercategories)),
    )
