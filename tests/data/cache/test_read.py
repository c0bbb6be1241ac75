"""Reading a cache: the samples that were stored, each once, on any ranks and workers; broken ones by policy."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

import sos_online as sos
from sos_online.data.cache import CacheSettings, write_cache
from sos_online.data.cache.read import CachedDataset
from sos_online.data.lit_collate import LitCollate
from sos_online.errors import BrokenSampleError, CacheError
from tests.data.cache.made_up import small_cache, small_stream
from tests.data.compare import digest, digests, image_ids
from tests.data.streams import NumberedStream

SAMPLES = 23


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five shards of 5, 5, 5, 5 and 3 samples."""
    return small_cache(NumberedStream(SAMPLES), tmp_path_factory.mktemp("cache") / "five", samples=SAMPLES, each=5)


@pytest.fixture
def own_cache(cache: Path, tmp_path: Path) -> Path:
    """One that a test may break."""
    return Path(shutil.copytree(cache, tmp_path / "own"))


def ids_of(samples: Any) -> list[int]:
    return [target["image_id"] for _, target in samples]


def test_samples_come_back_as_they_were_stored(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    stream = small_stream(library, length=6)
    cached = CachedDataset.open(small_cache(stream, tmp_path / "lit", samples=8, each=3), shuffle=False)
    assert len(cached) == 8 and cached.device_recipe is None
    assert list(cached.category_names) == list(stream.category_names)
    stage = sos.DeviceStage(dtype=torch.uint8)
    for position, (image, target) in enumerate(cached):
        expected, expected_target = stream.sample(position % 6, epoch=position // 6)
        lit, _ = stage(LitCollate()([(expected, expected_target)]))
        assert torch.equal(image, lit[0])
        assert digest(target) == digest({key: value for key, value in expected_target.items() if key != "light"})


def test_an_epoch_has_every_sample_once_in_an_order_of_its_own(cache: Path) -> None:
    cached = CachedDataset.open(cache, seed=3, group=2)
    orders = []
    for epoch in range(3):
        cached.set_epoch(epoch)
        orders.append(ids_of(cached))
        assert sorted(orders[-1]) == list(range(SAMPLES))
    assert len({tuple(order) for order in orders}) == 3
    cached.set_epoch(1)
    assert ids_of(cached) == orders[1] == ids_of([cached.sample(index, epoch=1) for index in range(SAMPLES)])
    assert ids_of(CachedDataset.open(cache, seed=4, group=2)) != orders[0]
    assert ids_of(CachedDataset.open(cache, shuffle=False)) == list(range(SAMPLES))


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_ranks_and_workers_together_serve_every_sample_once(cache: Path, world: int, workers: int) -> None:
    served = []
    for rank in range(world):
        loader = sos.make_loader(CachedDataset.open(cache), 2, num_workers=workers, ranks=sos.Ranks(rank, world))
        served += [index for ids in image_ids(loader) for index in ids]
    assert set(served) == set(range(SAMPLES))
    assert len(served) - SAMPLES < world


@pytest.mark.parametrize("workers", [0, 3])
def test_a_cache_of_one_shard_keeps_several_workers_and_ranks_busy(tmp_path: Path, workers: int) -> None:
    one = small_cache(NumberedStream(12), tmp_path / "one", samples=12, each=100)
    parts = []
    for rank in range(2):
        loader = sos.make_loader(CachedDataset.open(one), 2, num_workers=workers, ranks=sos.Ranks(rank, 2))
        parts.append([index for ids in image_ids(loader) for index in ids])
    assert [len(part) for part in parts] == [6, 6]
    assert sorted(parts[0] + parts[1]) == list(range(12))


@pytest.mark.parametrize("workers_after", [0, 1, 3])
@pytest.mark.parametrize("done", [1, 5])
def test_a_resume_in_the_middle_of_an_epoch_goes_on_exactly(cache: Path, workers_after: int, done: int) -> None:
    expected = digests(sos.make_loader(CachedDataset.open(cache), 3))
    loader = sos.make_loader(CachedDataset.open(cache), 3, num_workers=2)
    begun = digests(islice(iter(loader), done))
    state = loader.state_dict()
    assert state["position"] == 3 * done
    resumed = sos.make_loader(CachedDataset.open(cache), 3, num_workers=workers_after)
    resumed.load_state_dict(state)
    assert begun + digests(resumed) == expected


@pytest.mark.parametrize("change", [{"seed": 1}, {"shuffle": False}, {"group": 3}])
def test_a_state_of_another_order_is_refused(cache: Path, change: dict[str, Any]) -> None:
    state = sos.make_loader(CachedDataset.open(cache), 3).state_dict()
    with pytest.raises(sos.StreamError, match=f"state: {next(iter(change))}: expected"):
        sos.make_loader(CachedDataset.open(cache, **change), 3).load_state_dict(state)


def test_a_state_of_another_cache_is_refused(cache: Path, tmp_path: Path) -> None:
    other = small_cache(NumberedStream(SAMPLES, side=9), tmp_path / "other", samples=SAMPLES, each=5)
    state = sos.make_loader(CachedDataset.open(cache), 3).state_dict()
    with pytest.raises(sos.StreamError, match="state: cache: expected"):
        sos.make_loader(CachedDataset.open(other), 3).load_state_dict(state)


@pytest.mark.parametrize("workers", [0, 2])
def test_under_a_stateful_loader_of_torchdata(cache: Path, workers: int) -> None:
    def loader() -> Any:
        dataset = CachedDataset.open(cache, block_size=3)
        return StatefulDataLoader(dataset, batch_size=3, num_workers=workers, collate_fn=sos.collate)

    def ids(batches: Any) -> list[list[int]]:
        return [[target["image_id"] for target in batch.targets()] for batch in batches]

    expected = ids(loader())
    assert sorted(index for batch in expected for index in batch) == list(range(SAMPLES))
    first = loader()
    begun = ids(islice(first, 4))
    resumed = loader()
    resumed.load_state_dict(first.state_dict())
    assert begun + ids(resumed) == expected


def read_as_rank(where: Path, rank: int, epochs: int, found: Any) -> None:
    cached = CachedDataset.open(where, ranks=sos.Ranks(rank, 2))
    for epoch in range(epochs):
        cached.set_epoch(epoch)
        found.put((epoch, [target["image_id"] for _, target in cached]))


def test_two_processes_read_each_sample_once_an_epoch(tmp_path: Path) -> None:
    cache = small_cache(NumberedStream(24), tmp_path / "cache", samples=24, each=7)
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    readers = [context.Process(target=read_as_rank, args=(cache, rank, 3, found)) for rank in range(2)]
    for reader in readers:
        reader.start()
    parts = [found.get(timeout=120) for _ in range(6)]
    for reader in readers:
        reader.join()
    for epoch in range(3):
        assert sorted(index for number, ids in parts if number == epoch for index in ids) == list(range(24))


def test_pictures_of_several_sizes_come_as_a_list(tmp_path: Path) -> None:
    class TwoSizes(NumberedStream):
        def sample(self, index: int, epoch: int | None = None) -> Any:
            return NumberedStream(100, side=8 + index % 2).sample(index, epoch)

    cache = small_cache(TwoSizes(6), tmp_path / "sizes", samples=6, each=5)
    images, targets = next(iter(sos.make_loader(CachedDataset.open(cache, shuffle=False), 6, dtype=torch.uint8)))
    assert isinstance(images, list)
    assert [tuple(image.shape[1:]) for image in images] == [(8, 8), (9, 9)] * 3
    assert [target["image_id"] for target in targets] == list(range(6))


def test_it_crosses_processes(cache: Path) -> None:
    cached = CachedDataset.open(cache)
    cached.sample(3)
    copy = pickle.loads(pickle.dumps(cached))  # the interpreter's own, as a spawned worker does it
    assert digest(copy.sample(5)) == digest(cached.sample(5))
    own = DataLoader(
        CachedDataset.open(cache, block_size=4),
        4,
        num_workers=1,
        collate_fn=sos.collate,
        multiprocessing_context="spawn",
    )
    assert sorted(target["image_id"] for batch in own for target in batch.targets()) == list(range(SAMPLES))


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def copy_card(root: Path) -> None:
    shutil.copy(root / "000002.json", root / "000001.json")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


# the second shard, samples 5 … 9: what is done to it, how many of its samples that breaks, and what is said
BREAKS: list[tuple[str, Callable[[Path], None], int, str]] = [
    ("a flipped byte", lambda root: flip(root / "000001.tar", 600), 1, r"sample 0000-000000005: .*checksum"),
    ("a tar that is cut off", lambda root: cut(root / "000001.tar"), 3, r"000001\.tar: sample .* cut off"),
    ("a tar that is gone", lambda root: (root / "000001.tar").unlink(), 5, r"000001\.tar: sample .* no such file"),
    ("a card that is gone", lambda root: (root / "000001.json").unlink(), 5, r"000001\.json: .* no such file"),
    ("a card that is cut off", lambda root: cut(root / "000001.json"), 5, r"000001\.json"),
    ("a flipped byte of a card", lambda root: flip(root / "000001.json", 90), 5, r"000001\.json"),
    ("the card of another shard", copy_card, 5, r"1\.json: s"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "damage", "broken", "message"), BREAKS, ids=[case[0] for case in BREAKS])
def test_what_is_broken_is_named_or_replaced(
    own_cache: Path, name: str, damage: Callable[[Path], None], broken: int, message: str
) -> None:
    expected = {target["image_id"]: digest([image, target]) for image, target in CachedDataset.open(own_cache)}
    damage(own_cache)
    with pytest.raises(BrokenSampleError, match=message):
        list(CachedDataset.open(own_cache))

    replaced = CachedDataset.open(own_cache, on_error="replace")
    served = list(replaced)
    assert len(served) == SAMPLES
    assert abs(replaced.failures.samples - broken) <= (1 if "cut off" in name and broken < 5 else 0)
    for image, target in served:
        assert digest([image, target]) == expected[target["image_id"]]
    assert len(set(ids_of(served))) == SAMPLES - replaced.failures.samples

    with pytest.warns(RuntimeWarning, match=message):
        warned = list(CachedDataset.open(own_cache, on_error="warn"))
    assert digests(warned) == digests(served)


def test_the_next_good_sample_of_the_order_is_served(own_cache: Path) -> None:
    (own_cache / "000001.tar").unlink()
    assert ids_of(CachedDataset.open(own_cache, shuffle=False, on_error="replace"))[4:11] == [4, *[10] * 5, 10]


def test_broken_samples_are_counted_over_workers_and_are_the_same_everywhere(own_cache: Path) -> None:
    (own_cache / "000003.tar").unlink()
    expected = digests(sos.make_loader(CachedDataset.open(own_cache, on_error="replace"), 3))
    loader = sos.make_loader(CachedDataset.open(own_cache, on_error="replace"), 3, num_workers=2)
    assert digests(loader) == expected
    assert loader.dataset.failures.samples == 5


def test_a_cache_of_nothing_but_broken_samples_ends(own_cache: Path) -> None:
    for tar in own_cache.glob("*.tar"):
        tar.unlink()
    with pytest.raises(BrokenSampleError, match=r"no such file \(and so are all"):
        CachedDataset.open(own_cache, on_error="replace").sample(0)


@pytest.mark.parametrize(("argument", "value"), [("seed", -1), ("on_error", "ignore"), ("group", 0), ("block_size", 0)])
def test_arguments_out_of_range_are_named(cache: Path, argument: str, value: Any) -> None:
    with pytest.raises(sos.StreamError, match=f"{argument}: expected .*, found {value!r}"):
        CachedDataset.open(cache, **{argument: value})


def test_what_is_no_cache_or_not_whole_is_refused(own_cache: Path, tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="not a cache"):
        CachedDataset.open(tmp_path / "nothing")
    half = tmp_path / "half"
    stream = NumberedStream(SAMPLES)
    settings = CacheSettings.parse(image_format="png", samples_per_shard=5)
    write_cache(stream, half, samples=SAMPLES, settings=settings, rank=0, world=2)
    with pytest.raises(CacheError, match=r"half.*is not complete: 3 shards are there"):
        CachedDataset.open(half)
    write_cache(stream, half, samples=SAMPLES, settings=settings, rank=1, world=2)
    assert digests(CachedDataset.open(half)) == digests(CachedDataset.open(own_cache))
