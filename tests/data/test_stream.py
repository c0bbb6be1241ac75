"""What every stream inherits: the split over ranks and workers, epochs, positions; on one that is made up."""

from __future__ import annotations

import pickle
from typing import Any

import cv2
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

import sos_online as sos
from sos_online.data.shard import Rounds
from sos_online.data.stream import SampleStream, require
from tests.data.compare import digests, image_ids
from tests.data.streams import NumberedStream


def ids_of(stream: SampleStream) -> list[int]:
    return [target["image_id"] for _, target in stream]


@given(length=st.integers(1, 40), block=st.integers(1, 7), world=st.integers(1, 4))
@settings(max_examples=40)
def test_ranks_together_serve_an_epoch_and_say_how_much_of_it(length: int, block: int, world: int) -> None:
    ranks = [NumberedStream(length, block_size=block, ranks=sos.Ranks(rank, world)) for rank in range(world)]
    served = [ids_of(stream) for stream in ranks]
    assert [len(ids) for ids in served] == [len(stream) for stream in ranks]
    together = [index for ids in served for index in ids]
    assert set(together) == set(range(length))
    assert len(together) - length < world


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_batches_do_not_depend_on_the_workers(workers: int) -> None:
    expected = digests(sos.make_loader(NumberedStream(23), 4))
    assert digests(sos.make_loader(NumberedStream(23), 4, num_workers=workers)) == expected
    own = DataLoader(NumberedStream(23, block_size=4), 4, num_workers=workers, collate_fn=sos.collate)
    assert [target["image_id"] for batch in own for target in batch.targets()] == list(range(23))


def test_a_stream_needs_no_recipe_to_be_loaded() -> None:
    stream = NumberedStream(10)
    assert stream.device_recipe is None and stream.same_size_for is None
    images, targets = next(iter(sos.make_loader(stream, 4, dtype=torch.uint8, masks=True)))
    for index, target in enumerate(targets):
        assert torch.equal(images[index], stream.sample(index)[0])
        assert target["masks"].shape == (index % 3, 8, 8)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_position_is_one_integer_whatever_the_workers(workers: int) -> None:
    loader = sos.make_loader(NumberedStream(40), 4, num_workers=workers)
    batches = iter(loader)
    next(batches), next(batches)
    state = loader.state_dict()
    assert state == {"epoch": 0, "position": 8, **NumberedStream(40).identity()}
    resumed = sos.make_loader(NumberedStream(40), 5, num_workers=2 - workers)
    resumed.load_state_dict(state)
    assert [index for ids in image_ids(resumed) for index in ids] == list(range(8, 40))
    with pytest.raises(sos.StreamError, match="state: length: expected 41"):
        sos.make_loader(NumberedStream(41), 4).load_state_dict(state)


def test_an_epoch_is_set_for_the_next_pass_and_counted() -> None:
    stream = NumberedStream(3)
    assert (stream.epoch, stream.times_set) == (0, 0)
    stream.set_epoch(7)
    stream.set_epoch(7)
    assert (stream.epoch, stream.times_set) == (7, 2)
    assert {int(image[1, 0, 0]) for image, _ in stream} == {7}
    assert int(stream.sample(1, epoch=2)[0][1, 0, 0]) == 2
    stream.set_epoch(0)
    assert stream.epoch == 0


@pytest.mark.parametrize("epoch", [-1, 2**63])
def test_an_epoch_out_of_range_is_refused(epoch: int) -> None:
    with pytest.raises(sos.StreamError, match=f"epoch: expected .*, found {epoch}"):
        NumberedStream(3).set_epoch(epoch)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"length": 0}, "length"),
        ({"length": 2.0}, "length"),
        ({"length": 3, "block_size": 0}, "block_size"),
        ({"length": 3, "block_size": "4"}, "block_size"),
    ],
)
def test_arguments_out_of_range_are_named(options: dict[str, Any], name: str) -> None:
    with pytest.raises(sos.StreamError, match=f"{name}: expected an integer from 1 on, found {options[name]!r}"):
        NumberedStream(**options)


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_out_of_range_is_refused(index: int) -> None:
    with pytest.raises(sos.StreamError, match=f"index {index} is not in an epoch of 3"):
        NumberedStream(3).sample(index)


def test_a_copy_in_another_process_knows_the_ranks_that_were_seen_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    copied = pickle.dumps(NumberedStream(8))  # the interpreter's own, as a spawned worker does it
    monkeypatch.delenv("RANK")
    monkeypatch.delenv("WORLD_SIZE")
    assert ids_of(pickle.loads(copied)) == [1, 3, 5, 7]


def test_a_pass_serves_what_is_left_of_an_epoch() -> None:
    served = NumberedStream(10).serve(4, Rounds(10, 2, start=6), rank=0)
    assert [(target["image_id"], int(image[1, 0, 0])) for image, target in served] == [(i, 4) for i in range(6, 10)]


def test_making_a_stream_switches_the_threads_of_opencv_off() -> None:
    cv2.setNumThreads(2)
    NumberedStream(1)
    assert cv2.getNumThreads() <= 1


def test_require_says_what_was_expected_and_found() -> None:
    require("sides", 3, True, "three")
    with pytest.raises(sos.StreamError, match=r"^sides: expected three, found 4$"):
        require("sides", 4, False, "three")


def test_a_stream_that_does_not_say_what_it_is_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract"):
        SampleStream(3)  # type: ignore[abstract]
