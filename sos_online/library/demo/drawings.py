"""The list of all drawings with their words, and the pixels of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from sos_online.library.demo.kind import Kind, Style, adjective
from sos_online.library.demo.kinds import KINDS
from sos_online.library.demo.picture import Sitting, paint, sit


@dataclass(frozen=True, slots=True)
class Drawing:
    """One object of the library and what can truly be said of its picture."""

    key: str  # unique, stable: "mug/red_striped_ceramic"
    category: str  # "mug"
    sub_category: str  # "striped ceramic mug"
    short_phrase: str  # "a red striped ceramic mug"
    description: str  # "A glossy red ceramic mug with white stripes and a curved handle."
    features: tuple[str, ...]  # ("red", "striped", "glossy", "ceramic")


@cache
def _entries() -> dict[Drawing, tuple[Kind, Style]]:
    entries: dict[Drawing, tuple[Kind, Style]] = {}
    for kind in KINDS:
        for style in kind.styles:
            words = kind.words(style)
            drawing = Drawing(
                key=_key(kind, style),
                category=kind.category,
                sub_category=words.sub_category,
                short_phrase=words.short_phrase,
                description=words.description,
                features=words.features,
            )
            entries[drawing] = kind, style
    return entries


def _key(kind: Kind, style: Style) -> str:
    pattern = "" if style.pattern == "plain" else adjective(style.pattern)
    name = " ".join(word for word in (style.colour, style.form, pattern, style.material) if word)
    return f"{kind.category}/{name}".replace(" ", "_")


def catalogue() -> tuple[Drawing, ...]:
    """All drawings in a fixed order; draws nothing."""
    return tuple(_entries())


def draw(drawing: Drawing) -> NDArray[np.uint8]:
    """The picture of a drawing of the catalogue: uint8 [H, W, 4], RGB and straight alpha.

    The long side is 320..384 pixels and a few clear pixels lie round the object. The same drawing gives the same bytes.
    """
    try:
        kind, style = _entries()[drawing]
    except KeyError:
        raise ValueError(f"{drawing.key!r} is not in the demo catalogue") from None
    return paint(_sitting(kind.category, style.form), kind.coats(style))


@lru_cache(maxsize=2)
def _sitting(category: str, form: str) -> Sitting:
    """A shape seen and lit, kept (about 8 MB) while the catalogue, which is sorted by kind, goes through its styles."""
    kind = next(kind for kind in KINDS if kind.category == category)
    return sit(kind.models[form]())
