"""What ``export`` takes, and what it refuses before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import sos_online as sos
from sos_online.data.exporting import export
from tests.data.exporting.shapes import Shapes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "voc"}, "format: expected coco, panoptic, .* found 'voc'"),
        ({"format": ["coco"]}, r"format: expected coco, .* found \['coco'\]"),
        ({"samples": 0}, "samples: expected an integer in 1 … 12, the samples of an epoch, found 0"),
        ({"samples": 13}, "samples: expected an integer in 1 … 12"),
        ({"samples": True}, "samples: expected an integer in 1 … 12, the samples of an epoch, found True"),
        ({"samples": "5"}, "samples: expected an integer in 1 … 12, the samples of an epoch, found '5'"),
        ({"val": 1.0}, "val: expected"),
        ({"val": "0.1"}, "val: expected .* found '0.1'"),
        ({"workers": -1}, "workers: expected an integer from 0 on, found -1"),
        ({"workers": None}, "workers: expected an integer from 0 on, found None"),
        ({"image_format": "bmp"}, "image_format: expected jpg or png, found 'bmp'"),
        ({"quality": 101}, "quality: expected"),
        ({"epoch": -1}, "epoch: expected an integer in 0 … .* found -1"),
        ({"negatives": -1}, "negatives: expected"),
        ({"negatives": "5"}, "negatives: expected an integer from 0 on, or None, found '5'"),
    ],
)
def test_arguments_are_checked_before_anything_is_written(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(sos.StreamError, match=message):
        export(Shapes(12), tmp_path / "out", **{"format": "coco", **options})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stream", [[1], {"a": 1}, None, "folder", Shapes])
def test_what_is_no_dataset_is_refused(tmp_path: Path, stream: Any) -> None:
    with pytest.raises(
        sos.StreamError, match=r"stream: expected a dataset of the package, or a map-style one, .* found"
    ):
        export(stream, tmp_path / "out", "coco")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["s3://bucket/x", "https://host/x", "file:///tmp/x"])
def test_urls_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sos.StreamError, match=f"out: expected a folder of this machine, no URL, found '{out}'"):
        export(Shapes(12), out, "coco")
    with pytest.raises(sos.SOSError):
        export(Shapes(12), Path("s3://bucket/x"), "coco")
    with pytest.raises(sos.StreamError, match="out: expected a folder, found 5"):
        export(Shapes(12), 5, "coco")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


class Boxes:
    """A map-style dataset of yours."""

    category_names = ("cat",)

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        boxes = torch.tensor([[1.0, 2.0, 11.0, 12.0]])
        return Image.new("RGB", (40, 32)), {"boxes": boxes, "labels": torch.tensor([1])}


def test_a_map_style_dataset_is_a_stream(tmp_path: Path) -> None:
    assert export(Boxes(), tmp_path, "coco").objects == 3
    content = json.loads((tmp_path / "annotations/instances_train.json").read_text())
    assert content["categories"] == [{"id": 1, "name": "cat"}]
