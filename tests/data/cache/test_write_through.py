"""A cache written while it is trained on: the same samples from disk or made, each written once, whatever happens."""

from __future__ import annotations

import pickle
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from torchdata.stateful_dataloader import StatefulDataLoader
from torchvision.transforms import v2

import sos_online as sos
from sos_online.data.cache import CacheFolder, CacheSettings
from sos_online.data.cache.read import CachedDataset
from sos_online.data.cache.write_through import WriteThrough, cached
from sos_online.errors import CacheError
from tests.data.cache.counted_stream import LENGTH, LOSSLESS, CountedStream, once, stored_keys
from tests.data.cache.made_up import small_stream
from tests.data.compare import digest, digests, image_ids
from tests.data.streams import NumberedStream

pytestmark = pytest.mark.usefixtures("only_what_is_served_counts")


@pytest.mark.parametrize("image_format", ["png", "jpg"])
def test_every_epoch_has_the_samples_of_the_first(
    library: sos.SegmentLibrary, tmp_path: Path, image_format: Any
) -> None:
    stream = small_stream(library, length=11)
    through = cached(stream, tmp_path, settings=CacheSettings.parse(image_format=image_format, samples_per_shard=4))
    first = list(through)
    assert [target["image_id"] for _, target in first] == list(range(11))
    expected = {target["image_id"]: digest([image, target]) for image, target in first}
    if image_format == "png":
        assert expected == {index: digest(list(stream.sample(index))) for index in range(11)}
    through.set_epoch(1)
    second = list(through)
    assert {target["image_id"]: digest([image, target]) for image, target in second} == expected
    assert [target["image_id"] for _, target in second] != list(range(11))
    assert all("light" in target for _, target in second), "it is still to come, as it was"


def test_nothing_is_made_twice(tmp_path: Path) -> None:
    stream = CountedStream()
    through = cached(stream, tmp_path, settings=LOSSLESS)
    for epoch in range(3):
        through.set_epoch(epoch)
        assert sorted(target["image_id"] for _, target in through) == list(range(LENGTH))
    assert stream.made.sum() == LENGTH
    assert sorted(stored_keys(tmp_path)) == once()


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_ranks_and_workers_together_write_every_sample_once(tmp_path: Path, world: int, workers: int) -> None:
    stream = CountedStream()
    served: list[list[int]] = [[], []]
    loaders = [
        sos.make_loader(
            cached(stream, tmp_path, settings=LOSSLESS), 2, num_workers=workers, ranks=sos.Ranks(rank, world)
        )
        for rank in range(world)
    ]
    for epoch in range(2):
        for loader in loaders:
            served[epoch] += [index for ids in image_ids(loader) for index in ids]
    for ids in served:
        assert set(ids) == set(range(LENGTH)) and len(ids) - LENGTH < world
    assert sorted(stored_keys(tmp_path)) == once()
    assert stream.made.sum() - LENGTH < world, "but for those that even out the ranks"
    names = CacheFolder(tmp_path).shard_names()
    assert len({name.split("-", 2)[2] for name in names}) == world * max(workers, 1)


@pytest.mark.parametrize("workers_after", [0, 3])
def test_a_resume_goes_on_exactly_and_writes_the_rest(tmp_path: Path, workers_after: int) -> None:
    def loader(folder: str, workers: int) -> sos.SOSLoader:
        return sos.make_loader(cached(CountedStream(), tmp_path / folder, settings=LOSSLESS), 3, num_workers=workers)

    whole = loader("whole", 0)
    expected = [digests(whole) for _ in range(3)]
    left = loader("own", 2)
    begun = digests(islice(iter(left), 4))
    state = left.state_dict()
    del left
    resumed = loader("own", workers_after)
    resumed.load_state_dict(state)
    assert begun + digests(resumed) == expected[0]
    assert [digests(resumed), digests(resumed)] == expected[1:]
    assert sorted(stored_keys(tmp_path / "own")) == once()


