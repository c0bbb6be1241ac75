"""Facts about objects made up for tests: boxes with words, on a canvas of nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from sos_online.refer import Facts, Occlusion, SpokenNames, object_words
from sos_online.types import Words

Box = tuple[float, float, float, float]


class Thing(NamedTuple):
    """An object: what a library says of it, the box around what is seen of it, and of all of it (the same if None)."""

    category: str
    box: Box = (10, 10, 50, 50)
    phrase: str = ""
    features: str = ""
    description: str = ""
    visibility: float = 1.0
    whole: Box | None = None

    @property
    def words(self) -> Words:
        features = tuple(feature.strip() for feature in self.features.split(",") if feature.strip())
        return Words(short_phrase=self.phrase, description=self.description, features=features)


def facts_of(
    things: Sequence[Thing],
    *,
    size_hw: tuple[int, int] = (480, 640),
    categories: Sequence[str] | None = None,
    told: Mapping[str, str] | None = None,
    hidden: npt.NDArray[np.int64] | None = None,
    around: npt.NDArray[np.float64] | None = None,
) -> Facts:
    """Facts about things that fill the boxes around what is seen of them; ``told`` are supercategories.

    With ``hidden`` it is known what hides what; of no ring unless ``around`` is given.
    """
    seen = np.array([thing.box for thing in things], np.float64).reshape(-1, 4)
    target = {
        "boxes": seen,
        "amodal_boxes": np.array([thing.whole or thing.box for thing in things], np.float64).reshape(-1, 4),
        "area": np.prod(seen[:, 2:] - seen[:, :2], axis=1),
        "visibility": np.array([thing.visibility for thing in things], np.float64),
        "instance_map": np.zeros(size_hw, np.int16),
    }
    categories = categories or sorted({thing.category for thing in things})
    names = SpokenNames(categories, [(told or {}).get(category, "") for category in categories])
    occlusion = None
    if hidden is not None:
        occlusion = Occlusion(hidden, lambda: np.full(hidden.shape, np.nan) if around is None else around)
    return Facts(target, [object_words(thing.category, thing.words) for thing in things], names, occlusion)


def answers(extent: tuple[int, int], count: int) -> list[bool | None]:
    """Of each row, whether a statement is true of it; None where that is not decided."""
    true, doubt = extent
    assert not true & doubt
    assert not (true | doubt) >> count
    return [None if doubt >> row & 1 else bool(true >> row & 1) for row in range(count)]


@st.composite
def boxes(draw: st.DrawFn, width: int, height: int) -> Box:
    """A box of whole pixels on a canvas."""
    x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return x1, y1, draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height))


RED_MUG = Thing("mug", phrase="a red ceramic mug", features="red, plain, glossy, ceramic")
BLUE_MUG = Thing("mug", phrase="a blue striped ceramic mug", features="blue, striped, glossy, ceramic")
GIFT_BOX = Thing("gift box", phrase="a blue striped gift box with a white bow", features="blue, striped, white ribbon")
FISH = Thing("fish", phrase="an orange striped fish", features="orange, striped, shiny")
APPLE = Thing("apple", phrase="a green apple", features="green, shiny, round")
LAMP = Thing("lamp", phrase="a table lamp with a red shade", features="red, plain, white ceramic base, tall")
SORTS = (RED_MUG, BLUE_MUG, GIFT_BOX, FISH, APPLE, LAMP)


def scattered(count: int, seed: int, *, sorts: Sequence[Thing] = SORTS, size_hw: tuple[int, int] = (480, 640)) -> Facts:
    """Facts about many things, scattered over the canvas, of which it is known what hides what."""
    rng = np.random.default_rng(seed)
    height, width = size_hw
    things = []
    for number in range(count):
        w, h = rng.integers(20, 160, 2).tolist()
        x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
        things.append(
            sorts[number % len(sorts)]._replace(box=(x, y, x + w, y + h), visibility=float(rng.choice([1, 0.7])))
        )
    hidden = rng.integers(0, 3000, (count, count)) * (rng.random((count, count)) < 0.2)
    return facts_of(things, size_hw=size_hw, hidden=hidden, around=rng.choice([0.5, 0.8, 1.0], (count, count)))
