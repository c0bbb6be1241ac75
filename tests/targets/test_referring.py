"""References of RefCOCO and gRefCOCO, and the images of MDETR."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

import sos_online as sos
from sos_online.targets.mdetr import MdetrWriter, mdetr_expressions, means_one_object
from sos_online.targets.referring import RefsWriter, grefcoco_refs, polygon_annotations, refcoco_refs, sentence_of
from sos_online.types import Target
from tests.targets.made_up import KINDS, single_pixels, size_of, visible_masks


def meaning(*pairs: tuple[str, list[int]]) -> Target:
    expressions = [{"text": text, "rows": rows, "kind": "attribute"} for text, rows in pairs]
    return {**single_pixels(), "image_id": 7, "expressions": expressions}


TARGET = meaning(
    ("the mug", [1]), ("both", [0, 1]), ("A mug!", [1]), ("a tram", []), ("both of them", [1, 0]), ("x", [])
)


def written(samples: list[tuple[int, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    file = io.StringIO()
    writer = RefsWriter(file)
    for rows, refs in samples:
        writer.add_entries(rows, refs)
    writer.close()
    found: list[dict[str, Any]] = json.loads(file.getvalue())
    return found


def test_grefcoco_has_a_reference_for_each_set_of_objects_and_each_text_that_means_none() -> None:
    refs = grefcoco_refs(TARGET, "7.jpg", "train")
    assert [(ref["ann_id"], ref["category_id"], ref["no_target"]) for ref in refs] == [
        ([1], [2], False),
        ([0, 1], [1, 2], False),
        ([-1], [-1], True),
        ([-1], [-1], True),
    ]
    assert [[sentence["sent"] for sentence in ref["sentences"]] for ref in refs] == [
        ["the mug", "a mug"],
        ["both", "both of them"],
        ["a tram"],
        ["x"],
    ]
    assert {(ref["image_id"], ref["file_name"], ref["split"]) for ref in refs} == {(7, "7.jpg", "train")}


def test_refcoco_has_expressions_of_one_object_alone() -> None:
    (ref,) = refcoco_refs(TARGET, "7.jpg", "val")
    assert (ref["ann_id"], ref["category_id"], ref["split"]) == (1, 2, "val") and "no_target" not in ref
    assert [sentence["raw"] for sentence in ref["sentences"]] == ["the mug", "A mug!"]


@pytest.mark.parametrize("refs_of", [refcoco_refs, grefcoco_refs])
def test_ids_run_on_over_samples(refs_of: Any) -> None:
    refs = refs_of(TARGET, "7.jpg", "train")
    found = written([(5, refs), (2, []), (5, refs)])
    assert [ref["ref_id"] for ref in found] == list(range(1, 2 * len(refs) + 1))
    sentences = [sentence for ref in found for sentence in ref["sentences"]]
    assert [sentence["sent_id"] for sentence in sentences] == list(range(1, len(sentences) + 1))
    assert all(ref["sent_ids"] == [sentence["sent_id"] for sentence in ref["sentences"]] for ref in found)
    plain = [np.atleast_1d(ref["ann_id"]).tolist() for ref in refs]
    expected = [[row if row < 0 else row + first for row in rows] for first in (1, 8) for rows in plain]
    assert [np.atleast_1d(ref["ann_id"]).tolist() for ref in found] == expected
    assert [type(ref["ann_id"]) for ref in found] == [type(ref["ann_id"]) for ref in refs] * 2
    assert written([]) == written([(3, [])]) == []


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The red apple, on the left.", ["the", "red", "apple", "on", "the", "left"]),
        ("the dog's “big” t-shirt", ["the", "dog's", "big", "t-shirt"]),
        ("Käse / e\u0301clair", ["käse", "éclair"]),
        ("किताब", ["किताब"]),  # vowel signs are marks, not letters
        ("no. 5", ["no", "5"]),
        (" 🧀 !", ["🧀 !"]),  # nothing but symbols
    ],
)
def test_sentences(text: str, tokens: list[str]) -> None:
    assert sentence_of(text) == {"sent": " ".join(tokens), "raw": text, "tokens": tokens}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_polygons_are_the_masks(kind: Any) -> None:
    """As the refer interface decodes them: all pieces added up."""
    target = kind()
    height, width = size_of(target)
    annotations = polygon_annotations(target)
    for annotation, mask in zip(annotations, visible_masks(target), strict=True):
        rles = coco_mask.frPyObjects(annotation["segmentation"], height, width)
        assert np.array_equal(coco_mask.decode(rles).sum(axis=2), mask)
    assert [annotation["area"] for annotation in annotations] == target["area"].tolist()


def test_mdetr_has_an_image_for_each_expression() -> None:
    made = mdetr_expressions(TARGET, (40, 50), "7.jpg")
    assert [entry["image"]["caption"] for entry in made] == [one["text"] for one in TARGET["expressions"]]
    assert [len(entry["annotations"]) for entry in made] == [1, 2, 1, 1, 2, 1]
    assert [means_one_object(entry) for entry in made] == [True, False, True, False, False, False]
    assert made[0]["annotations"][0]["bbox"] == [49, 0, 1, 1]
    assert made[3]["annotations"] == [
        {"category_id": -1, "bbox": [0, 0, 0, 0], "area": -1, "iscrowd": -1, "empty": True, "tokens_positive": [[0, 6]]}
    ]


class _Nowhere(io.StringIO):
    """A file that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


def test_writers_keep_nothing() -> None:
    refs, expressions = grefcoco_refs(TARGET, "7.jpg", "train"), mdetr_expressions(TARGET, (40, 50), "7.jpg")
    for kind in ("refs", "mdetr"):
        peaks = []
        for count in (200, 2000):
            tracemalloc.start()
            if kind == "refs":
                writer: RefsWriter | MdetrWriter = RefsWriter(_Nowhere())
                for _ in range(count):
                    writer.add_entries(5, refs)  # type: ignore[arg-type]
            else:
                writer = MdetrWriter(_Nowhere(), ["a", "b"], "grefcoco")
                for _ in range(count):
                    writer.add_entries(*expressions)
            writer.close()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        # 64 Ki characters of images wait in memory, and are copied once
        assert peaks[1] < peaks[0] + 200_000, (kind, peaks)


@pytest.mark.parametrize("made_of", [refcoco_refs, grefcoco_refs, mdetr_expressions])
def test_without_expressions(made_of: Any) -> None:
    arguments = ((40, 50), "7.jpg") if made_of is mdetr_expressions else ("7.jpg", "train")
    with pytest.raises(sos.StreamError, match="sample 0: expected expressions"):
        made_of(single_pixels(), *arguments)
    assert made_of({**single_pixels(), "expressions": []}, *arguments) == []
    with pytest.raises(sos.StreamError, match="expected rows in 0 … 4, found 5"):
        made_of(meaning(("a", [5])), *arguments)
