"""A cache is gone on with by the stream that it was begun with, and by no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.transforms import v2
from torchvision.tv_tensors import BoundingBoxes, Image, Mask

import sos_online as sos
from sos_online.data.cache import CacheSettings, stream_identity, write_cache
from sos_online.data.cache.description import SampleDescription
from sos_online.data.copy_paste import CopyPaste
from sos_online.data.map_stream import MapStream
from sos_online.data.mixing import mix
from sos_online.data.sample_iterator import Sample
from sos_online.data.stream import SampleStream
from sos_online.errors import CacheError
from tests.conftest import small_recipe
from tests.data.cache.made_up import small_stream


class Squares:
    """Ten pictures with a square each, of a brightness; the files that are ``broken`` cannot be read."""

    category_names = ("square",)

    def __init__(self, side: int = 48, value: int = 90, broken: tuple[int, ...] = (), transforms: Any = None) -> None:
        self.side, self.value, self.broken, self.transforms = side, value, broken, transforms

    def __len__(self) -> int:
        return 10

    def __getitem__(self, item: int) -> Sample:
        if item in self.broken:
            raise OSError(f"{item}.jpg is truncated")
        size_hw = self.side, self.side
        masks = torch.zeros(1, *size_hw, dtype=torch.uint8)
        masks[0, 8:24, 4:40] = 1
        boxes = BoundingBoxes(torch.tensor([[4.0, 8, 40, 24]]), format="XYXY", canvas_size=size_hw)
        image = Image(torch.full((3, *size_hw), self.value + item, dtype=torch.uint8))
        return image, {"boxes": boxes, "labels": torch.tensor([1]), "masks": Mask(masks)}


def change_brightness(value: int) -> Callable[..., Any]:
    def change(image: Any, target: Any) -> Any:
        return Image(torch.full_like(image, value)), target

    change.__qualname__ = "change"
    return change


def wrapped(around: str, dataset: Any, library: sos.SegmentLibrary) -> SampleStream:
    stream = MapStream(dataset)
    if around == "mix":
        return mix([small_stream(library), stream], weights=[9, 1])
    if around == "paste":
        return CopyPaste(stream, library, small_recipe(objects=[1, 1]))
    if around == "nested":
        return mix([small_stream(library), CopyPaste(stream, library, small_recipe(objects=[1, 1]))], weights=[9, 1])
    return stream


def begin(stream: Any, out: Path) -> None:
    write_cache(stream, out, samples=4, settings=CacheSettings(image_format="png", samples_per_shard=2))


@pytest.mark.parametrize("around", ["alone", "mix", "paste", "nested"])
@pytest.mark.parametrize("other", [{"side": 64}, {"value": 91}])
def test_samples_that_are_made_otherwise_are_refused(
    library: sos.SegmentLibrary, tmp_path: Path, around: str, other: dict[str, Any]
) -> None:
    """Their identities are equal: datasets of one class and length."""
    begin(wrapped(around, Squares(), library), tmp_path)
    (tmp_path / "000001.tar").unlink()
    with pytest.raises(CacheError, match=r"stream\.(parts.*)?first_sample: .*: samples are made otherwise \(other"):
        begin(wrapped(around, Squares(**other), library), tmp_path)
    begin(wrapped(around, Squares(), library), tmp_path)
    assert (tmp_path / "000001.tar").exists()


@pytest.mark.parametrize("around", ["alone", "mix", "paste", "nested"])
def test_transforms_of_a_dataset_are_told_by_how_they_are_written(library: sos.SegmentLibrary, around: str) -> None:
    """Also where the first sample does not show them."""
    flips = [Squares(transforms=v2.RandomHorizontalFlip(p)) for p in (1e-9, 2e-9)]
    one, other = (stream_identity(wrapped(around, flip, library)) for flip in flips)
    assert [key.rpartition(".")[2] for key in one if one[key] != other[key]] == ["dataset_transforms"]


def test_functions_of_one_name_are_told_by_what_they_make(library: sos.SegmentLibrary) -> None:
    one, again, other = (
        stream_identity(small_stream(library, transforms=change_brightness(value))) for value in (7, 7, 8)
    )
    assert one == again != other


def test_how_a_run_is_executed_makes_no_other_stream(library: sos.SegmentLibrary) -> None:
    plain = stream_identity(small_stream(library))
    assert json.loads(json.dumps(plain)) == plain
    assert stream_identity(small_stream(library, device={"composite": True})) == plain


@pytest.mark.parametrize("broken", [(0,), tuple(range(9))])
def test_what_is_done_about_broken_samples_makes_no_other_stream(broken: tuple[int, ...]) -> None:
    streams = [MapStream(Squares(broken=broken), shuffle=False, on_error=on) for on in ("raise", "replace", "warn")]
    first, *others = map(stream_identity, streams)
    assert others == [first, first]
    assert ("none" in first["first_sample"]) == (len(broken) == 9)


def test_a_mixture_keeps_words_provenance_and_scenes(library: sos.SegmentLibrary) -> None:
    mixed = mix([small_stream(library), CopyPaste(Squares(), library, small_recipe(objects=[2, 3]))], length=12)
    describe = SampleDescription(mixed, scene=True)
    sources = set()
    for index in range(12):
        _, target = mixed.sample(index, 3)
        described = describe(target, 3, index)
        expected = [library.key(int(row)) if row >= 0 else None for row in target["segment_ids"]]
        assert described["segments"] == expected
        assert len(described["words"]) == len(expected)
        sources.add(target["source"])
        if target["source"] == 0:
            source, its_index, its_epoch = mixed.origin(index, 3)
            assert isinstance(source, sos.SOSDataset)
            assert described["scene"] == json.loads(source.scene(its_index, its_epoch).to_json())
            assert target["image_id"] == its_index
        else:
            assert "scene" not in described
    assert sources == {0, 1}


def test_what_is_no_folder_is_named() -> None:
    with pytest.raises(CacheError, match="folder: expected a path or a URL, found 5"):
        sos.CachedDataset.open(5)  # type: ignore[arg-type]
