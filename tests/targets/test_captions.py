"""Captions: spans are exact whatever is in a text, nothing is cut, nothing is said twice or against itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.ops.names import fold
from sos_online.targets.captions import Caption, Phrase, caption_of, captions_of, expressions_of
from sos_online.types import Expression
from tests.targets.made_up import nothing, single_pixels

# what separates phrases, and what changes its length in small letters, is drawn more often than by chance
PIECES = st.sampled_from(
    [". ", ".", " ", "a", "dog", "İ", "ß", "é", "e\u0301", "🧀", "👩\u200d🚀", "\n", "'", '"', "-", "\ud800"]
)
TEXTS = st.one_of(st.lists(PIECES, min_size=1, max_size=6).map("".join), st.text(max_size=300)).filter(str.strip)
PAIRS = st.lists(st.tuples(TEXTS, st.lists(st.integers(0, 3), max_size=4)), max_size=12)
LIMITS = st.tuples(st.integers(0, 300), st.integers(0, 300)).map(lambda two: (min(two), max(two)))


def test_a_caption_as_grounding_models_read_it() -> None:
    caption = caption_of([("the red apple", [2]), ("two mugs", [1, 0, 1]), ("a tram", [])])
    assert caption.text == "the red apple. two mugs. a tram."
    assert caption.phrases == (
        Phrase("the red apple", (0, 13), (2,)),
        Phrase("two mugs", (15, 23), (0, 1)),
        Phrase("a tram", (25, 31), ()),
    )
    assert caption_of([("a", [0]), ("b", [])], separator=" | ", closing="").text == "a | b"
    assert caption_of([]) == Caption("", ())


def test_expressions_and_pairs() -> None:
    expressions: list[Expression] = [{"text": "a dog", "rows": [1], "kind": "attribute"}]
    assert captions_of(expressions) == captions_of([("a dog", (1,))]) == [caption_of([("a dog", [1])])]
    assert captions_of([]) == []


@settings(max_examples=300)
@given(PAIRS, LIMITS, st.sampled_from([". ", "", ", ", "dog", "\n"]), st.sampled_from([".", "", " ."]))
def test_every_phrase_stands_where_its_span_says(
    pairs: list[tuple[str, list[int]]], limits: tuple[int, int], separator: str, closing: str
) -> None:
    captions = captions_of(pairs, separator=separator, closing=closing, characters=limits)
    for caption in captions:
        assert [caption.text[slice(*phrase.span)] for phrase in caption.phrases] == [p.text for p in caption.phrases]
        # between two phrases is the separator and nothing else: no character is lost or said twice
        assert caption.text == separator.join(phrase.text for phrase in caption.phrases) + closing
        assert len(caption.text) <= limits[1] or len(caption.phrases) == 1
        assert len({fold(phrase.text) for phrase in caption.phrases}) == len(caption.phrases)
        shorter = caption.text[: caption.phrases[-1].span[0] - len(separator)] + closing
        assert len(caption.phrases) == 1 or len(shorter) < limits[0]
    said = [(fold(phrase.text), phrase.rows) for caption in captions for phrase in caption.phrases]
    assert set(said) == {(fold(text), tuple(sorted(set(rows)))) for text, rows in pairs}


def test_captions_are_cut_between_phrases() -> None:
    pairs = [(f"the thing of number {number}", [number]) for number in range(40)]
    captions = captions_of(pairs)
    assert all(150 <= len(caption.text) <= 255 for caption in captions[:-1]) and len(captions) > 4
    assert [phrase.rows for caption in captions for phrase in caption.phrases] == [(row,) for row in range(40)]
    long = "word " * 60 + "end"
    assert [caption.text for caption in captions_of([("a", [0]), (long, [1]), ("b", [])])] == ["a.", long + ".", "b."]


def test_equal_texts() -> None:
    """Said once if they mean the same, in captions of their own if not."""
    pairs = [("a dog", [0]), ("A  Dog", [0]), ("a dog", [1]), ("a cat", [2]), ("a dog", []), ("a dog", [1])]
    assert [[(p.text, p.rows) for p in caption.phrases] for caption in captions_of(pairs)] == [
        [("a dog", (0,)), ("a cat", (2,))],
        [("a dog", (1,))],
        [("a dog", ())],
    ]


@given(TEXTS, st.integers(0, 20), st.integers(0, 20))
def test_a_span_of_another_text_is_refused(text: str, start: int, end: int) -> None:
    padded = "~" * 5 + text + "~" * 5
    assume(padded[start:end] != text)
    with pytest.raises(sos.SOSError, match="phrase 0: expected"):
        Caption(padded, (Phrase(text, (start, end), ()),))


@pytest.mark.parametrize(
    ("phrases", "options", "message"),
    [
        ([("a", [0]), ("", [0])], {}, "phrase 1: expected a text, found ''"),
        ([(" \n", [])], {}, "phrase 0: expected a text"),
        ([("a", [0, -1])], {}, "phrase 0, 'a': expected rows from 0 on, found -1"),
        ([("a", [0])], {"characters": (200, 100)}, r"characters: expected .* found \(200, 100\)"),
        ([("a", [0])], {"characters": (-1, 100)}, "characters: expected"),
    ],
)
def test_what_is_refused(phrases: Any, options: Any, message: str) -> None:
    with pytest.raises(sos.SOSError, match=message):
        captions_of(phrases, **options)


def test_expressions_of_a_target() -> None:
    target = single_pixels()
    with pytest.raises(sos.StreamError, match="sample 0: expected expressions, which this format is made of; found no"):
        expressions_of(target)
    assert expressions_of({**target, "expressions": []}) == []
    for rows, wrong in (([0, 5], 5), ([-1], -1)):
        unknown = {"text": "a", "rows": rows, "kind": "attribute"}
        with pytest.raises(sos.StreamError, match=f"sample 0: 'a': expected rows in 0 … 4, found {wrong}"):
            expressions_of({**target, "expressions": [unknown]})
    with pytest.raises(sos.StreamError, match="'a': expected rows in 0 … -1, found 0"):
        expressions_of({**nothing(), "expressions": [{"text": "a", "rows": [0], "kind": "mixed"}]})
