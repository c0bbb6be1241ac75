"""Expressions that somebody proposes, against the facts of a scene that is known by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.refer.asking.checked import AnswerError, Checked
from sos_online.refer.asking.judge import check_expressions
from sos_online.refer.asking.plain_text import words_of
from sos_online.refer.asking.shown_objects import ShownObject
from sos_online.types import EXPRESSION_KINDS, Words

_COLOURS = {"red", "green", "blue"}


def shown(category: str, features: list[str], x: int) -> ShownObject:
    words = Words(short_phrase=" ".join(["a", *features, category]), features=tuple(features))
    vocabulary = frozenset(words_of(" ".join([category, *features])))
    return ShownObject(category, words, (x, 400, x + 100, 500), 0.01, 1.0, vocabulary)


# from left to right: apple 1, cup 3, apple 2, box 4
OBJECTS = [
    shown("apple", ["red", "shiny"], 0),
    shown("apple", ["green"], 600),
    shown("wine glass", ["blue"], 400),
    shown("box", ["red"], 880),
]


class Facts:
    """Colours and places are known; shiny things are known to be shiny, and of others that is not known."""

    def decide(self, about: int, says: str, value: str, other: int | None) -> bool | None:
        one = OBJECTS[about]
        x = one.box[0]
        if says == "category":
            return value == one.category
        if says == "attribute":
            return value in one.words.features if value in _COLOURS else True if value in one.words.features else None
        if says == "place":
            return {"left": x < 300, "right": x > 550, "middle": 300 < x < 500}.get(value)
        if says == "relation" and other is not None:
            if value == "surrounded by":
                return (about, other) == (1, 3)
            return {"left of": x < OBJECTS[other].box[0], "right of": x > OBJECTS[other].box[0]}.get(value)
        return None


def propose(text: str, *claims: tuple[int, str, str, int | None], ids: list[int] | None = None) -> dict[str, Any]:
    names = ("about", "says", "value", "other")
    given = [dict(zip(names, claim, strict=True)) for claim in claims]
    return {"text": text, "ids": ids or sorted({claim[0] for claim in claims}), "kind": "mixed", "claims": given}


def check(*entries: dict[str, Any]) -> Checked:
    return check_expressions(json.dumps({"expressions": entries}), OBJECTS, Facts())


def calls(row: int) -> tuple[int, str, str, None]:
    return row, "category", OBJECTS[row - 1].category, None


KEPT = [
    (propose("the red apple", (1, "attribute", "red", None)), "attribute", True),
    (propose("the red apple", calls(1)), "attribute", True),  # what it calls it counts, claimed or not
    (propose("The apple on the left.", (1, "place", "left", None)), "position", True),
    (propose("the green apple on the right", (2, "place", "right", None)), "mixed", True),
    (propose("the apple right of the wine glass", (2, "relation", "right of", 3)), "position", True),
    (propose("the wine glass left of the green apple", (3, "relation", "left of", 2)), "position", True),
    (propose("the apple right of the red apple", (2, "relation", "right of", 1)), "position", True),
    (propose("the apple surrounded by the box", (2, "relation", "surrounded by", 4)), "position", True),
    (propose("the apples", calls(1), calls(2)), "attribute", True),
    (propose("two apples", calls(1), calls(2)), "attribute", True),
    (propose("the red apple and the box", calls(1), calls(4)), "attribute", True),
    (propose("the apples and the box", calls(1), calls(4), ids=[1, 2, 4]), "attribute", True),
    (propose("the object in the middle", (3, "place", "middle", None)), "position", True),
    (propose("the yummy apple on the left", (1, "place", "left", None)), "mixed", False),  # is it?
    (propose("the apple in the far corner", (1, "place", "far corner", None)), "position", False),  # nobody knows
]

DROPPED = [
    (propose("the apple", calls(1)), "means others too"),
    (propose("the red one", (1, "attribute", "red", None)), "names no object"),
    (propose("the red object", (1, "attribute", "red", None)), "means others too"),  # the box is red
    (propose("the apples", calls(1)), "wrong number"),
    (propose("the apple", calls(1), calls(2)), "wrong number"),
    (propose("three apples", calls(1), calls(2)), "wrong number"),
    (propose("the green apple", (1, "attribute", "green", None)), "false attribute"),
    (propose("the green apple on the left", (1, "place", "left", None)), "false attribute"),  # not claimed, but said
    (propose("the apple on the left that is blue", (1, "place", "left", None)), "false attribute"),
    (propose("the box", calls(3)), "names no object"),
    (propose("the red apple", (1, "category", "pear", None)), "false category"),
    (propose("the red apple on the right", (1, "place", "right", None)), "false place"),
    (propose("the red apple on the right", calls(1)), "place without a claim"),
    (propose("the red apple on the right", (1, "place", "left", None)), "place without a claim"),
    (propose("the apple left of the wine glass", (2, "relation", "left of", 3)), "false relation"),
    (propose("the wine glass surrounded by the box", (3, "relation", "surrounded by", 4)), "false relation"),
    (propose("the green apple surrounded by the box", calls(2)), "place without a claim"),
    (propose("the green apple inside the box", (2, "relation", "surrounded by", 4)), "place without a claim"),
    (propose("the apple right of it", (2, "relation", "right of", 3)), "unclear anchor"),
    (propose("the box right of the apple on the left", (4, "relation", "right of", 1)), "place without a claim"),
    (propose("the wine glass left of the apple", (3, "relation", "left of", 2)), "unclear anchor"),
    (propose("the apple left of the red wine glass", (1, "relation", "left of", 3)), "unclear anchor"),
    (propose("the apple that is not red", calls(2)), "negation"),
]


@pytest.mark.parametrize(("entry", "kind", "proven"), KEPT, ids=[entry["text"] for entry, *_ in KEPT])
def test_kept(entry: dict[str, Any], kind: str, proven: bool) -> None:
    checked = check(entry)
    assert checked.dropped == {}
    (found,) = checked.kept
    assert found["rows"] == [one - 1 for one in entry["ids"]]
    assert (found["kind"], found["proven"]) == (kind, proven)
    assert found["text"] == entry["text"].rstrip(".").replace("The", "the")


@pytest.mark.parametrize(("entry", "reason"), DROPPED, ids=[entry["text"] for entry, _ in DROPPED])
def test_dropped(entry: dict[str, Any], reason: str) -> None:
    checked = check(entry)
    assert (checked.kept, checked.dropped) == ([], {reason: 1})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["text", "ids", "kind", "claims", "about", "says", "value", "other"]), inner)
    ),
    max_leaves=20,
)
_CLAIM = st.fixed_dictionaries(
    {
        "about": st.integers(0, 5),
        "says": st.sampled_from(["category", "attribute", "place", "relation"]),
        "value": st.sampled_from(["apple", "red", "left", "left of", "wine glass", "box", "?"]) | st.text(max_size=9),
        "other": st.none() | st.integers(0, 5),
    }
)
_TEXT = st.lists(
    st.sampled_from(
        [
            "the",
            "a",
            "red",
            "green",
            "apple",
            "apples",
            "wine",
            "glass",
            "box",
            "left",
            "right",
            "of",
            "on",
            "two",
            "not",
            "and",
        ]
    ),
    max_size=9,
).map(" ".join)
_EXPRESSION = st.fixed_dictionaries(
    {
        "text": _TEXT | st.text(max_size=30),
        "ids": st.lists(st.integers(0, 5), max_size=3),
        "kind": st.sampled_from(EXPRESSION_KINDS),
        "claims": st.lists(_CLAIM, max_size=4),
    }
)


@given(st.lists(_JSON | _EXPRESSION, max_size=4))
def test_whatever_comes(entries: list[Any]) -> None:
    """Each entry is kept or counted; what is kept keeps the contract, and no claim of it is false."""
    checked = check(*entries)
    assert len(checked.kept) + checked.dropped.total() == len(entries)
    for found in checked.kept:
        assert found["text"] and found["text"].isprintable() and found["kind"] in EXPRESSION_KINDS
        assert found["rows"] and found["rows"] == sorted(set(found["rows"])) and 0 <= found["rows"][0] <= 3
        assert found["rows"][-1] < len(OBJECTS)


@given(st.text(max_size=200) | _JSON.map(json.dumps))
def test_answers_that_are_none(text: str) -> None:
    with pytest.raises(AnswerError, match=r"^answer (is|too) "):
        check_expressions(text, OBJECTS, Facts())


@pytest.mark.parametrize("wrapped", ["<think>{hm}\n</think>\n%s", "```json\n%s\n```", "  %s \n"])
def test_thoughts_and_fences(wrapped: str) -> None:
    text = json.dumps({"expressions": [propose("the red apple", calls(1))]})
    assert len(check_expressions(wrapped % text, OBJECTS, Facts()).kept) == 1
