"""What claims are checked against."""

from __future__ import annotations

from typing import Literal, Protocol, get_args

Says = Literal["category", "attribute", "place", "relation"]
SAYS: tuple[Says, ...] = get_args(Says)


class SceneFacts(Protocol):
    """What is true of the objects of one image."""

    def decide(self, about: int, says: str, value: str, other: int | None) -> bool | None:
        """Whether a claim is true; None if that cannot be decided.

        Args:
            about: row of the target.
            says: what kind of claim, one of ``SAYS``.
            value: what is said, such as ``red``, ``top left``, ``left of``.
            other: row of the target to which a relation is.
        """
        ...
