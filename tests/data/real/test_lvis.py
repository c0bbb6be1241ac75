"""LvisDataset: COCO's targets, and which categories an image says nothing about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import sos_online as sos
from sos_online.data.real import LvisDataset
from sos_online.targets import keep_rows
from tests.data.real.small_set import SmallSet


def lvis_set(folder: Path) -> SmallSet:
    small = SmallSet(folder)
    for image in small.content["images"]:
        image.update(neg_category_ids=[7], not_exhaustive_category_ids=[3, 7])
    for category, frequency in zip(small.content["categories"], "rf", strict=True):
        category.update(frequency=frequency, synset=f"{category['name']}.n.01", synonyms=[category["name"], "thing"])
    return small


def test_against_the_file(real_data: Path) -> None:
    path = real_data / "lvis/lvis_v0.5_val_subset.json"
    dataset, content = LvisDataset(real_data / "lvis/images", path), json.loads(path.read_bytes())
    frequency = {entry["id"]: entry["frequency"] for entry in content["categories"]}
    assert dataset.frequency == [frequency[identifier] for identifier in dataset.category_ids]
    assert len(dataset) == 16 and dataset.num_objects == 160
    for image, (_, target) in zip(content["images"], dataset, strict=True):
        assert target["image_id"] == image["id"]
        for key in ("neg_category_ids", "not_exhaustive_category_ids"):
            assert target[key].dtype is torch.int64
            assert [dataset.category_ids[label - 1] for label in target[key]] == sorted(image[key])
        found = [entry["category_id"] for entry in content["annotations"] if entry["image_id"] == image["id"]]
        assert [dataset.category_ids[label - 1] for label in target["labels"]] == found


def test_names_of_categories(tmp_path: Path) -> None:
    dataset = LvisDataset(*lvis_set(tmp_path / "set").write())
    assert dataset.category_names == ["traffic light", "ball"] and dataset.frequency == ["f", "r"]
    assert dataset.category_other_names[1] == ["ball", "thing", "ball.n.01"]


def test_version_1_has_addresses_alone(tmp_path: Path) -> None:
    small = lvis_set(tmp_path / "set")
    for number, image in enumerate(small.content["images"]):
        del image["file_name"]
        image["coco_url"] = f"http://images.cocodataset.org/train2017/{number}.png"
    given = small.write()
    flat = LvisDataset(*given, only_images=["1.png"])
    (small.folder / "train2017").mkdir()
    for number in range(3):
        (small.folder / f"{number}.png").rename(small.folder / f"train2017/{number}.png")
    nested = LvisDataset(*given, only_images=["train2017/1.png", "2.png"])
    assert [target["image_id"] for _, target in nested] == [11, 12]
    (small.folder / "train2017/1.png").unlink()
    with pytest.raises(sos.errors.BrokenSampleError, match=r"1.png.* or .*1.png.*not there"):
        flat[0]


def test_what_is_said_of_the_image_is_no_row(tmp_path: Path) -> None:
    """Two categories are not annotated exhaustively, and there happen to be two objects."""
    small = lvis_set(tmp_path / "set")
    small.add(0, (0, 0, 10, 10))
    small.add(0, (20, 20, 30, 30))
    _, target = LvisDataset(*small.write())[0]
    assert keep_rows(target, [0])["not_exhaustive_category_ids"].tolist() == [1, 2]

    def erase(image: Any, target: Any) -> Any:
        target["masks"][0] = 0
        return image, target

    _, moved = LvisDataset(*small.write(), transforms=erase)[0]
    assert len(moved["labels"]) == 1 and moved["not_exhaustive_category_ids"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("neg_category_ids", [99], r"images\[1\]: field 'neg_category_ids': category id 99"),
        ("neg_category_ids", "7", r"images\[1\]: field 'neg_category_ids': expected a list"),
        ("not_exhaustive_category_ids", [[7]], r"images\[1\]: field 'not_exhaustive_category_ids': expected a list"),
    ],
)
def test_damage_is_named(tmp_path: Path, field: str, value: Any, message: str) -> None:
    small = lvis_set(tmp_path / "set")
    small.content["images"][1][field] = value
    with pytest.raises(sos.SourceError, match="instances.json: " + message):
        LvisDataset(*small.write())


def test_frequencies_are_checked(tmp_path: Path) -> None:
    small = lvis_set(tmp_path / "set")
    small.content["categories"][1]["frequency"] = "x"
    with pytest.raises(sos.SourceError, match=r"categories\[1\]: field 'frequency'"):
        LvisDataset(*small.write())
