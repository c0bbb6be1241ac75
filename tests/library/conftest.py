"""Made-up sources, whole folders compared byte by byte, and processes that may be killed."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import sos_online as sos
from sos_online.library import shard_plan
from sos_online.library.sources import CategoryFacts, LeftOut, RawSegment, Source, Unit
from sos_online.storage.sealed import seal
from sos_online.types import Pixels, Words
from tests.conftest import draw_cutouts

ENCODING = sos.Encoding(ladder=(16, 32))
SQUARE: dict[str, Any] = {"id": 7, "image_id": 1, "category_id": 3, "segmentation": [[4, 5, 24, 5, 24, 20, 4, 20]]}


def disc(width: int = 30, height: int = 20, seed: int = 0) -> Pixels:
    """RGBA: noise inside a soft ellipse that touches all four sides, green garbage outside."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] + 0.5
    inside = 1 - np.hypot((columns / width - 0.5) * 2, (rows / height - 0.5) * 2)
    alpha = np.rint(np.clip(inside * 6, 0, 1) * 255).astype(np.uint8)
    alpha[height // 2], alpha[:, width // 2] = 255, 255
    colour = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    colour[alpha == 0] = (0, 255, 0)
    return np.dstack([colour, alpha])


def reseal(root: Path, change: Mapping[str, Any]) -> None:
    """Let ``library.json`` say something else, with a checksum that fits; ``...`` drops a key."""
    content = json.loads((root / "library.json").read_bytes())
    content = {key: value for key, value in {**content, **change}.items() if value is not ... and key != "checksum"}
    (root / "library.json").unlink()  # not written over: it may be a link to another library's
    (root / "library.json").write_bytes(seal(content, indent=2))


def crop(rgba: Pixels) -> Pixels:
    """The smallest window that holds all that can be seen."""
    rows, columns = np.nonzero(rgba[..., 3])
    return rgba[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def png(rgba: Pixels) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))[1])


def write_files(root: Path, files: dict[str, bytes | Pixels]) -> Path:
    """Files by their path below ``root``; arrays are written as PNG."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else png(content))
    return root


def write_coco(root: Path, **fields: Any) -> sos.CocoInstances:
    """A 40 x 30 image with one annotation of 20 x 15 pixels; ``fields`` replace those of the JSON, None drops one."""
    content: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}],
        "annotations": [{**SQUARE, "iscrowd": 0}],
        "categories": [{"id": 3, "name": "cat"}],
        **fields,
    }
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    root.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(root / "a.png"), image)
    kept = {name: value for name, value in content.items() if value is not None}
    (root / "instances.json").write_text(json.dumps(kept), "utf-8")
    return sos.CocoInstances(root, root / "instances.json", min_area=1)


class Listed:
    """A source made of the names of categories, "" for a segment that is left out; remembers what was read."""

    def __init__(
        self,
        name: str,
        categories: Sequence[str],
        words: Sequence[Words] = (),
        facts: Mapping[str, CategoryFacts] | None = None,
    ) -> None:
        self.name = name
        self.facts = dict(facts or {})
        self.category_of = {f"{name}{position}": category for position, category in enumerate(categories)}
        self.words = dict(zip(self.category_of, words, strict=False))
        self.reads: list[str] = []

    def settings(self) -> dict[str, Any]:
        return {}

    def categories(self) -> dict[str, CategoryFacts]:
        return self.facts

    def units(self) -> Iterator[Unit]:
        for key, category in self.category_of.items():
            yield Unit(key, size=0, segments=1, payload=category)

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        self.reads.append(unit.name)
        if not unit.payload:
            return [LeftOut(unit.name, "empty")]
        return [RawSegment(unit.name, unit.payload, disc(5, 4), self.words.get(unit.name, Words()))]


def read_all(source: Source) -> list[RawSegment | LeftOut]:
    return [item for unit in source.units() for item in source.read(unit)]


def taken(source: Source) -> list[RawSegment]:
    return [item for item in read_all(source) if isinstance(item, RawSegment)]


def left_out(source: Source) -> dict[str, str]:
    """Reason by key."""
    return {item.key: item.reason for item in read_all(source) if isinstance(item, LeftOut)}


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def cutouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve segments in four category folders."""
    return draw_cutouts(tmp_path_factory.mktemp("cutouts") / "cutouts")


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five segments a shard, so that twelve need three."""
    monkeypatch.setattr(shard_plan, "SEGMENTS_PER_SHARD", 5)


TABLES = {f"tables/1/{name}.arrow" for name in ("aliases", "categories", "groups", "index", "quality", "shards")}


def build_cutouts(out: Path, cutouts: Path, workers: int = 0) -> sos.SegmentLibrary:
    return sos.build_library(out, [sos.CategoryFolders(cutouts)], name="c", encoding=ENCODING, workers=workers)


def build_in_small_shards(out: Path, cutouts: Path) -> None:
    """To be run in a process of its own."""
    shard_plan.SEGMENTS_PER_SHARD = 5
    build_cutouts(out, cutouts)


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Starts processes that have the package imported; they may die without taking the tests with them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.library.conftest"])
    return context


@pytest.fixture(scope="session")
def built(cutouts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_cutouts(tmp_path_factory.mktemp("built") / "built", cutouts).root


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """A library to be damaged."""
    return Path(shutil.copytree(built, tmp_path / "copy"))


def snapshot(library: sos.SegmentLibrary) -> dict[str, Any]:
    """All that can be asked of a library but its pixels."""
    rows = range(len(library))
    return {
        "names": library.category_names,
        "starts": library.category_starts.tolist(),
        "sources": library.source_names,
        "groups": [[part.tolist() for part in library.group_starts(n)] for n in range(library.num_sources)],
        "rows": [
            (library.category_of(row), library.source_of(row), library.size_wh(row), library.key(row)) for row in rows
        ],
        "words": [library.words(row) for row in rows],
        "levels": [list(library.level_sizes(row)) for row in rows],
    }


def all_pixels(library: sos.SegmentLibrary) -> list[bytes]:
    return [
        library.alpha(row, level).tobytes() + library.colour(row, level).tobytes()
        for row in range(len(library))
        for level in range(len(library.level_sizes(row)))
    ]
