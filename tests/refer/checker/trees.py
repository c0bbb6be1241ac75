"""What a text says, as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Name:
    """Is a NAME, the spoken name of a category; or a kind (fruit, …), or a thing, or a whole short phrase."""

    sort: str  # "name", "kind", "thing", "phrase"; "plain phrase": one that is attributes and a name
    words: str
    span: tuple[int, int]  # tokens of the text that are the name


@dataclass(frozen=True)
class Attribute:
    word: str
    negated: bool = False


@dataclass(frozen=True)
class Part:
    feature: str


@dataclass(frozen=True)
class Place:
    where: str  # "left", "top left", "middle", …


@dataclass(frozen=True)
class Relation:
    sort: str  # "left", "right", "above", "below", "front", "behind", "on", "surrounded", "between"
    anchors: tuple[Phrase, ...]


@dataclass(frozen=True)
class Extreme:
    """The one (or the ``count``) nearest to a side; ``far`` asks for being on that side besides."""

    side: str
    count: int = 1
    far: bool = False


@dataclass(frozen=True)
class Ordinal:
    place: int
    side: str


@dataclass(frozen=True)
class Size:
    which: str  # "largest", "smallest"
    of_two: bool = False


@dataclass(frozen=True)
class Nearest:
    anchor: Phrase


Statement = Name | Attribute | Part | Place | Relation
Chooser = Extreme | Ordinal | Size | Nearest


@dataclass(frozen=True)
class Phrase:
    """A noun phrase.

    Attributes:
        statements: what is said of each object; the first is the name.
        choosers: what chooses among those of which the statements are true.
        before: how many of the statements stand before and in the noun.
        plural: of its form.
        number: that it names, 0 for none.
        plural_name: the name is plural itself, so that the form says nothing.
    """

    statements: tuple[Statement, ...]
    choosers: tuple[Chooser, ...] = ()
    before: int = 1
    plural: bool = False
    number: int = 0
    plural_name: bool = False


@dataclass(frozen=True)
class Except:
    """All of a set but one; ``one`` says "the ADJ one", a member of the set with these attributes."""

    base: Phrase
    without: Phrase | None
    one: tuple[Attribute, ...] = ()


@dataclass(frozen=True)
class Union:
    first: Phrase
    second: Phrase


Reading = Phrase | Except | Union


def parts_of(tree: Reading) -> Iterator[Statement | Chooser]:
    """All statements and choosers, those of anchors too."""
    if isinstance(tree, Except):
        yield from parts_of(tree.base)
        yield from tree.one
        if tree.without is not None:
            yield from parts_of(tree.without)
    elif isinstance(tree, Union):
        yield from parts_of(tree.first)
        yield from parts_of(tree.second)
    else:
        for part in (*tree.statements, *tree.choosers):
            yield part
            if isinstance(part, Relation):
                for anchor in part.anchors:
                    yield from parts_of(anchor)
            elif isinstance(part, Nearest):
                yield from parts_of(part.anchor)


def kind_of(tree: Reading) -> str:
    """``attribute``, ``position`` or ``mixed``."""
    looks = where = False
    for part in parts_of(tree):
        looks |= isinstance(part, Attribute | Part | Size) or (isinstance(part, Name) and "phrase" in part.sort)
        where |= isinstance(part, Place | Relation | Extreme | Ordinal | Nearest)
    return "mixed" if looks and where else "position" if where else "attribute"