def test_under_a_stateful_loader_of_torchdata(tmp_path: Path) -> None:
    def loader(folder: str) -> Any:
        dataset = cached(NumberedStream(LENGTH, block_size=3), tmp_path / folder, settings=LOSSLESS)
        return StatefulDataLoader(dataset, batch_size=3, num_workers=2, collate_fn=sos.collate)

    def seen(batches: Any) -> list[str]:
        return digests([batch.images, batch.targets()] for batch in batches)

    expected = seen(loader("a"))
    first = loader("b")
    begun = seen(islice(first, 3))
    resumed = loader("b")
    resumed.load_state_dict(first.state_dict())
    assert begun + seen(resumed) == expected


def test_a_pass_that_is_left_early_is_continued_by_the_next(tmp_path: Path) -> None:
    stream = CountedStream()
    through = cached(stream, tmp_path, settings=LOSSLESS)
    for _ in islice(through, 6):
        pass
    assert sorted(stored_keys(tmp_path)) == once()[:4], "one shard was full"
    list(through)
    assert sorted(stored_keys(tmp_path)) == once()


def test_what_a_forked_worker_inherits_is_not_its_own(tmp_path: Path) -> None:
    through = cached(CountedStream(), tmp_path, settings=LOSSLESS)
    for _ in islice(through, 6):  # two samples are gathered and not committed
        pass
    list(sos.make_loader(through, 3, num_workers=2))
    list(through)
    assert set(stored_keys(tmp_path)) == set(once())
    for _, target in CachedDataset.open(tmp_path):  # every shard is sound
        assert target["image_id"] < LENGTH
    assert len(CachedDataset.open(tmp_path)) == LENGTH


@pytest.mark.parametrize("what", ["tar", "card", "both", "byte", "card byte"])
def test_what_is_missing_or_damaged_is_made_anew(tmp_path: Path, what: str) -> None:
    stream = CountedStream()
    through = cached(stream, tmp_path, settings=LOSSLESS)
    expected = {target["image_id"]: digest([image, target]) for image, target in through}
    tar = sorted(tmp_path.glob("*.tar"))[1]
    card = tar.with_suffix(".json")
    for path in {"tar": [tar], "card": [card], "both": [tar, card]}.get(what, []):
        path.unlink()
    if "byte" in what:
        path = tar if what == "byte" else card
        content = bytearray(path.read_bytes())
        content[700 if what == "byte" else 120] ^= 1
        path.write_bytes(content)
    again = cached(stream, tmp_path, settings=LOSSLESS)
    again.set_epoch(1)
    if what == "byte":
        with pytest.warns(RuntimeWarning, match=f"made anew: .*{tar.name}: sample"):
            served = list(again)
        assert again.failures.samples == 1 and stream.made.sum() == LENGTH + 1
    else:
        served = list(again)
        assert again.failures.samples == 0 and stream.made.sum() == LENGTH + 4
        assert sorted(stored_keys(tmp_path)) == once(), "and is there again"
    assert {target["image_id"]: digest([image, target]) for image, target in served} == expected


def test_a_shard_that_goes_away_under_a_reader_is_made_anew_without_a_word(tmp_path: Path) -> None:
    stream = CountedStream()
    through = cached(stream, tmp_path, settings=LOSSLESS)
    list(through)
    through.set_epoch(1)
    passing = iter(through)
    next(passing)
    for path in [*tmp_path.glob("*.tar"), *tmp_path.glob("00*.json")]:
        path.unlink()
    assert len(list(passing)) == LENGTH - 1
    assert through.failures.samples == 0


def test_a_sample_that_is_asked_for_is_not_written(tmp_path: Path) -> None:
    stream = CountedStream()
    through = cached(stream, tmp_path, settings=LOSSLESS)
    assert digest(list(through.sample(3))) == digest(list(stream.sample(3, 0)))
    assert stored_keys(tmp_path) == []
    with pytest.raises(CacheError, match="holds no sample yet"):
        CachedDataset.open(tmp_path)


