"""Words that come with a sample, and what becomes of them: in caches, in mixtures, under damage, with rows that go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.transforms import v2

import sos_online as sos
from sos_online.data.cache import CachedDataset, CacheSettings, write_cache
from sos_online.data.copy_paste import CopyPaste
from sos_online.data.map_stream import MapStream
from sos_online.data.real.coco import CocoDataset
from sos_online.errors import BrokenSegmentError
from sos_online.targets import expand_masks, keep_rows
from sos_online.types import Expression, Words
from tests.data.speaking_streams import LENGTH, check, said_by, said_in, speaking

FLIP = v2.RandomHorizontalFlip(p=1)


@pytest.fixture(scope="module")
def demo() -> sos.SegmentLibrary:
    return sos.SegmentLibrary.demo()


@pytest.fixture(scope="module")
def expected(demo: sos.SegmentLibrary) -> list[list[Expression]]:
    """What the stream says in an epoch."""
    return said_by(speaking(demo))


# damage


class DamagedWords:
    """A library some of whose words cannot be read."""

    def __init__(self, library: sos.SegmentLibrary, is_damaged: Callable[[int], bool]) -> None:
        self._library = library
        self._is_damaged = is_damaged

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def __len__(self) -> int:
        return len(self._library)

    def words(self, segment: int) -> Words:
        if self._is_damaged(segment):
            raise BrokenSegmentError(f"words of segment {segment}")
        return self._library.words(segment)


def half(segment: int) -> bool:
    return segment % 2 == 0


def test_damaged_words_stop_the_stream(demo: sos.SegmentLibrary) -> None:
    dataset = speaking(DamagedWords(demo, half))  # type: ignore[arg-type]
    with pytest.raises(BrokenSegmentError, match="words of segment"):
        list(dataset)
    assert dataset.failures.segments == 1


def test_damaged_words_are_done_without(demo: sos.SegmentLibrary) -> None:
    def stream() -> sos.SOSDataset:
        return speaking(DamagedWords(demo, half), on_error="warn")  # type: ignore[arg-type]

    dataset = stream()
    with pytest.warns(RuntimeWarning, match="left out: words of segment"):
        samples = list(dataset)
    assert dataset.failures.segments > 0
    for (image, target), (intact, _) in zip(samples, speaking(demo), strict=True):
        assert torch.equal(image, intact)  # the object itself is there
        check(target["expressions"], target)
    with pytest.warns(RuntimeWarning):
        assert stream().sample(7)[1]["expressions"] == samples[7][1]["expressions"]  # whatever came before


def test_damaged_words_may_replace_the_sample(demo: sos.SegmentLibrary) -> None:
    few = speaking(DamagedWords(demo, lambda segment: segment % 40 == 0), on_error="replace")  # type: ignore[arg-type]
    for _, target in few:
        assert not any(segment % 40 == 0 for segment in target["segment_ids"].tolist())
    every = speaking(DamagedWords(demo, lambda _: True), on_error="replace")  # type: ignore[arg-type]
    with pytest.raises(sos.StreamError, match="plans in a row"):
        every.sample(0)


# caches


@pytest.fixture(scope="module")
def cache(demo: sos.SegmentLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("speaking") / "cache"
    write_cache(
        speaking(demo), where, samples=LENGTH, settings=CacheSettings.parse(image_format="png", samples_per_shard=4)
    )
    return where


def cached(where: Path, **options: Any) -> Iterator[Any]:
    return iter(CachedDataset.open(where, shuffle=False, **options))


def test_a_cache_keeps_them_exactly(cache: Path, expected: list[list[Expression]]) -> None:
    samples = list(cached(cache))
    assert said_by(samples) == expected
    for _, target in samples:
        check(target["expressions"], target)
    loader = sos.make_loader(CachedDataset.open(cache, shuffle=False), 4, num_workers=1)
    assert said_in(loader) == expected


@pytest.mark.parametrize(
    "transforms",
    [lambda *sample: sample, v2.ColorJitter(0.2), v2.GaussianBlur(3), v2.RandomHorizontalFlip(p=0)],
    ids=["identity", "colour", "blur", "no flip"],
)
def test_transforms_that_move_nothing_leave_them(
    cache: Path, expected: list[list[Expression]], transforms: Any
) -> None:
    assert said_by(cached(cache, transforms=transforms)) == expected


@pytest.mark.parametrize(
    "transforms", [FLIP, v2.RandomCrop(150), v2.Resize((100, 120))], ids=["flip", "crop", "resize"]
)
def test_transforms_that_move_things_drop_them(cache: Path, transforms: Any) -> None:
    assert said_by(cached(cache, transforms=transforms)) == [[]] * LENGTH


# mixing, pasting, choosing rows


def test_mixed_with_photos(demo: sos.SegmentLibrary, real_data: Path) -> None:
    coco = CocoDataset(real_data / "coco/val", real_data / "coco/instances_val.json")
    mixed = sos.mix([speaking(demo), coco], weights=[0.5, 0.5])
    sources = set()
    for index in range(12):
        _, target = mixed.sample(index)
        sources.add(target["source"])
        assert ("expressions" in target) == (target["source"] == 0)
    assert sources == {0, 1}
    for _, targets in islice(sos.make_loader(mixed, 4), 3):
        for target in targets:
            assert ("expressions" in target) == (target["source"] == 0)
            check(target.get("expressions", []), target)


def test_what_is_said_of_a_picture_is_dropped_when_objects_are_pasted(demo: sos.SegmentLibrary) -> None:
    pasted = CopyPaste(MapStream(SpeakingPhotos(demo), shuffle=False), demo, sos.Recipe().replace(light=None))
    _, target = pasted.sample(0)
    assert "expressions" not in target


class SpeakingPhotos(torch.utils.data.Dataset[Any]):
    """Samples of a stream as if they were annotated photos."""

    def __init__(self, library: sos.SegmentLibrary) -> None:
        self._stream = speaking(library)
        self.category_names = list(library.category_names)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        image, target = self._stream.sample(index)
        assert target["expressions"]
        return image, {**target, "masks": expand_masks(target["instance_map"], len(target["labels"]))}


def test_choosing_rows_keeps_what_is_said_of_them(demo: sos.SegmentLibrary) -> None:
    _, target = speaking(demo).sample(0)
    count = len(target["labels"])
    for rows in ([], [0], list(range(1, count)), list(range(count)), list(range(count))[::-1]):
        kept = keep_rows(target, rows)
        wanted = [
            {**expression, "rows": sorted(rows.index(row) for row in expression["rows"])}
            for expression in target["expressions"]
            if set(expression["rows"]) <= set(rows)
        ]
        assert kept["expressions"] == wanted
    assert keep_rows(target, [0])["expressions"] != []
