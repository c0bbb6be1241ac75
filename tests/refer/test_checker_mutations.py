"""The second judge must notice when a true expression is turned into another one."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import sos_online as sos
from tests.refer.checker import geometry
from tests.refer.checker.lexicon import Lexicon
from tests.refer.checker.report import judge
from tests.refer.checker.scene import Scene
from tests.refer.hand_made import LEXICON, TABLE
from tests.refer.streams import spoken_scenes

# what is swapped against what; a swapped text says something else of the same objects
SWAPS: dict[str, list[tuple[str, str]]] = {
    "side": [("left", "right"), ("leftmost", "rightmost"), ("top", "bottom"), ("upper", "lower")],
    "direction": [
        ("above", "below"),
        ("in front of", "behind"),
        ("partly covering", "partly hidden by"),
        ("below", "surrounded by"),
    ],
    "size": [("largest", "smallest"), ("biggest", "smallest"), ("larger", "smaller"), ("bigger", "smaller")],
    "number": [("two", "three"), ("three", "four"), ("both", "all five")],
    "colour": [("red", "teal"), ("blue", "yellow"), ("green", "red"), ("white", "black"), ("pink", "green")],
    "pattern": [("striped", "dotted"), ("plain", "checked")],
    "place": [("middle", "top left corner"), ("centre", "bottom right corner")],
    "name": [("apple", "vase"), ("mug", "lamp"), ("car", "balloon"), ("teapot", "cactus"), ("fish", "cupcake")],
}


def swapped(text: str) -> Iterator[tuple[str, str]]:
    """Texts in which one thing is swapped, each with what that is."""
    padded = f" {text} "
    for sort, pairs in SWAPS.items():
        for pair in pairs:
            for one, other in (pair, pair[::-1]):
                if f" {one} " in padded:
                    yield sort, padded.replace(f" {one} ", f" {other} ").strip()


@pytest.fixture(scope="module")
def spoken() -> tuple[Lexicon, list[tuple[Scene, list[Any]]]]:
    library = sos.SegmentLibrary.demo()
    return Lexicon(library), list(itertools.islice(spoken_scenes(library, "size_prior", seed=6), 12))


def test_swapped_words(spoken):
    lexicon, scenes = spoken
    tried: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    missed = []
    for scene, expressions in scenes:
        for expression in expressions:
            if not expression["rows"]:
                continue  # another thing that is not there is true as well
            for sort, text in swapped(expression["text"]):
                tried[sort] += 1
                found = judge({**expression, "text": text}, scene, lexicon)
                noticed[sort] += bool(found)
                missed += [] if found else [f"{expression} -> {text}"]
    assert tried.total() > 200
    assert set(tried) >= {"side", "direction", "number", "colour", "pattern", "name"}
    assert noticed.total() >= 0.95 * tried.total(), "\n".join(missed)


@pytest.mark.parametrize("change", ["another row", "one more", "one fewer", "nothing"])
def test_other_rows(spoken, change):
    lexicon, scenes = spoken
    for scene, expressions in scenes[:4]:
        everything = list(range(len(scene.objects)))
        for expression in expressions:
            rows = expression["rows"]
            others = [row for row in everything if row not in rows]
            changed = {
                "another row": [*rows[1:], *others[:1]] if rows and others else None,
                "one more": [*rows, *others[:1]] if others else None,
                "one fewer": rows[1:] if rows else None,
                "nothing": [] if rows else None,
            }[change]
            if changed is not None:
                assert judge({**expression, "rows": sorted(changed)}, scene, lexicon), (expression, changed)


# a definition, a wrong one in its place, and what would be true by it
WRONG = [
    ("before", lambda _, one, other, *__: 1 if one > other else -1, "the leftmost mug", [2], "position"),
    ("is_at", lambda _, row, *__: 1 if row == 2 else -1, "the mug on the left", [2], "position"),
    ("in_front", lambda *_: 1, "the apple in front of the lamp", [4], "position"),
    ("lies_on", lambda *_: 1, "the apple on the gift box", [4], "position"),
    ("surrounded", lambda *_: 1, "the apple surrounded by the gift box", [4], "position"),
    ("between", lambda *_: 1, "the fish between the ball and the lamp", [5], "position"),
    ("nearer", lambda _, one, other, *__: 1 if one < other else -1, "the mug nearest to the lamp", [0], "position"),
    ("larger", lambda _, one, other: 1 if one < other else -1, "the largest thing", [0], "attribute"),
]


@pytest.mark.parametrize(("definition", "wrong", "text", "rows", "kind"), WRONG)
def test_common_sense_sees_wrong_definitions(monkeypatch, definition, wrong, text, rows, kind):
    monkeypatch.setattr(geometry, definition, wrong)
    found = judge({"text": text, "rows": rows, "kind": kind}, TABLE, LEXICON)
    assert "plain" in {finding.sort for finding in found}
