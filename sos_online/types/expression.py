"""A referring expression."""

from __future__ import annotations

from typing import Literal, TypedDict, get_args

ExpressionKind = Literal["attribute", "position", "mixed"]
EXPRESSION_KINDS: tuple[ExpressionKind, ...] = get_args(ExpressionKind)
"""What tells the objects that are meant from the others: what they are and look like, where they are, or both."""

Scope = Literal["one", "several", "none"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""How many objects an expression means."""


class Expression(TypedDict):
    """Words, and which objects of the image they mean; an element of ``target["expressions"]``, as JSON holds it.

    Attributes:
        text: such as ``the red apple on the left``; neither capitalised nor with a full stop.
        rows: rows of the target that are meant, ascending: row ``i`` is id ``i + 1`` of the instance map. None if
            nothing in the image is meant.
        kind: what tells them from the others.
    """

    text: str
    rows: list[int]
    kind: ExpressionKind


def scope_of(expression: Expression) -> Scope:
    """How many objects an expression means."""
    count = len(expression["rows"])
    return "none" if count == 0 else "one" if count == 1 else "several"
