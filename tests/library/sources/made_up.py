"""One small source of every kind, made up, with something broken in it; and what the tests of several kinds share."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from pycocotools import mask as coco_mask

import sos_online.library.sources as sources
from sos_online.library.sources import Source
from sos_online.types import Pixels
from tests.library.conftest import disc, png, write_coco, write_files

HEIGHT, WIDTH = 40, 60
BOXES = {1: (2, 3, 20, 30), 2: (25, 5, 50, 35), 3: (52, 0, 60, 8)}  # x1, y1, x2, y2; the third at the border


ORIENTATION = 0x0112
# EXIF's meaning: what has to be done with the stored pixels, as numpy says it
TURNS: dict[int, Callable[[Any], Any]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[ORIENTATION] = orientation
    return made


def pil_bytes(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def as_png(array: npt.NDArray[Any]) -> bytes:
    return pil_bytes(Image.fromarray(array), "PNG")


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header_only(width: int, height: int) -> bytes:
    """A well-formed PNG that promises more pixels than it holds."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(50))) + chunk(b"IEND", b"")


def flip_byte(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


def photo(seed: int = 0) -> Pixels:
    """RGB noise, so that a piece of it can only be from where it was cut out."""
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def numbered(numbers: Mapping[int, int] | None = None, dtype: Any = np.uint8) -> npt.NDArray[Any]:
    """A label map with the boxes, each with the number that ``numbers`` gives it."""
    labels = np.zeros((HEIGHT, WIDTH), dtype)
    for number, (x1, y1, x2, y2) in BOXES.items():
        labels[y1:y2, x1:x2] = (numbers or {}).get(number, number)
    return labels


def palette_png(labels: npt.NDArray[Any]) -> bytes:
    image = Image.fromarray(labels, "P")
    image.putpalette([value for number in range(256) for value in (number, 255 - number, number // 2)])
    return pil_bytes(image, "PNG")


def write_voc(root: Path) -> sources.VocSegmentation:
    files: dict[str, bytes | Pixels] = {}
    for name in ("a", "b"):
        files[f"JPEGImages/{name}.jpg"] = as_png(photo())  # whatever its name: the content says what it is
        files[f"SegmentationObject/{name}.png"] = palette_png(numbered({3: 255}))
        files[f"SegmentationClass/{name}.png"] = palette_png(numbered({1: 15, 2: 20, 3: 255}))
    files["SegmentationClass/b.png"] = palette_png(numbered({1: 0, 2: 21, 3: 255}))
    return sources.VocSegmentation(write_files(root, files), min_area=1)


def ade_object(number: int, name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "name_ndx": 300 + number,
        "raw_name": name.split(",")[0],
        "attributes": [],
        "occluded": [],
        "crop": "0",
        "parts": {"hasparts": [], "ispartof": [], "part_level": 0},
        "instance_mask": f"one/instance_{number:03d}_one.png",
        "polygon": {"x": [], "y": []},
        **fields,
    }


def write_ade(root: Path, objects: list[dict[str, Any]] | None = None, own_masks: bool = True) -> sources.Ade20k:
    """``deep/one``: box 1 is a cup, box 2 a table of which box 3 is a part."""
    if objects is None:
        part = {"hasparts": [], "ispartof": 2, "part_level": 1}
        objects = [ade_object(1, "cup, mug"), ade_object(2, "table"), ade_object(3, "leg", parts=part)]
    colours = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    files: dict[str, bytes | Pixels] = {"deep/one.jpg": as_png(photo())}
    for number, (x1, y1, x2, y2) in BOXES.items():
        class_number = 300 + number
        colours[y1:y2, x1:x2] = (class_number // 256 * 10 + 3, class_number % 256, 80 * number if number < 3 else 0)
        if own_masks:
            files[f"deep/one/instance_{number:03d}_one.png"] = as_png((numbered() == number) * np.uint8(255))
    files["deep/one_seg.png"] = as_png(colours)
    files["deep/one.json"] = json.dumps({"annotation": {"object": objects}}).encode()
    return sources.Ade20k(write_files(root, files), min_area=1)


def rle(mask: npt.NDArray[Any]) -> dict[str, Any]:
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


def write_sa1b(root: Path, **image: Any) -> sources.Sa1b:
    annotations = [
        {"id": 10 + number, "segmentation": rle(numbered() == number), "predicted_iou": 0.9, "stability_score": 0.97}
        for number in BOXES
    ]
    stated = {"file_name": "sa_1.jpg", "width": WIDTH, "height": HEIGHT, "image_id": 1, **image}
    content = json.dumps({"image": stated, "annotations": annotations}).encode()
    files = {"x/sa_1.json": content, "x/sa_1.jpg": as_png(photo()), "x/sa_2.json": b"{"}
    return sources.Sa1b(write_files(root, files), min_area=1)


def write_parquet(path: Path, rows: int = 5, row_group_size: int = 2, **columns: Any) -> sources.ParquetSegments:
    table: dict[str, Any] = {
        "image_path": [png(disc(seed=row)) for row in range(rows)],
        "category": ["coffee_mug"] * rows,
        "sub_category": ["red"] * rows,
        "description": ["A mug."] * rows,
        "short_phrase": [None] * rows,
        "features": ["round, red"] * rows,
        **columns,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({name: of for name, of in table.items() if of is not None}), path, row_group_size)
    return sources.ParquetSegments(path)


def write_tar(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def tar_members(samples: int = 5) -> list[tuple[str, bytes]]:
    listed = []
    for number in range(samples):
        listed += [(f"{number:03d}.png", png(disc(seed=number))), (f"{number:03d}.cls", b"mug")]
    return listed


def write_masks(root: Path) -> sources.MaskPairs:
    files: dict[str, bytes | Pixels] = {"i/a.png": as_png(photo()), "i/b.png": as_png(photo(1)), "i/lone.png": b""}
    files |= {"m/a_mask.png": as_png(numbered()), "m/b.png": as_png(numbered(dtype=np.uint16)), "m/none.png": b""}
    write_files(root, files)
    return sources.MaskPairs(root / "i", root / "m", "person", min_area=1)


def write_lvis(root: Path) -> sources.LvisInstances:
    """v1: the image has an address and no file name."""
    image = {"id": 1, "coco_url": "http://images.cocodataset.org/train2017/a.png", "width": 40, "height": 30}
    cat = {"id": 3, "name": "cat", "synset": "cat.n.01", "frequency": "f", "synonyms": ["cat", "true_cat"]}
    dog = {"id": 4, "name": "dog_(animal)", "synset": "dog.n.01", "frequency": "r", "synonyms": []}
    write_coco(root, images=[image], categories=[cat, dog])
    return sources.LvisInstances(root, root / "instances.json", min_area=1)


def _rgba_files(root: Path, *names: str) -> Path:
    files: dict[str, bytes | Pixels] = {name: disc(seed=number) for number, name in enumerate(names)}
    return write_files(root, {**files, names[0]: b"broken"})


EVERY_KIND: dict[str, Callable[[Path], Source]] = {
    "coco": write_coco,
    "lvis": write_lvis,
    "sos": lambda root: sources.SOSLayout(_rgba_files(root, "a/0/1.png", "a/0/2.png", "b/x/3.png")),
    "folders": lambda root: sources.CategoryFolders(_rgba_files(root, "a/1.png", "a/2.png", "b/3.png", "b/4.jpg")),
    "cutouts": lambda root: sources.Cutouts(_rgba_files(root, "cup-1.png", "cup-2.png", "tea_pot.png")),
    "masks": write_masks,
    "voc": write_voc,
    "ade20k": write_ade,
    "sa1b": write_sa1b,
    "parquet": lambda root: write_parquet(root / "part.parquet"),
    "tars": lambda root: sources.WebDatasetTars(write_tar(root / "shard.tar", tar_members())),
}
