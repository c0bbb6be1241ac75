"""A shard is encoded and written behind the making: what may overlap, and what may not."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.tv_tensors import Image, Mask

from sos_online.data.cache import CacheFolder, CacheSettings, ShardWriter, shard_maker
from sos_online.data.cache.codec import CheckedSample
from sos_online.data.cache.shard_maker import ShardMaker
from sos_online.data.sample_iterator import Sample
from sos_online.errors import CacheError
from tests.data.streams import NumberedStream

LOSSLESS = CacheSettings.parse(image_format="png", samples_per_shard=100)


def maker(stream: NumberedStream, folder: Path) -> ShardMaker:
    folder.mkdir()
    return ShardMaker(stream, CacheFolder(folder), LOSSLESS, stream.length, "cpu")


class Reusing(NumberedStream):
    """Gives the same tensors again and again, with other values."""

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self._image = Image(torch.zeros(3, 8, 8, dtype=torch.uint8))
        self._map = Mask(torch.zeros(8, 8, dtype=torch.int16))

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        image, target = super().sample(index, epoch)
        self._image.copy_(image)
        self._map.copy_(target["instance_map"])
        return self._image, {**target, "instance_map": self._map}


class Slow:
    """Stands in for ``ShardWriter.add``: each call waits until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.calls = 0
        self._add = ShardWriter.add

    def __call__(self, writer: ShardWriter, sample: CheckedSample) -> Mapping[str, bytes]:
        self.calls += 1
        assert self.go_on.wait(60)
        return self._add(writer, sample)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    stand_in = Slow()
    monkeypatch.setattr(ShardWriter, "add", lambda writer, sample: stand_in(writer, sample))
    return stand_in


def test_a_stream_may_write_to_its_tensors_again(tmp_path: Path, slow: Slow) -> None:
    slow.go_on.set()
    maker(NumberedStream(30), tmp_path / "new")(0)
    slow.go_on.clear()
    threading.Timer(0.2, slow.go_on.set).start()  # till then the next samples are made
    maker(Reusing(30), tmp_path / "again")(0)
    assert (tmp_path / "again/000000.tar").read_bytes() == (tmp_path / "new/000000.tar").read_bytes()


class Counting(NumberedStream):
    """Tells of each sample that it makes, and may fail at one."""

    def __init__(self, length: int, at: int, then: Any) -> None:
        super().__init__(length)
        self.made = 0
        self._at, self._then = at, then

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        if index == self._at:
            self._then()
        self.made += 1
        return super().sample(index, epoch)


def test_few_samples_wait_to_be_written(tmp_path: Path, slow: Slow) -> None:
    stream = Counting(30, -1, None)
    work = threading.Thread(target=maker(stream, tmp_path / "c"), args=(0,))
    work.start()
    work.join(1)
    assert work.is_alive() and stream.made <= shard_maker._WAITING + 1
    slow.go_on.set()
    work.join(60)
    assert stream.made == 30


def test_a_stop_waits_for_no_more_than_what_is_under_way(tmp_path: Path, slow: Slow) -> None:
    def stop() -> None:
        threading.Timer(0.2, slow.go_on.set).start()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        maker(Counting(30, 2, stop), tmp_path / "c")(0)
    assert slow.calls == 1
    assert not list((tmp_path / "c").iterdir())


def test_what_cannot_be_stored_is_said_before_more_is_made(tmp_path: Path) -> None:
    class Wrong(Counting):
        def sample(self, index: int, epoch: int | None = None) -> Sample:
            image, target = super().sample(index, epoch)
            return image, {**target, "pair": (1, 2)} if index == 4 else target

    stream = Wrong(30, -1, None)
    with pytest.raises(CacheError, match=r"00000004: target\['pair'\]: cannot be stored"):
        maker(stream, tmp_path / "c")(0)
    assert stream.made == 5
    assert not list((tmp_path / "c").iterdir())
