"""A mixture of layouts: each picture takes one of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from sos_online.plan.layout.box_table import FromTable
from sos_online.plan.layout.laid_out import LaidOut, Layout
from sos_online.plan.layout.learned import FromLearned
from sos_online.plan.layout.random_boxes import RandomBoxes
from sos_online.plan.layout.random_centres import RandomCentres
from sos_online.plan.layout.size_prior import SizePrior
from sos_online.types import Section


def with_its_kind(value: Any) -> Any:
    """``random_boxes`` is short for ``{kind: random_boxes}``, and the size prior needs no name."""
    if isinstance(value, str):
        return {"kind": value}
    return {"kind": "size_prior", **value} if isinstance(value, dict) else value


SingleLayout = Annotated[
    Annotated[SizePrior | RandomBoxes | RandomCentres | FromTable | FromLearned, Field(discriminator="kind")],
    BeforeValidator(with_its_kind),
]


class MixturePart(Section):
    """One layout of a mixture, and its weight."""

    weight: float = Field(ge=0)
    layout: SingleLayout


class Mixture(Section):
    """Each picture takes one of several layouts, in proportion to their weights. Mixtures do not nest.

    Attributes:
        parts: the layouts; those of weight 0 are left aside, and what they need is not looked for.
    """

    kind: Literal["mixture"] = "mixture"
    parts: tuple[MixturePart, ...]

    @model_validator(mode="after")
    def _draws_something(self) -> Mixture:
        if not self.drawn:
            raise ValueError(f"parts: expected a weight above 0, found {[part.weight for part in self.parts]}")
        return self

    @property
    def drawn(self) -> tuple[MixturePart, ...]:
        """The parts that may come."""
        return tuple(part for part in self.parts if part.weight > 0)


class MixtureSampler:
    """Draws one number for which layout, then that layout.

    Args:
        weights: above 0, of each layout.
        layouts: as many.
    """

    def __init__(self, weights: list[float], layouts: list[Layout]) -> None:
        bounds = np.cumsum(weights)
        self._bounds = bounds / bounds[-1]
        self._layouts = layouts

    def draw(self, size_hw: tuple[int, int], count: int, rng: np.random.Generator) -> LaidOut:
        chosen = int(np.searchsorted(self._bounds, rng.random(), side="right"))
        return self._layouts[chosen].draw(size_hw, count, rng)
