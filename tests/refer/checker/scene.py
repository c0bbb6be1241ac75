"""What is known of an image: boxes, areas, pixels and words of its rows, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.refer.checker.lexicon import spoken, told_by
from tests.refer.checker.words import SAID_AS, facet_of

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class ObjectWords:
    """What the library says of one object.

    Attributes:
        name: spoken name of its category, in lower case.
        texts: all that is said, in lower case.
        stated: the attributes that it states.
        features: as the library has them.
        phrase: short phrase, as the library has it.
    """

    name: str
    texts: tuple[str, ...]
    stated: frozenset[str]
    features: tuple[str, ...]
    phrase: str


@dataclass(frozen=True)
class Scene:
    """One image.

    Attributes:
        width, height: of the canvas, pixels.
        seen, whole: boxes around visible pixels and around whole objects, XYXY half-open, ``[N, 4]``.
        area, visibility: ``[N]``.
        instances: instance map ``[H, W]``.
        masks: whole objects, bool ``[N, H, W]``.
        objects: their words.
        shared_names: spoken names that two categories share.
        supercategories: of each spoken name that has one.
    """

    width: int
    height: int
    seen: Array
    whole: Array
    area: Array
    visibility: Array
    instances: Array
    masks: Array
    objects: tuple[ObjectWords, ...]
    shared_names: frozenset[str]
    supercategories: Mapping[str, str]

    @property
    def whole_area(self) -> Array:
        """``G``, pixels."""
        return self.area / self.visibility

    @property
    def centres(self) -> Array:
        return (self.seen[:, :2] + self.seen[:, 2:]) / 2

    @property
    def whole_centres(self) -> Array:
        return (self.whole[:, :2] + self.whole[:, 2:]) / 2

    def hidden_pixels(self, front: int, behind: int) -> int:
        """How many pixels of the whole of ``behind`` belong to ``front`` in the instance map."""
        return int(np.count_nonzero(self.masks[behind] & (self.instances == front + 1)))


def object_words(words: Any, category: str) -> ObjectWords:
    """What a library's ``Words`` say of an object of a category."""
    name = spoken(category).casefold()
    texts = (category, words.sub_category, words.short_phrase, words.description, *words.features)
    said = [SAID_AS.get(feature.casefold(), feature.casefold()) for feature in words.features]
    stated = {word for word in said if facet_of(word) is not None}
    stated |= set(before_noun(words.short_phrase, name))
    stated = {word for word in stated if facet_of(word) not in open_facets(words.short_phrase, name)}
    return ObjectWords(
        name, tuple(text.casefold() for text in texts if text), frozenset(stated), words.features, words.short_phrase
    )


LINKS = frozenset(
    {"a", "an", "the", "but", "not", "no", "non", "never", "of", "with", "without", "in", "on", "onto"}
    | {"for", "from", "to", "by", "at", "near", "next", "beside", "behind", "under", "over", "above", "below"}
    | {"inside", "holding", "wearing", "is", "are", "that", "which", "like", "as", "than"}
)


def before_noun(phrase: str, name: str) -> list[str]:
    """The attributes that a short phrase says of its noun before it; "light blue" is blue, too."""
    return [word for word in _looks(_told(phrase, name)) if facet_of(word) not in open_facets(phrase, name)]


def open_facets(phrase: str, name: str) -> set[str | None]:
    """Facets of which a phrase does not say what holds: "red or white", "tan and white" (what is tan?)."""
    told = _told(phrase, name)
    if "or" in told:
        return {facet_of(word) for word in _looks(told)}
    chunks = [chunk.split() for chunk in f" {' '.join(told)} ".split(" and ")]
    if all(chunk and _looks(chunk[-1:]) for chunk in chunks[:-1]):
        return set()
    return {facet_of(word) for word in _looks(chunks[-1])} & {"colour", "material"}


def _looks(tokens: list[str]) -> list[str]:
    words = [" ".join(tokens[at : at + length]) for length in (1, 2) for at in range(len(tokens) - length + 1)]
    return [word for word in (SAID_AS.get(word, word) for word in words) if facet_of(word) is not None]


def _told(phrase: str, name: str) -> list[str]:
    """The words before the noun of a phrase that are said of it.

    The noun is the category's name where the phrase has it, else whatever stands before the first link.
    """
    tokens = phrase.casefold().split()
    noun = name.split()
    at = next((at for at in range(len(tokens)) if tokens[at : at + len(noun)] == noun), None)
    if at is None:
        links = ("with", "without", "of", "on", "in", "behind")
        at = next((at for at, token in enumerate(tokens) if token in links), len(tokens)) - 1
    tokens = tokens[: max(at, 0)]
    if {"not", "no", "non", "never", "without"}.intersection(tokens):
        return []
    # what stands before an article, preposition, verb or "not" is said of something else
    return tokens[max((place + 1 for place, token in enumerate(tokens) if token in LINKS), default=0) :]


def scene_of(target: Any, library: Any) -> Scene:
    """A scene from a target with ``amodal_masks``, and its library."""
    instances = np.asarray(target["instance_map"]).astype(np.int64)
    height, width = instances.shape
    segments = [int(segment) for segment in target["segment_ids"]]
    labels = [int(label) for label in target["labels"]]
    names = [spoken(name).casefold() for name in library.category_names]
    return Scene(
        width=width,
        height=height,
        seen=np.asarray(target["boxes"], np.float64).reshape(-1, 4),
        whole=np.asarray(target["amodal_boxes"], np.float64).reshape(-1, 4),
        area=np.asarray(target["area"], np.float64),
        visibility=np.asarray(target["visibility"], np.float64),
        instances=instances,
        masks=np.asarray(target["amodal_masks"]).astype(bool),
        objects=tuple(
            object_words(library.words(segment), library.category_names[label - 1])
            for segment, label in zip(segments, labels, strict=True)
        ),
        shared_names=frozenset(name for name in names if names.count(name) > 1),
        supercategories=told_by(library),
    )
