"""Boxes out of COCO-format JSON: what is taken, what is left out, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sos_online.data.coco_boxes import read_coco_boxes
from sos_online.errors import SourceError
from tests.data.layout_sets import coco_content, write_json


def test_table_of_a_small_set(tmp_path: Path) -> None:
    coco = read_coco_boxes(write_json(tmp_path, coco_content()))
    table = coco.table
    assert table.names == ("fire hydrant", "cup")
    assert np.diff(table.starts).tolist() == [2, 2] and coco.aspects.tolist() == [2.0, 0.5]
    np.testing.assert_allclose(table.boxes(0), [[0, 0.1, 0.2, 0.4], [0.5, 0.5, 1, 1]], atol=1e-7)
    np.testing.assert_allclose(table.boxes(1), [[0.2, 0.2, 0.8, 0.6], [0, 0, 1, 0.5]], atol=1e-7)
    assert table.categories.tolist() == [0, 1, 0, 1]
    assert coco.left_out == {
        "crowd": 1,
        "image that is not in the file": 1,
        "empty box": 1,
        "image without a box": 1,
    }


def test_real_sets(real_data: Path) -> None:
    train = read_coco_boxes(real_data / "coco/instances_train.json")
    assert (train.table.num_boxes, train.left_out["crowd"], len(train.table)) == (2079, 20, 254)
    assert read_coco_boxes(real_data / "lvis/lvis_v0.5_val_subset.json").table.num_boxes == 160
    for edge in train.table.edges:
        assert edge.dtype == np.float32 and edge.flags.c_contiguous


@pytest.mark.parametrize(
    ("where", "change", "named"),
    [
        ("annotations", {"bbox": None}, r"annotations\[0\].*bbox.*found None"),
        ("annotations", {"bbox": [1, 2, 3]}, r"bbox.*\[1, 2, 3\]"),
        ("annotations", {"bbox": [1, 2, 3, "4"]}, "bbox"),
        ("annotations", {"bbox": [1, 2, 3, float("nan")]}, "bbox.*nan"),
        ("annotations", {"bbox": [1, 2, float("inf"), 3]}, "bbox.*inf"),
        ("annotations", {"bbox": "1234"}, "bbox"),
        ("annotations", {"category_id": 99}, "category_id 99"),
        ("images", {"width": None}, r"images\[0\].*width.*None"),
        ("images", {"width": 0}, "width.*found 0"),
        ("images", {"height": -5}, "height.*-5"),
        ("images", {"height": True}, "height.*True"),
        ("images", {"width": 10**9}, "width"),
        ("images", {"file_name": None}, "file_name"),
    ],
)
def test_exception_names_file_entry_and_field(tmp_path: Path, where: str, change: dict[str, Any], named: str) -> None:
    content = coco_content()
    content[where][0] |= change
    path = write_json(tmp_path, content)
    with pytest.raises(SourceError, match=named) as caught:
        read_coco_boxes(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [[], {}, {"images": [], "annotations": {}, "categories": []}, 3, "text"])
def test_exception_for_another_json(tmp_path: Path, content: Any) -> None:
    with pytest.raises(SourceError, match=r"boxes.json.*expected a list"):
        read_coco_boxes(write_json(tmp_path, content))


def test_exception_for_a_set_without_boxes(tmp_path: Path) -> None:
    content = coco_content()
    content["annotations"] = [one for one in content["annotations"] if one["iscrowd"]]
    with pytest.raises(SourceError, match=r"found none that can be used.*crowd"):
        read_coco_boxes(write_json(tmp_path, content))
