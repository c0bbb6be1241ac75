"""The objects of an image as a prompt shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sos_online.ops.names import as_key
from sos_online.refer.asking.plain_text import words_of
from sos_online.refer.nouns import noun, spoken
from sos_online.types import Target, Words

_LONGEST, _FEATURES = 300, 12  # characters of a text, features: what is known may be anything
_PLACES = (("top left", "top", "top right"), ("left", "middle", "right"), ("bottom left", "bottom", "bottom right"))
_GRID = 1000


@dataclass(frozen=True)
class ShownObject:
    """One row of a target. A prompt calls row ``i`` by the id ``i + 1``.

    Attributes:
        category: its name.
        words: what is known of it.
        box: XYXY in thousandths of the canvas.
        share: of the canvas that is seen of it, 0 … 1.
        visibility: share of it that is seen, 0 … 1.
    """

    category: str
    words: Words
    box: tuple[int, int, int, int]
    share: float
    visibility: float
    vocabulary: frozenset[str] = field(repr=False)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def place(self) -> str:
        """One of nine: ``top left`` … ``bottom right``, ``middle``."""
        x, y = (min(int(3 * value / _GRID), 2) for value in self.centre)
        return _PLACES[y][x]

    def as_json(self, row: int) -> dict[str, Any]:
        """What a prompt says of it."""
        words = self.words
        known = {
            "sub_category": short(words.sub_category),
            "short_phrase": short(words.short_phrase),
            "features": [short(feature) for feature in words.features[:_FEATURES]],
            "description": short(words.description),
        }
        return {
            "id": row + 1,
            "category": short(self.category),
            **{name: value for name, value in known.items() if value},
            "box": list(self.box),
            "place": self.place,
            "percent_of_image": round(100 * self.share, 1),
            "percent_visible": round(100 * self.visibility),
        }


def shown_objects(target: Target, category_names: Sequence[str], words: Callable[[int], Words]) -> list[ShownObject]:
    """The rows of a target, as it was built: before transforms.

    Args:
        target: with ``boxes``, ``labels``, ``area``, ``visibility`` and ``segment_ids``.
        category_names: label ``c`` is ``category_names[c - 1]``.
        words: of a segment.
    """
    height, width = target["instance_map"].shape
    columns = (target[key].tolist() for key in ("boxes", "labels", "area", "visibility", "segment_ids"))
    shown = []
    for (x1, y1, x2, y2), label, area, visibility, segment in zip(*columns, strict=True):
        across, down = _GRID / width, _GRID / height
        known, category = words(segment), category_names[label - 1]
        texts = category, known.sub_category, known.short_phrase, known.description, *known.features
        shown.append(
            ShownObject(
                category=category,
                words=known,
                box=(round(x1 * across), round(y1 * down), round(x2 * across), round(y2 * down)),
                share=area / (height * width),
                visibility=visibility,
                vocabulary=frozenset(word for text in texts for word in words_of(text)),
            )
        )
    return shown


def short(text: str) -> str:
    """A text of a library as a prompt holds it: on one line, and not without end."""
    return as_key(" ".join(text.split()))[:_LONGEST]


@cache
def spellings(category: str) -> tuple[tuple[tuple[str, ...], bool | None], ...]:
    """A category's name as words, with whether it is spelled so for several of it; None if for one and for several."""
    said = spoken(category)
    forms: dict[tuple[str, ...], bool | None] = {}
    if said:
        one, several = tuple(words_of(said)), tuple(words_of(noun(said).many))
        forms = {one: None} if several in ((), one) else {several: True, one: False}
    as_written = tuple(words_of(category))
    return tuple(({as_written: None, **forms} if as_written else forms).items())
