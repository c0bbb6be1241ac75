"""Expressions of one image: so many of each kind, every one proven before it is said."""

from __future__ import annotations

from sos_online.refer.draws import Draws
from sos_online.refer.extent import rows_of
from sos_online.refer.facts import Facts
from sos_online.refer.naming import Naming, sayable_rows
from sos_online.refer.nothing import nothing
from sos_online.refer.one import one
from sos_online.refer.settings import ExpressionChoice
from sos_online.refer.several import several
from sos_online.types import EXPRESSION_KINDS, SCOPES, Expression, ExpressionKind, Scope

_TRIES = 14  # for each expression; most ways of saying something do not single it out


def write_expressions(
    facts: Facts, choice: ExpressionChoice, draws: Draws, *, all_known: bool = True
) -> list[Expression]:
    """Expressions about an image, no text twice, nor with another article.

    Args:
        facts: about its objects.
        choice: how many of each kind.
        draws: where random choices come from.
        all_known: everything that can be seen in the image has a row (no photo lies behind it), so that *thing* may be
            said of any.
    """
    naming = Naming(facts, all_known)
    rows = sayable_rows(naming)
    texts: set[str] = set()
    expressions: list[Expression] = []
    for kind in EXPRESSION_KINDS:
        for scope in SCOPES:
            wanted = getattr(getattr(choice, kind), scope)
            if not wanted or not rows:
                continue
            tries = wanted * _TRIES
            order = draws.shuffled(rows)
            meant: set[int] = set()
            for number in range(tries):
                if not wanted:
                    break
                late = 2 * number > tries
                said = _say(naming, kind, scope, order[number % len(order)], draws, late=late)
                if said is None:
                    continue
                text, means = said
                bare = _bare(text)
                if bare in texts or (scope == "several" and means in meant and not late):
                    continue
                wanted -= 1
                meant.add(means)
                texts.add(bare)
                expressions.append({"text": text, "rows": list(rows_of(means)), "kind": kind})
    return expressions


def _bare(text: str) -> str:
    """A text without its article."""
    first, _, rest = text.partition(" ")
    return rest if first in ("the", "a", "an") else text


def _say(
    naming: Naming, kind: ExpressionKind, scope: Scope, row: int, draws: Draws, *, late: bool
) -> tuple[str, int] | None:
    """A text and, as bits, the rows that it means; ``late``: of many ways few are left to try."""
    if scope == "several":
        return several(naming, kind, row, draws, one_by_one=late)
    text = one(naming, kind, row, draws) if scope == "one" else nothing(naming, kind, row, draws, late=late)
    return None if text is None else (text, 1 << row if scope == "one" else 0)
