"""Real segments packed in other layouts, of which there is no real set here: each gives back what was packed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import sos_online.library.sources as sources
from sos_online.library.sources import RawSegment, Source
from tests.library.conftest import taken, write_files
from tests.library.sources.made_up import as_png, palette_png, rle, write_tar


def contents(source: Source) -> list[Any]:
    return [(item.category, item.words, item.rgba.shape, item.rgba.tobytes()) for item in taken(source)]


@pytest.fixture(scope="module")
def emoji(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty of the emoji set, linked into a folder of their own, with all its words."""
    root = tmp_path_factory.mktemp("emoji")
    for folder in sorted((real_data / "emoji3d").iterdir())[:40]:
        for file in folder.glob("*/*.png") if folder.is_dir() else [folder]:
            target = root / file.relative_to(real_data / "emoji3d")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    name = "object_segments_metadata.json"
    (root / name).write_bytes((real_data / "emoji3d" / name).read_bytes())
    return root


def packed(root: Path) -> list[tuple[RawSegment, bytes, dict[str, Any]]]:
    """Segments, their files, and their words as a record."""
    listed = []
    for item in taken(sources.SOSLayout(root)):
        words = {name: getattr(item.words, name) for name in ("description", "short_phrase", "features")}
        listed.append((item, (root / item.key).read_bytes(), {"category": item.category, **words}))
    return listed


@pytest.mark.parametrize("features", ["list", "text"])
def test_emoji_in_parquet(emoji: Path, tmp_path: Path, features: str) -> None:
    rows = packed(emoji)
    records = [
        {
            **record,
            "image_path": data,
            "features": list(record["features"]) if features == "list" else repr(list(record["features"])),
        }
        for _, data, record in rows
    ]
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "e.parquet", row_group_size=15)
    assert contents(sources.ParquetSegments(tmp_path / "e.parquet")) == contents(sources.SOSLayout(emoji))


def test_emoji_in_tars(emoji: Path, tmp_path: Path) -> None:
    rows = packed(emoji)
    for shard in range(3):
        part = enumerate(rows[shard * 15 : shard * 15 + 15])
        members = [
            (f"{number:03d}.{suffix}", content)
            for number, (_, data, record) in part
            for suffix, content in (("png", data), ("json", json.dumps(record).encode()))
        ]
        write_tar(tmp_path / f"{shard}.tar", members)
    assert contents(sources.WebDatasetTars(tmp_path)) == contents(sources.SOSLayout(emoji))


def test_emoji_in_one_folder_with_a_table(emoji: Path, tmp_path: Path) -> None:
    rows = packed(emoji)
    write_files(tmp_path / "in", {f"{number:03d}.png": data for number, (_, data, _) in enumerate(rows)})
    table = {f"{number:03d}.png": record for number, (_, _, record) in enumerate(rows)}
    (tmp_path / "t.json").write_text(json.dumps(table))
    found = contents(sources.Cutouts(tmp_path / "in", table=tmp_path / "t.json"))
    assert found == contents(sources.SOSLayout(emoji))


PHOTOS = [f"FudanPed{number:05d}" for number in range(1, 9)]


@pytest.fixture(scope="module")
def people(real_data: Path) -> tuple[list[Any], dict[str, tuple[bytes, Any]]]:
    """What the people of eight photos of Penn-Fudan look like; photo and numbers of each photo."""
    folder = real_data / "penn_fudan"
    source = sources.MaskPairs(folder / "PNGImages", folder / "PedMasks", "person", min_area=1)
    pictures = [item.rgba.tobytes() for item in taken(source) if item.key[:13] in PHOTOS]
    files = {
        name: (
            (folder / "PNGImages" / f"{name}.png").read_bytes(),
            np.asarray(Image.open(folder / "PedMasks" / f"{name}_mask.png")),
        )
        for name in PHOTOS
    }
    return pictures, files


def test_people_in_voc(people: Any, tmp_path: Path) -> None:
    pictures, files = people
    written: dict[str, bytes | Any] = {}
    for name, (photo, numbers) in files.items():
        written[f"JPEGImages/{name}.jpg"] = photo
        written[f"SegmentationObject/{name}.png"] = palette_png(numbers)
        written[f"SegmentationClass/{name}.png"] = palette_png(((numbers > 0) * 15).astype(np.uint8))
    items = taken(sources.VocSegmentation(write_files(tmp_path, written), min_area=1))
    assert [item.rgba.tobytes() for item in items] == pictures
    assert {item.category for item in items} == {"person"}


def test_people_in_sa1b(people: Any, tmp_path: Path) -> None:
    pictures, files = people
    written: dict[str, bytes | Any] = {}
    for name, (photo, numbers) in files.items():
        image = {"file_name": f"{name}.jpg", "width": numbers.shape[1], "height": numbers.shape[0]}
        objects = [{"id": int(k), "segmentation": rle(numbers == k)} for k in range(1, numbers.max() + 1)]
        written[f"{name}.json"] = json.dumps({"image": image, "annotations": objects}).encode()
        written[f"{name}.jpg"] = photo
    items = taken(sources.Sa1b(write_files(tmp_path, written), category="person", min_area=1))
    assert [item.rgba.tobytes() for item in items] == pictures


def test_people_in_masks_of_16_bits(people: Any, tmp_path: Path) -> None:
    """With numbers far apart."""
    pictures, files = people
    written: dict[str, bytes | Any] = {f"i/{name}.png": photo for name, (photo, _) in files.items()}
    written |= {f"m/{name}.png": as_png(numbers.astype(np.uint16) * 5000) for name, (_, numbers) in files.items()}
    write_files(tmp_path, written)
    items = taken(sources.MaskPairs(tmp_path / "i", tmp_path / "m", "person", min_area=1))
    assert [item.rgba.tobytes() for item in items] == pictures
