"""LVIS v1: masks to the pixel, categories that are known to be absent, and those that are not."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from sos_online.library.sources.base import CategoryFacts
from sos_online.targets.lvis import LvisWriter, lvis_annotations, lvis_image
from sos_online.types import Target
from tests.targets.made_up import KINDS, pieces_and_holes, rectangle, size_of, target_of, visible_masks, with_crowd

NAMES = ["cat", "dog", "Käse 🧀", "bee", "ant"]


def image_of(target: Target, count: int = 5, negatives: int | None = None) -> dict[str, Any]:
    return lvis_image(target, size_of(target), "train", "7.jpg", range(1, count + 1), negatives)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_masks_come_back_to_the_pixel(kind: Callable[[], Target]) -> None:
    target = kind()
    kept = [row for row, crowd in enumerate(target["iscrowd"].tolist()) if not crowd]
    annotations = lvis_annotations(target)
    masks = visible_masks(target)
    assert len(annotations) == len(kept)
    for row, annotation in zip(kept, annotations, strict=True):
        polygons = annotation["segmentation"]
        assert all(len(polygon) >= 8 and len(polygon) % 2 == 0 for polygon in polygons)  # Detectron2 wants 6
        decoded = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygons, *size_of(target))))
        assert np.array_equal(decoded.astype(bool), masks[row])
        assert annotation["category_id"] == target["labels"][row]
        assert annotation["area"] == masks[row].sum()


def test_what_is_absent_is_known_to_be() -> None:
    entry = image_of(pieces_and_holes())
    assert entry["neg_category_ids"] == [4, 5]
    assert entry["not_exhaustive_category_ids"] == []


def test_a_crowd_makes_its_category_not_exhaustive() -> None:
    entry = image_of(with_crowd())
    assert entry["not_exhaustive_category_ids"] == [3]
    assert entry["neg_category_ids"] == [1, 4, 5]


def test_a_target_that_says_it_itself() -> None:
    said = {"neg_category_ids": [5], "not_exhaustive_category_ids": [2]}
    entry = image_of({**pieces_and_holes(), **said})
    assert {key: entry[key] for key in said} == said


def test_what_was_not_looked_for_is_not_said_to_be_absent() -> None:
    target = pieces_and_holes()
    assert set(target["labels"].tolist()) == {1, 2, 3}
    entry = lvis_image(target, size_of(target), "train", "7.jpg", [2, 3, 5])
    assert entry["neg_category_ids"] == [5]
    assert entry["not_exhaustive_category_ids"] == [1]
    said = lvis_image({**target, "neg_category_ids": [4]}, size_of(target), "train", "7.jpg", [2, 3, 5])
    assert (said["neg_category_ids"], said["not_exhaustive_category_ids"]) == ([4], [])


def test_short_lists_give_every_category_its_turn() -> None:
    turns: Counter[int] = Counter()
    for index in range(400):
        target = {**target_of([rectangle((9, 9), 1, 1, 3, 3)], (9, 9), labels=[1]), "image_id": index}
        listed = image_of(target, count=21, negatives=3)["neg_category_ids"]
        assert len(set(listed)) == 3
        turns.update(listed)
    assert set(turns) == set(range(2, 22)) and max(turns.values()) - min(turns.values()) <= 1


def test_readers_find_folder_and_file_in_the_address() -> None:
    entry = image_of(pieces_and_holes())
    assert entry["coco_url"].split("/")[-2:] == ["train", "7.jpg"]  # Detectron2
    assert entry["coco_url"].replace("http://images.cocodataset.org/", "") == entry["file_name"]  # MMDetection


def test_categories_are_counted_and_known() -> None:
    file = io.StringIO()
    facts = {"dog": CategoryFacts(synset="dog.n.01", synonyms=("hound", "dog"))}
    writer = LvisWriter(file, NAMES, facts)
    for index in range(101):
        masks = [rectangle((9, 9), x, 1, x + 1, 3) for x in range(3)]
        labels = [1, 1, 2] if index < 11 else [1, 1, 1]
        target = target_of(masks, (9, 9), labels=labels, image_id=index)
        writer.add_entries(image_of(target), lvis_annotations(target))
    writer.close()
    content = json.loads(file.getvalue())
    assert [annotation["id"] for annotation in content["annotations"]] == list(range(1, 304))
    cat, dog, cheese = content["categories"][:3]
    assert (cat["image_count"], cat["instance_count"], cat["frequency"]) == (101, 292, "f")
    assert (dog["image_count"], dog["instance_count"], dog["frequency"]) == (11, 11, "c")
    assert (cheese["name"], cheese["image_count"], cheese["frequency"]) == ("Käse 🧀", 0, "r")
    assert (dog["synset"], dog["synonyms"]) == ("dog.n.01", ["dog", "hound"])
    assert (cat["synset"], cat["synonyms"]) == ("", ["cat"])