@pytest.mark.parametrize("fresh", [0.0, 0.25, 1.0])
def test_a_share_of_each_epoch_is_new(tmp_path: Path, fresh: float) -> None:
    stream = CountedStream(20)
    through = cached(stream, tmp_path, settings=LOSSLESS, fresh=fresh)
    step = round(20 * fresh)
    for epoch in range(4):
        through.set_epoch(epoch)
        served = [(int(image[1, 0, 0]), target["image_id"]) for image, target in through]
        assert sorted(served) == [divmod(number, 20) for number in range(epoch * step, epoch * step + 20)]
        assert served == [through.place(index, epoch) for index in range(20)]
    assert stream.made.sum() == 20 + 3 * step
    assert stream.made.max() == 1


def test_transforms_come_after_and_are_not_stored(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    def through() -> WriteThrough:
        stream = small_stream(library, length=9)
        return cached(stream, tmp_path, settings=LOSSLESS, transforms=v2.RandomCrop(24))

    dataset = through()
    first = digests(dataset)
    assert digests(dataset) == first
    other = through()
    other.set_epoch(1)
    assert all(image.shape == (3, 24, 24) for image, _ in other)
    assert {tuple(image.shape) for image, _ in CachedDataset.open(tmp_path)} == {(3, 48, 64)}


def test_a_growing_cache_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    through = cached(NumberedStream(LENGTH), tmp_path, settings=LOSSLESS)
    for _ in islice(through, 9):
        pass
    found = CachedDataset.open(tmp_path)
    assert sorted(target["image_id"] for _, target in found) == list(range(8))


def test_samples_on_two_shards_are_read_once(tmp_path: Path) -> None:
    through = cached(NumberedStream(LENGTH), tmp_path, settings=LOSSLESS)
    list(through)
    one = sorted(tmp_path.glob("*.tar"))[1]
    for path in (one, one.with_suffix(".json")):
        path.with_name(f"copy-{path.name}").write_bytes(path.read_bytes())
    again = cached(NumberedStream(LENGTH), tmp_path, settings=LOSSLESS)
    again.set_epoch(1)
    assert sorted(target["image_id"] for _, target in again) == list(range(LENGTH))
    assert sorted(target["image_id"] for _, target in CachedDataset.open(tmp_path)) == list(range(LENGTH))


def test_it_crosses_processes(tmp_path: Path) -> None:
    through = cached(NumberedStream(LENGTH), tmp_path, settings=LOSSLESS)
    list(through)
    copy = pickle.loads(pickle.dumps(through))  # the interpreter's own, as a spawned worker does it
    assert digest(copy.sample(5, 1)) == digest(through.sample(5, 1))
    loader = sos.make_loader(
        cached(NumberedStream(LENGTH), tmp_path / "new", settings=LOSSLESS),
        4,
        num_workers=1,
        multiprocessing_context="spawn",
    )
    assert [index for ids in image_ids(loader) for index in ids] == list(range(LENGTH))
    assert sorted(stored_keys(tmp_path / "new")) == once()


def test_a_folder_of_another_stream_is_refused(tmp_path: Path) -> None:
    cached(NumberedStream(LENGTH), tmp_path, settings=LOSSLESS)
    with pytest.raises(CacheError, match=r"stream\.length: expected 24, as asked for, found 23"):
        cached(NumberedStream(LENGTH + 1), tmp_path, settings=LOSSLESS)
    with pytest.raises(CacheError, match=r"settings\.image_format"):
        cached(NumberedStream(LENGTH), tmp_path)


@pytest.mark.parametrize(("argument", "value"), [("keep", 0), ("fresh", 1.5), ("fresh", -0.1), ("seed", -1)])
def test_arguments_out_of_range_are_named(tmp_path: Path, argument: str, value: Any) -> None:
    with pytest.raises(sos.StreamError, match=f"{argument}: expected .*, found {value!r}"):
        cached(NumberedStream(LENGTH), tmp_path, **{argument: value})


def test_objects_that_are_painted_later_cannot_be_stored(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    with pytest.raises(sos.StreamError, match=r"device\.composite: false"):
        cached(small_stream(library, device={"composite": True}), tmp_path)
