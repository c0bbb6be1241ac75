"""Streams that say things, of several layouts, for the judges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sos_online as sos
from tests.refer.checker.lexicon import Lexicon
from tests.refer.checker.report import Finding, judge
from tests.refer.checker.scene import Scene, scene_of

COUNTS = {"one": 6, "several": 3, "none": 2}
LAYOUTS: dict[str, dict[str, Any]] = {
    "size_prior": {},
    "solid": {"background": {"weights": {"solid": 1}}},
    "single_category": {"choice": {"by": "source", "single_category": True}},
    "random_boxes": {"layout": {"kind": "random_boxes", "sides": [0.05, 0.6], "max_iou": 0.5, "tries": 100}},
    "heavy_occlusion": {"layout": {"kind": "random_boxes", "sides": [0.1, 0.7], "max_iou": 0.9, "tries": 100}},
    "wide": {"canvas": {"sizes": [[360, 800]]}},
}


def speaking_recipe(layout: str, side: int = 640) -> sos.Recipe:
    """All kinds and scopes of expressions, on an unlit picture whose target has whole masks."""
    changes = {
        "canvas": {"sizes": [[side, side]]},
        "light": None,
        "target": {"amodal_masks": True},
        "expressions": {"attribute": COUNTS, "position": COUNTS, "mixed": COUNTS},
    }
    return sos.Recipe().replace(**{**changes, **LAYOUTS[layout]})


def spoken_scenes(library: sos.SegmentLibrary, layout: str, seed: int) -> Iterator[tuple[Scene, list[Any]]]:
    """Scenes of a stream, and what is said of each; without end."""
    # a seed of its own, as layouts that differ in the background alone have the same objects
    dataset = sos.SOSDataset(library, speaking_recipe(layout), seed=100 * seed + list(LAYOUTS).index(layout))
    for index in range(len(dataset)):
        _, target = dataset.sample(index)
        yield scene_of(target, library), target["expressions"]


def all_findings(
    library: sos.SegmentLibrary, layout: str, seed: int, count: int
) -> Iterator[tuple[Any, list[Finding]]]:
    """So many expressions of a stream, and what is wrong with each."""
    lexicon = Lexicon(library)
    for scene, expressions in spoken_scenes(library, layout, seed):
        for expression in expressions:
            if count == 0:
                return
            count -= 1
            yield expression, judge(expression, scene, lexicon)
