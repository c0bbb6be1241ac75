"""From the text of an answer to proposed expressions, strictly: what does not fit is dropped and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError

from sos_online.refer.asking.answer_json import read_answer
from sos_online.refer.asking.expression_prompt import ANSWER_KEY, MOST_EXPRESSIONS
from sos_online.refer.asking.plain_text import tidy, why_not_plain
from sos_online.refer.asking.scene_facts import Says
from sos_online.types import ExpressionKind, Section

MAX_TEXT, _MAX_VALUE, _MAX_CLAIMS = 160, 80, 64
_Id = Annotated[int, Field(strict=True, ge=1, le=1 << 15)]
_Text = Annotated[str, Field(strict=True, max_length=4096)]


class _Claim(Section):
    about: _Id
    says: Says
    value: Annotated[str, Field(strict=True, min_length=1, max_length=_MAX_VALUE)]
    other: _Id | None


class _Expression(Section):
    text: _Text
    ids: Annotated[list[_Id], Field(max_length=1 << 15)]
    kind: ExpressionKind
    claims: Annotated[list[_Claim], Field(max_length=_MAX_CLAIMS)]


@dataclass(frozen=True)
class Claim:
    """See ``facts.SceneFacts.decide``; ``about`` and ``other`` are rows of the target."""

    about: int
    says: Says
    value: str
    other: int | None = None


@dataclass(frozen=True)
class Proposed:
    """An expression that is well-formed; whether it is true is another matter."""

    text: str
    rows: tuple[int, ...]
    claims: tuple[Claim, ...]


def read_expressions(text: str, count: int) -> tuple[list[Proposed], Counter[str]]:
    """What an answer about ``count`` objects proposes, and how many of its entries were dropped, by reason.

    Raises:
        AnswerError: nothing can be read of it.
    """
    proposed: dict[str, Proposed] = {}
    dropped: Counter[str] = Counter()
    entries = read_answer(text, ANSWER_KEY)
    dropped.update({"too many": len(entries) - MOST_EXPRESSIONS} if len(entries) > MOST_EXPRESSIONS else {})
    for entry in entries[:MOST_EXPRESSIONS]:
        found = _read_one(entry, count)
        if isinstance(found, str):
            dropped[found] += 1
        elif found.text in proposed:
            dropped["duplicate text"] += 1
        else:
            proposed[found.text] = found
    return list(proposed.values()), dropped


def _read_one(entry: Any, count: int) -> Proposed | str:
    """A proposed expression, or why it is none."""
    try:
        read = _Expression.model_validate(entry)
    except (ValidationError, RecursionError):
        return "another form"
    text = tidy(read.text)
    why = why_not_plain(text, MAX_TEXT)
    if why is not None:
        return why
    if not read.ids:
        return "no ids"
    if len(set(read.ids)) < len(read.ids):
        return "duplicate ids"
    if max(*read.ids, *(max(claim.about, claim.other or 0) for claim in read.claims), 0) > count:
        return "unknown id"
    if any(claim.about not in read.ids for claim in read.claims):
        return "claim about another id"
    if any(
        (claim.says == "relation") != (claim.other is not None) or claim.other == claim.about for claim in read.claims
    ):
        return "relation to nothing"
    claims = (
        Claim(claim.about - 1, claim.says, claim.value, None if claim.other is None else claim.other - 1)
        for claim in read.claims
    )
    return Proposed(text, tuple(sorted(one - 1 for one in read.ids)), tuple(dict.fromkeys(claims)))
