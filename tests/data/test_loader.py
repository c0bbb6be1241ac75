"""The loader: the same batches everywhere, and exact positions."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision.transforms import v2

import sos_online as sos
from tests.conftest import small_recipe
from tests.data.compare import digest, digests, image_ids

LENGTH = 50


def dataset_of(library: sos.SegmentLibrary, **options: Any) -> sos.SOSDataset:
    return sos.SOSDataset(library, small_recipe(64), **{"length": LENGTH, **options})


def loader_of(library: sos.SegmentLibrary, workers: int = 0, **options: Any) -> sos.SOSLoader:
    return sos.make_loader(dataset_of(library), options.pop("batch_size", 4), num_workers=workers, **options)


def epoch_of(library: sos.SegmentLibrary, epoch: int) -> sos.SOSLoader:
    loader = loader_of(library)
    loader.set_epoch(epoch)
    return loader


@pytest.fixture(scope="module")
def expected(library: sos.SegmentLibrary) -> list[str]:
    """Two epochs of batches, made in this process."""
    loader = loader_of(library, masks=True)
    return digests(loader) + digests(loader)


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("persistent", [True, False])
def test_batches_are_the_same_for_any_number_of_workers(
    library: sos.SegmentLibrary, expected: list[str], workers: int, persistent: bool
) -> None:
    loader = loader_of(library, workers, masks=True, persistent_workers=persistent)
    assert digests(loader) + digests(loader) == expected


def test_spawned_workers_agree_with_forked_ones(library: sos.SegmentLibrary, expected: list[str]) -> None:
    loader = loader_of(library, 2, masks=True, multiprocessing_context="spawn")
    assert digests(loader) == expected[: len(loader)]


def test_batches_are_the_samples(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library)
    for number, (images, targets) in enumerate(sos.make_loader(dataset, 4, dtype=torch.uint8)):
        for offset, target in enumerate(targets):
            image, expected = dataset.sample(4 * number + offset)
            assert torch.equal(images[offset], image)
            assert digest(target) == digest(expected)


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("workers", [0, 2])
def test_ranks_together_serve_the_same_set(library: sos.SegmentLibrary, world: int, workers: int) -> None:
    alone = {digest(sample) for sample in dataset_of(library)}
    together: list[str] = []
    counts = set()
    for rank in range(world):
        loader = loader_of(library, workers, ranks=sos.Ranks(rank, world), dtype=torch.uint8)
        batches = list(loader)
        counts.add((len(batches), len(loader)))
        together += [digest(pair) for images, targets in batches for pair in zip(images, targets, strict=True)]
    # a torchvision Image and a plain tensor of a batch hash alike: dtype, shape, bytes
    assert set(together) == alone
    assert len(together) - LENGTH < world
    assert len(counts) == 1 and len({pair[0] == pair[1] for pair in counts}) == 1


def test_drop_last_leaves_the_short_batch_out(library: sos.SegmentLibrary) -> None:
    assert [len(ids) for ids in image_ids(loader_of(library))] == [4] * 12 + [2]
    assert [len(ids) for ids in image_ids(loader_of(library, drop_last=True))] == [4] * 12


@pytest.mark.parametrize("workers_after", [0, 1, 3])
@pytest.mark.parametrize("done", [0, 5, 12])
def test_a_resume_in_the_middle_of_an_epoch_goes_on_exactly(
    library: sos.SegmentLibrary, expected: list[str], workers_after: int, done: int
) -> None:
    loader = loader_of(library, 2, masks=True)
    begun = digests(islice(iter(loader), done))
    state = loader.state_dict()
    resumed = loader_of(library, workers_after, masks=True)
    resumed.load_state_dict(state)
    assert begun + digests(resumed) + digests(resumed) == expected


def test_a_resume_on_another_number_of_ranks_serves_what_is_left(library: sos.SegmentLibrary) -> None:
    before: list[int] = []
    for rank in range(2):
        loader = loader_of(library, ranks=sos.Ranks(rank, 2))
        before += [index for ids in islice(image_ids(loader), 3) for index in ids]
    loader = loader_of(library, ranks=sos.Ranks(0, 2))
    for _ in islice(loader, 3):
        pass
    state = loader.state_dict()
    assert state["position"] == 24 and sorted(before) == list(range(24))
    after: list[int] = []
    for rank in range(3):
        resumed = loader_of(library, ranks=sos.Ranks(rank, 3), batch_size=5)
        resumed.load_state_dict(state)
        after += [index for ids in image_ids(resumed) for index in ids]
    assert set(after) == set(range(24, LENGTH)) | {0} - ({0} - set(after))
    assert len(after) - (LENGTH - 24) < 3


@pytest.mark.parametrize("workers", [0, 2])
def test_every_loop_is_a_whole_epoch_of_its_own(library: sos.SegmentLibrary, workers: int) -> None:
    dataset = dataset_of(library)
    loader = sos.make_loader(dataset, 4, num_workers=workers, dtype=torch.uint8)
    next(iter(loader))  # a look at the first batch
    assert [sum(1 for _ in islice(loader, len(loader))) for _ in range(3)] == [len(loader)] * 3  # never exhausted
    assert loader.epoch == 4
    for number, (images, _) in enumerate(loader):
        assert torch.equal(images[0], dataset.sample(4 * number, epoch=4)[0])
        if number == 2:
            break
    assert loader.state_dict()["epoch"] == 4 and loader.state_dict()["position"] == 12
    assert torch.equal(next(iter(loader))[0][0], dataset.sample(0, epoch=5)[0])


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("where", ["loader", "dataset"])
def test_set_epoch_reaches_workers_that_are_kept(library: sos.SegmentLibrary, workers: int, where: str) -> None:
    dataset = dataset_of(library)
    loader = sos.make_loader(dataset, 4, num_workers=workers, dtype=torch.uint8)
    list(loader)
    (loader if where == "loader" else dataset).set_epoch(7)
    assert loader.state_dict()["epoch"] == 7
    images, _ = next(iter(loader))
    assert torch.equal(images[0], dataset.sample(0, epoch=7)[0])


def test_set_epoch_to_the_running_one_does_not_undo_a_resume(library: sos.SegmentLibrary) -> None:
    loader = loader_of(library)
    loader.set_epoch(3)
    for _ in islice(loader, 2):
        pass
    resumed = loader_of(library)
    resumed.load_state_dict(loader.state_dict())
    resumed.dataset.set_epoch(3)  # as a training loop does at the head of every epoch
    assert image_ids(resumed)[0] == [8, 9, 10, 11]


def test_the_epoch_that_was_set_last_is_served(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library)
    loader = sos.make_loader(dataset, 4)
    list(loader)
    dataset.set_epoch(0)
    assert loader.epoch == 0, "back to the one before"
    dataset.set_epoch(3)
    loader.set_epoch(5)
    assert loader.state_dict()["epoch"] == 5
    state = {**loader.state_dict(), "epoch": 2, "position": 8}
    dataset.set_epoch(3)
    loader.load_state_dict(state)
    assert (loader.state_dict()["epoch"], loader.state_dict()["position"]) == (2, 8)


def test_an_epoch_set_inside_a_loop_counts_from_the_next_loop_on(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library)
    loader = sos.make_loader(dataset, 4, dtype=torch.uint8)
    for number, (images, _) in enumerate(loader):
        dataset.set_epoch(6)
        assert torch.equal(images[0], dataset.sample(4 * number, epoch=0)[0])
        assert loader.state_dict()["epoch"] == 0
        if number == 1:
            break
    assert loader.state_dict()["epoch"] == 6 and loader.state_dict()["position"] == 0


def test_a_new_loop_ends_the_one_before(library: sos.SegmentLibrary) -> None:
    loader = loader_of(library)
    first = iter(loader)
    next(first)
    second = iter(loader)
    assert torch.equal(next(second)[0], next(iter(epoch_of(library, 1)))[0])
    with pytest.raises(sos.StreamError, match="this loop has ended"):
        next(first)


def test_a_loader_leaves_the_global_generator_alone(library: sos.SegmentLibrary) -> None:
    before = torch.random.get_rng_state()
    list(loader_of(library, 1))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_spawned_workers_of_a_loader_of_ones_own_know_their_rank(library: sos.SegmentLibrary) -> None:
    store = torch.distributed.HashStore()
    torch.distributed.init_process_group("fake", store=store, rank=1, world_size=2)
    try:
        dataset = dataset_of(library, length=16, block_size=4)
        own = DataLoader(dataset, 4, num_workers=1, collate_fn=sos.collate, multiprocessing_context="spawn")
        served = [target["image_id"] for batch in own for target in batch.targets()]
    finally:
        torch.distributed.destroy_process_group()
    assert served == [4, 5, 6, 7, 12, 13, 14, 15]


def test_what_a_loader_gives_moves_as_one_under_transforms(library: sos.SegmentLibrary) -> None:
    images, targets = next(iter(loader_of(library, masks=True)))
    _, flipped = v2.RandomHorizontalFlip(1.0)(images[0], targets[0])
    for key in ("instance_map", "masks"):
        assert torch.equal(flipped[key], targets[0][key].flip(-1)), key


@pytest.mark.parametrize("change", [{"seed": 1}, {"length": 49}])
def test_a_state_of_another_stream_is_refused(library: sos.SegmentLibrary, change: dict[str, int]) -> None:
    state = loader_of(library).state_dict()
    other = sos.make_loader(dataset_of(library, **change), 4)
    with pytest.raises(sos.StreamError, match=f"state: {next(iter(change))}: expected"):
        other.load_state_dict(state)


def test_a_state_over_another_library_is_refused_in_words(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(library.root, tmp_path / "copy"))
    state = loader_of(sos.SegmentLibrary.open(copy)).state_dict()
    (tmp_path / "more/cat").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "more/cat/a.png"), np.full((8, 8, 4), 255, np.uint8))
    appended = sos.append_to_library(copy, [sos.CategoryFolders(tmp_path / "more")])
    with pytest.raises(sos.StreamError, match="state: library: was saved over another, or over this one before it was"):
        loader_of(appended).load_state_dict(state)
    with pytest.raises(sos.StreamError, match="state: expected what state_dict gave, found None"):
        loader_of(appended).load_state_dict(None)  # type: ignore[arg-type]


def test_a_batch_never_mixes_canvas_sizes(library: sos.SegmentLibrary) -> None:
    recipe = sos.Recipe().replace(canvas={"sizes": [[40, 60], [60, 40]], "same_for": 6})
    dataset = sos.SOSDataset(library, recipe, length=24)
    state = {**sos.make_loader(dataset, 2).state_dict(), "position": 2}
    with pytest.raises(sos.StreamError, match="position: expected a multiple of the batch size 3"):
        sos.make_loader(dataset, 3).load_state_dict(state)
    with pytest.raises(sos.StreamError, match="length: expected a multiple of batch size x ranks, 3 x 3"):
        sos.make_loader(dataset, 3, ranks=sos.Ranks(0, 3))
    with pytest.raises(sos.StreamError, match=r"canvas\.same_for: expected a multiple of the batch size 4"):
        sos.make_loader(dataset, 4)
    assert {tuple(images.shape[2:]) for images, _ in sos.make_loader(dataset, 3)} == {(40, 60), (60, 40)}


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [
        ("batch_size", 0, "at least 1, found 0"),
        ("dtype", torch.int32, ""),
        ("num_workers", -1, "0 or more, found -1"),
        ("prefetch_factor", 0, "at least 1, found 0"),
        ("multiprocessing_context", "bogus", "None or .*spawn.*, found 'bogus'"),
    ],
)
def test_arguments_out_of_range_are_named(library: sos.SegmentLibrary, option: str, value: Any, found: str) -> None:
    with pytest.raises(sos.StreamError, match=f"^{option}: expected {found}"):
        sos.make_loader(dataset_of(library), **{"batch_size": 4, "num_workers": 1, option: value})


def test_an_error_in_a_worker_reaches_the_loop(library: sos.SegmentLibrary) -> None:
    def fail(image: Any, target: Any) -> Any:
        raise sos.StreamError("the transform failed")

    loader = sos.make_loader(dataset_of(library, transforms=fail), 4, num_workers=2)
    with pytest.raises(sos.StreamError, match="the transform failed"):
        list(loader)
