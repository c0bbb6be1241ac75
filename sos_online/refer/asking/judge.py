"""Whether a proposed expression is true, and means its objects and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sos_online.refer.asking.checked import Checked
from sos_online.refer.asking.expression_answer import Claim, Proposed, read_expressions
from sos_online.refer.asking.place_words import FUNCTION_WORDS, NEGATIONS, NOUNS_FOR_ALL, NUMBERS, PLACE_WORDS
from sos_online.refer.asking.plain_text import words_of
from sos_online.refer.asking.reading import Reading
from sos_online.refer.asking.scene_facts import SceneFacts
from sos_online.refer.asking.shown_objects import ShownObject, spellings
from sos_online.refer.lexicon import attribute
from sos_online.refer.nouns import SpokenNames
from sos_online.types import ExpressionKind

_JOINING = {"and", "both", "all", "each", "every"}
_HARMLESS = FUNCTION_WORDS | PLACE_WORDS | NUMBERS.keys()


@dataclass(frozen=True)
class Verdict:
    """Attributes:
    dropped: why an expression is of no use; None if nothing that it says is false.
    proven: every word of it is known, all that it says is true, and of every other object something is false.
    kind: what tells its objects from others, by its claims: models are careless about it.
    """

    dropped: str | None
    proven: bool = False
    kind: ExpressionKind = "attribute"


def check_expressions(
    text: str, objects: Sequence[ShownObject], facts: SceneFacts, names: SpokenNames | None = None
) -> Checked:
    """What is left of an answer: ``kept`` are ``types.Expression`` with ``proven`` beside them.

    Args:
        text: the answer.
        objects: what was shown.
        facts: about them.
        names: of all categories, none of which may be named but those of objects that are spoken of.

    Raises:
        AnswerError: nothing can be read of it.
    """
    proposed, dropped = read_expressions(text, len(objects))
    checked = Checked(dropped=dropped)
    for one in proposed:
        verdict = judge(one, objects, facts, names)
        if verdict.dropped is not None:
            checked.dropped[verdict.dropped] += 1
            continue
        checked.kept.append({"text": one.text, "rows": list(one.rows), "kind": verdict.kind, "proven": verdict.proven})
    return checked


def judge(
    proposed: Proposed, objects: Sequence[ShownObject], facts: SceneFacts, names: SpokenNames | None = None
) -> Verdict:
    """Check all that an expression claims, and all that its text says as far as words can be read.

    What cannot be decided does not count against it; then it is not proven.
    """
    reading = Reading(proposed, objects)
    dropped = _wording(proposed, reading, objects)
    if dropped is not None:
        return Verdict(dropped)
    if names is not None and names.another_in(proposed.text, [objects[row].category for row in _mentioned(reading)]):
        return Verdict("names another object")
    claims = dict.fromkeys((*reading.claims, *proposed.claims))
    decided = {claim: facts.decide(claim.about, claim.says, claim.value, claim.other) for claim in claims}
    for claim, is_true in decided.items():
        if is_true is False:
            return Verdict(f"false {claim.says}")
    attributes = _attributes_elsewhere(reading, objects, facts)
    anchors = _anchors(reading, objects, facts)
    others = _means_others(reading, len(objects), facts)
    if False in (attributes, anchors, others):
        why = "false attribute" if attributes is False else "unclear anchor" if anchors is False else "means others too"
        return Verdict(why)
    known = set(_HARMLESS).union(*(objects[row].vocabulary for row in _mentioned(reading)))
    known.update(word for row in _mentioned(reading) for form, _ in spellings(objects[row].category) for word in form)
    proven = None not in decided.values() and None not in (attributes, anchors, others)
    return Verdict(None, proven and known.issuperset(reading.words), _kind(reading))


def _wording(proposed: Proposed, reading: Reading, objects: Sequence[ShownObject]) -> str | None:
    """What is wrong with a text and its claims before any fact is asked."""
    words = set(reading.words)
    if words & NEGATIONS:
        return "negation"
    nouns = [reading.noun(row) for row in proposed.rows]
    if not any(nouns) and not words & NOUNS_FOR_ALL:
        return "names no object"
    if {claim.about for claim in reading.claims} != set(proposed.rows):
        return "object without a claim"
    if reading.unbacked_place_words():
        return "place without a claim"
    count = len(proposed.rows)
    claimed = {word for claim in reading.claims for word in words_of(claim.value)}
    if any(NUMBERS[word] != count for word in words & NUMBERS.keys() - claimed):
        return "wrong number"
    alike = len({objects[row].category for row in proposed.rows}) == 1
    several = nouns[0].several if alike and nouns[0] is not None else None
    if several is not None and several != (count > 1) and not (count > 1 and words & _JOINING):
        return "wrong number"
    return None


def _attributes_elsewhere(reading: Reading, objects: Sequence[ShownObject], facts: SceneFacts) -> bool | None:
    """Whether what the text calls some object without claiming it (``the apple that is red``) is true of one that it
    mentions; known are the words of the lexicon, and those that are features of objects here."""
    found: set[bool | None] = set()
    claimed = {word for claim in reading.claims for word in words_of(claim.value)}
    features = {word for shown in objects for feature in shown.words.features for word in words_of(feature)}
    named = {word for row in _mentioned(reading) for form, _ in spellings(objects[row].category) for word in form}
    features |= {word for word in reading.words if attribute(word) is not None and word not in named}
    for word in sorted(features.intersection(reading.words) - claimed - _HARMLESS):
        said = {facts.decide(row, "attribute", word, None) for row in _mentioned(reading)}
        found.add(True if True in said else None if None in said else False)
    return _all(found)


def _anchors(reading: Reading, objects: Sequence[ShownObject], facts: SceneFacts) -> bool | None:
    """Whether the objects to which relations are can be told from the others of their category by the text."""
    found: set[bool | None] = set()
    for claim in reading.claims:
        if claim.other is None:
            continue
        noun, first = reading.noun(claim.other, last=True), reading.noun(claim.about)
        if noun is None or (first is not None and noun.at == first.at):
            return False
        found |= {facts.decide(claim.other, "attribute", word, None) for word in noun.before}
        for row, rival in enumerate(objects):
            if rival.category != objects[claim.other].category or row in (claim.other, claim.about):
                continue
            excluded = [facts.decide(row, "attribute", word, None) for word in noun.before]
            if False not in excluded:  # then it must not matter which is meant
                same = facts.decide(claim.about, "relation", claim.value, row)
                found.add(same if same or None not in excluded else None)
    return _all(found)


def _means_others(reading: Reading, count: int, facts: SceneFacts) -> bool | None:
    """False if all that the text says of one of its objects is true of an object that is not meant."""
    by_row: dict[int, list[Claim]] = {}
    for claim in reading.claims:
        by_row.setdefault(claim.about, []).append(claim)
    descriptions = {frozenset((claim.says, claim.value, claim.other) for claim in claims) for claims in by_row.values()}
    found: set[bool | None] = set()
    for row in set(range(count)).difference(reading.rows):
        for description in descriptions:
            said = {other != row and facts.decide(row, says, value, other) for says, value, other in description}
            found.add(True if False in said else None if None in said else False)
    return _all(found)


def _mentioned(reading: Reading) -> set[int]:
    return {*reading.rows, *(claim.other for claim in reading.claims if claim.other is not None)}


def _all(found: set[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


def _kind(reading: Reading) -> ExpressionKind:
    says = {claim.says for claim in reading.claims}
    if not says & {"place", "relation"}:
        return "attribute"
    return "mixed" if "attribute" in says else "position"
