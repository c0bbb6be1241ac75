"""Kinds that a COCO-format file tells: they are said, by all that they are true of, and the second judge agrees."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import sos_online as sos
from tests.refer.checker.lexicon import Lexicon
from tests.refer.checker.report import judge
from tests.refer.checker.scene import scene_of
from tests.refer.hand_made import FewWords, target_of
from tests.refer.streams import LAYOUTS, all_findings

TOLD = {
    "hammer": "tool",
    "chisel": "Tools",
    "toolbox": "tool",  # is none
    "tractor": "vehicle",
    "tram": "vehicle",
    "helicopter": "aircraft",
    "goat": "animal",
    "heron": "bird",
    "violin": "musical_instrument",
    "spider": "insect",  # is none
    "turnip": "vegetable",
    "grapes": "fruit",  # is not one
    "person": "person",
}
SIDE = 48


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A COCO-format file of a picture that is cut into squares, one of each category."""
    root = tmp_path_factory.mktemp("told")
    cv2.imwrite(str(root / "all.png"), np.full((SIDE, SIDE * len(TOLD), 3), 90, np.uint8))
    annotations = []
    for number in range(len(TOLD)):
        x1, x2 = number * SIDE + 4, (number + 1) * SIDE - 4
        square = [x1, 4, x2, 4, x2, SIDE - 4, x1, SIDE - 4]
        annotations.append({"id": number, "image_id": 1, "category_id": number, "segmentation": [square]})
    categories = [
        {"id": number, "name": name, "supercategory": said} for number, (name, said) in enumerate(TOLD.items())
    ]
    content = {"images": [{"id": 1, "file_name": "all.png"}], "annotations": annotations, "categories": categories}
    (root / "all.json").write_text(json.dumps(content))
    return root


@pytest.fixture(scope="module")
def library(folder: Path) -> sos.SegmentLibrary:
    return sos.build_library(folder / "library", [sos.CocoInstances(folder, folder / "all.json")])


def kind_in(text: str) -> str:
    """The first kind of the library that is named in a text; empty if there is none."""
    words = text.replace("musical instrument", "musical-instrument").split()
    kinds = ["tool", "vehicle", "aircraft", "animal", "bird", "musical-instrument", "insect", "vegetable", "fruit"]
    return next((kind for word in words for kind in kinds if word in (kind, f"{kind}s")), "")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_they_are_said_and_are_true(library: sos.SegmentLibrary, layout: str) -> None:
    findings = list(all_findings(library, layout, seed=8, count=400))
    faults = [(expression, found) for expression, found in findings if found]
    assert not faults, faults[:5]
    said = Counter(kind_in(expression["text"]) for expression, _ in findings)
    assert said.total() - said[""] > 0
    assert not said["insect"] and not said["fruit"]


def test_all_kinds_are_said(library: sos.SegmentLibrary) -> None:
    findings = all_findings(library, "size_prior", seed=9, count=3000)
    said = Counter(kind_in(expression["text"]) for expression, _ in findings)
    expected = ("tool", "vehicle", "bird", "animal", "musical-instrument", "vegetable")
    assert all(said[kind] for kind in expected), said


@pytest.mark.parametrize("layout", LAYOUTS)
def test_of_coco(coco_library: sos.SegmentLibrary, layout: str) -> None:
    assert coco_library.supercategories[coco_library.category_names.index("cup")] == "kitchen"
    faults = [(said, found) for said, found in all_findings(coco_library, layout, seed=10, count=250) if found]
    assert not faults, faults[:5]


# the second judge itself

NAMES = ["hammer", "tram", "goat", "plate", "toolbox", "saw", "helicopter"]
WORDS = FewWords(
    [(name, "", "metal" if name == "goat" else "") for name in NAMES],
    {**TOLD, "plate": "kitchen", "saw": "tool"},
)


def verdict(text: str, names: list[str], rows: list[int]) -> set[str]:
    boxes = [(NAMES.index(name), (20 + 90 * row, 20, 80 + 90 * row, 80)) for row, name in enumerate(names)]
    scene = scene_of(target_of(boxes, WORDS, (640, 480)), WORDS)
    expression: dict[str, Any] = {"text": text, "rows": rows, "kind": "attribute"}
    return {finding.sort for finding in judge(expression, scene, Lexicon(WORDS))}


@pytest.mark.parametrize(
    ("text", "names", "rows", "expected"),
    [
        ("the tool", ["hammer"], [0], set()),
        ("the tools", ["hammer", "saw"], [0, 1], set()),
        ("the tool", ["hammer", "saw"], [0], {"false"}),
        ("the tool", ["hammer", "plate"], [0], {"undecided"}),  # of the kitchen
        ("the tool", ["toolbox"], [0], {"undecided"}),
        ("the tool", ["hammer", "tram"], [0], {"undecided"}),  # not apart
        ("the animal", ["goat"], [0], {"undecided"}),  # of metal
        ("the vehicle", ["tram", "hammer"], [0], {"undecided"}),
        ("the vehicles", ["tram", "helicopter"], [0, 1], set()),
        ("the aircraft", ["helicopter"], [0], set()),
        ("the animal", ["hammer", "tram"], [], set()),
        ("the kitchen", ["plate"], [0], {"unparsed"}),
    ],
)
def test_verdicts(text: str, names: list[str], rows: list[int], expected: set[str]) -> None:
    assert verdict(text, names, rows) == expected


def test_the_judge_and_the_library_read_the_same(library: sos.SegmentLibrary) -> None:
    assert dict(zip(library.category_names, library.supercategories, strict=True)) == {
        name: said.replace("_", " ") for name, said in TOLD.items()
    }
