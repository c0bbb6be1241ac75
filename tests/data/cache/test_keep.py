"""A budget for the disk: never exceeded but by what is being written; what does not fit is made anew, the same."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.data.cache import CacheSettings
from sos_online.data.cache.write_through import cached
from tests.data.cache.counted_stream import LOSSLESS, CountedStream, stored_keys
from tests.data.cache.made_up import small_stream
from tests.data.compare import digest

pytestmark = pytest.mark.usefixtures("only_what_is_served_counts")

LENGTH = 24


def size_of(root: Path) -> int:
    """Bytes of all shards and cards, and of what is being written; files may go while they are counted."""
    size = 0
    for path in root.iterdir():
        with suppress(FileNotFoundError):
            size += path.stat().st_size if path.name != "manifest.json" else 0
    return size


@pytest.fixture(scope="module")
def shard_size(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Bytes of the largest shard of four samples, and its card."""
    root = tmp_path_factory.mktemp("all")
    list(cached(CountedStream(LENGTH), root, settings=LOSSLESS))
    return max(path.stat().st_size + path.with_suffix(".json").stat().st_size for path in root.glob("*.tar"))


@pytest.mark.parametrize("shards", [0, 1, 3, 100])
def test_with_the_same_samples_every_epoch_the_first_that_fit_are_kept(
    tmp_path: Path, shard_size: int, shards: int
) -> None:
    stream = CountedStream(LENGTH)
    through = cached(stream, tmp_path, settings=LOSSLESS, keep=shards * shard_size + 10)
    fit = min(4 * shards, LENGTH)
    for epoch in range(3):
        through.set_epoch(epoch)
        for _ in through:
            assert size_of(tmp_path) <= shards * shard_size + 10 + shard_size
        assert size_of(tmp_path) <= shards * shard_size + 10
        assert sorted(stored_keys(tmp_path)) == [(0, index) for index in range(fit)]
    assert stream.made.sum() == LENGTH + 2 * (LENGTH - fit)


@pytest.mark.parametrize("workers", [0, 2])
def test_older_shards_give_way_to_those_of_later_epochs(tmp_path: Path, shard_size: int, workers: int) -> None:
    stream, keep = CountedStream(LENGTH), 4 * shard_size + 10
    through = cached(stream, tmp_path, settings=LOSSLESS, keep=keep, fresh=0.5)
    loader = sos.make_loader(through, 4, num_workers=workers)
    for epoch in range(5):
        for _ in loader:
            assert size_of(tmp_path) <= keep + max(workers, 1) * shard_size
        stored = stored_keys(tmp_path)
        assert size_of(tmp_path) <= keep
        assert len(stored) == len(set(stored)) and 12 <= len(stored) <= 16
        newest = max(key[0] for key in stored)
        assert newest == (epoch + 1) // 2, "the window reaches into that epoch of the stream"
    assert stream.made.sum() < 5 * LENGTH - 20, "something was read"


def test_what_is_served_does_not_depend_on_the_budget(tmp_path: Path, shard_size: int) -> None:
    def served(name: str, **options: Any) -> list[str]:
        through = cached(CountedStream(LENGTH), tmp_path / name, settings=LOSSLESS, fresh=0.25, **options)
        found = []
        for epoch in range(4):
            through.set_epoch(epoch)
            found += [digest(list(sample)) for sample in through]
        return found

    expected = served("all")
    assert served("some", keep=3 * shard_size) == expected
    assert served("none", keep=1) == expected


def test_a_budget_that_was_lowered_is_kept_to_from_the_next_shard_on(tmp_path: Path, shard_size: int) -> None:
    list(cached(CountedStream(LENGTH), tmp_path, settings=LOSSLESS))
    through = cached(CountedStream(LENGTH), tmp_path, settings=LOSSLESS, keep=2 * shard_size + 10, fresh=1.0)
    through.set_epoch(1)
    list(through)
    assert size_of(tmp_path) <= 2 * shard_size + 10


def test_a_loss_of_pixels_is_the_same_whether_there_was_room_or_not(
    library: sos.SegmentLibrary, tmp_path: Path
) -> None:
    settings = CacheSettings.parse(image_format="jpg", quality=60, samples_per_shard=4)
    stream = small_stream(library, length=8)
    roomy = [digest(list(sample)) for sample in cached(stream, tmp_path / "a", settings=settings)]
    tight = [digest(list(sample)) for sample in cached(stream, tmp_path / "b", settings=settings, keep=1)]
    assert tight == roomy
    assert roomy[0] != digest(list(stream.sample(0)))
