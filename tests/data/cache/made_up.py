"""Small streams and caches, written on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torchvision.tv_tensors import BoundingBoxes, Image, Mask

import sos_online as sos
from sos_online.data.cache import CacheSettings, write_cache
from sos_online.data.stream import SampleStream
from sos_online.types import Target
from tests.conftest import small_recipe

SMALL: dict[str, Any] = {"canvas": {"sizes": [[48, 64]]}, "objects": [1, 4]}


def small_stream(library: sos.SegmentLibrary, *, length: int = 10, seed: int = 3, **changes: Any) -> sos.SOSDataset:
    """Samples of 48 x 64 pixels with photometric light."""
    options = {key: changes.pop(key) for key in ("transforms", "on_error") if key in changes}
    recipe = small_recipe(**{**SMALL, "light": {}, **changes})
    return sos.SOSDataset(library, recipe, seed=seed, length=length, **options)


def small_cache(stream: SampleStream, out: Path, *, samples: int = 10, each: int = 4, **changes: Any) -> Path:
    """Shards of four lossless samples."""
    options = {key: changes.pop(key) for key in ("workers", "runner", "rank", "world") if key in changes}
    settings = CacheSettings.parse(**{"image_format": "png", "samples_per_shard": each, **changes})
    write_cache(stream, out, samples=samples, settings=settings, **options)
    return out


def made_up_target(count: int, size_hw: tuple[int, int], seed: int = 0) -> tuple[Image, Target]:
    """Noise, and a map in which every row has pixels somewhere; all of the package's own keys."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (3, *size_hw)).astype(np.uint8)
    ids = rng.integers(0, count + 1, size_hw).astype(np.int32)
    ids.flat[:count] = np.arange(1, count + 1)
    boxes = torch.from_numpy(rng.uniform(0, 60, (count, 4)).astype(np.float32))
    target: Target = {
        "boxes": BoundingBoxes(boxes, format="XYXY", canvas_size=size_hw),
        "labels": torch.from_numpy(rng.integers(1, 4, count)),
        "instance_map": Mask(torch.from_numpy(ids)),
        "area": torch.from_numpy(np.bincount(ids.ravel(), minlength=count + 1)[1:].astype(np.int64)),
        "iscrowd": torch.from_numpy(rng.integers(0, 2, count)),
        "image_id": seed,
        "visibility": torch.from_numpy(rng.uniform(0, 1, count).astype(np.float32)),
        "amodal_boxes": BoundingBoxes(boxes + 1 / 3, format="XYXY", canvas_size=size_hw),
        "segment_ids": torch.from_numpy(rng.integers(0, 2**40, count)),
        "masks": Mask(torch.from_numpy(rng.integers(0, 2, (count, *size_hw)).astype(np.uint8))),
        "amodal_masks": Mask(torch.from_numpy(rng.integers(0, 2, (count, *size_hw)).astype(np.uint8))),
    }
    return Image(torch.from_numpy(image)), target


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
