"""Samples as members of a shard, and back to the bit; and members that are not what they should be."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.tv_tensors import Image, Mask

import sos_online as sos
from sos_online.data.cache.codec import RECORD
from sos_online.data.cache.description import SampleDescription
from sos_online.data.cache.format import CacheSettings
from sos_online.data.cache.pictures import ids_of
from sos_online.errors import BrokenSampleError, CacheError
from sos_online.types import Scene
from tests.data.cache.made_up import made_up_target, small_stream
from tests.data.cache.members import check_same, decode, encode
from tests.data.compare import digest


@pytest.mark.parametrize("image_format", ["png", "webp-lossless"])
@pytest.mark.parametrize("changes", [{}, {"light": None, "target": {"amodal_masks": True}}], ids=["lit later", "plain"])
def test_a_streams_samples_come_back(library: sos.SegmentLibrary, image_format: Any, changes: dict[str, Any]) -> None:
    stream, how = small_stream(library, **changes), CacheSettings(image_format=image_format)
    for index in range(3):
        image, target = stream.sample(index)
        check_same(decode(encode(image, target, how), how), image, target)


@pytest.mark.parametrize("image_format", ["jpg", "webp"])
def test_a_lossy_picture_leaves_the_target_as_it_is(library: sos.SegmentLibrary, image_format: Any) -> None:
    how = CacheSettings(image_format=image_format, quality=90)
    image, target = small_stream(library, canvas={"sizes": [[160, 200]]}).sample(0)
    members = encode(image, target, how)
    stored = decode(members, how)
    assert digest(stored.target) == digest(target)
    error = (stored.image.float() - image.float()).abs().mean()
    assert 0 < error < 12
    assert len(members[how.suffix]) < len(encode(image, target)["png"])


def test_four_hundred_objects() -> None:
    image, target = made_up_target(400, (40, 50))
    members = encode(image, target)
    check_same(decode(members), image, target)
    record = json.loads(members[RECORD])
    assert len(record["target"]["labels"]) == 400


_DTYPES = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool]


_FLOATS = [torch.float16, torch.float32, torch.float64]


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    dtype = draw(st.sampled_from(_DTYPES + _FLOATS))
    bits = np.random.default_rng(draw(st.integers(0, 2**32))).integers(0, 256, int(np.prod(shape)) * dtype.itemsize)
    if dtype is torch.bool:
        bits = bits % 2
    tensor = torch.frombuffer(bytearray(bits.astype(np.uint8).tobytes()) or bytearray(8), dtype=dtype)
    tensor = tensor[: int(np.prod(shape))].reshape(shape)
    return torch.nan_to_num(tensor, nan=-0.0) if dtype.is_floating_point else tensor


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(
    count=st.integers(0, 6),
    height=st.integers(3, 20),
    width=st.integers(3, 20),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([torch.uint8, torch.int16, torch.int32, torch.int64]),
    extra=st.dictionaries(st.text(min_size=1).map("my_{}".format), tensors() | _PLAIN, max_size=3),
)
def test_any_target_comes_back(
    count: int, height: int, width: int, seed: int, dtype: torch.dtype, extra: dict[str, Any]
) -> None:
    image, target = made_up_target(count, (height, width), seed)
    target["instance_map"] = Mask(target["instance_map"].to(dtype))
    target |= extra
    check_same(decode(encode(image, target)), image, target)


def test_a_dtype_that_numpy_does_not_know() -> None:
    image, target = made_up_target(2, (8, 9))
    target["mine"] = torch.tensor([1 / 3, -0.0, 1e-38], dtype=torch.bfloat16)
    found = decode(encode(image, target)).target["mine"]
    assert found.dtype is torch.bfloat16
    assert torch.equal(found.view(torch.int16), target["mine"].view(torch.int16))


def test_only_the_keys_that_are_there() -> None:
    """As of a stream of another kind, without amodal boxes or segments."""
    image, target = made_up_target(3, (8, 9))
    for key in ("visibility", "amodal_boxes", "segment_ids", "masks", "amodal_masks"):
        del target[key]
    check_same(decode(encode(image, target)), image, target)


def test_what_stands_beside_the_target(library: sos.SegmentLibrary) -> None:
    stream = small_stream(library)
    image, target = stream.sample(7, 2)
    described = SampleDescription(stream, scene=True)(target, 2, 7)
    record = decode(encode(image, target, **described)).record
    assert record["names"] == [library.category_names[label - 1] for label in target["labels"]]
    assert record["segments"] == [library.key(int(segment)) for segment in target["segment_ids"]]
    assert record["words"] == [{}] * len(target["labels"])
    scene = Scene.from_json(json.dumps(record["scene"]))
    assert digest(stream.render(scene, 7)) == digest((image, target))


def test_scenes_of_a_stream_without() -> None:
    class Other(sos.data.stream.SampleStream):
        def sample(self, index: int, epoch: int | None = None) -> Any: ...
        def identity(self) -> Any: ...
        @property
        def category_names(self) -> list[str]:
            return ["cat"]

    with pytest.raises(CacheError, match="settings: scene: expected false, as Other has no scenes"):
        SampleDescription(Other(1), scene=True)
    with pytest.raises(CacheError, match=r"sample 5 of epoch 1: labels: expected 1 … 1, .* found 2 … 2"):
        SampleDescription(Other(1), scene=False)({"labels": torch.tensor([2])}, 1, 5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patches": object()}, r"target\['patches'\]: .* set device.composite: false"),
        ({"mine": (1, 2)}, r"target\['mine'\]: cannot be stored: .* found tuple"),
        ({"mine": [(1, 2)]}, r"target\['mine'\]: cannot be stored: it would not come back"),
        ({"mine": {1: 2}}, r"target\['mine'\]: cannot be stored: it would not come back"),
        ({"mine": float("nan")}, r"target\['mine'\]: cannot be stored"),
        ({"mine": {"a": np.float32(1)}}, r"target\['mine'\]: cannot be stored"),
        ({"mine": np.zeros(3)}, r"target\['mine'\]: .* found ndarray"),
        ({"mine": torch.tensor([float("inf")])}, r"target\['mine'\]: .* not finite"),
        ({"mine": torch.zeros(2, dtype=torch.complex64)}, r"target\['mine'\]: .* complex64"),
        ({"mine": torch.zeros(2**20 + 1)}, r"target\['mine'\]: .* 1048577 numbers"),
        ({"mine": torch.eye(3).to_sparse()}, r"target\['mine'\]: .*sparse"),
        ({"mine": Image(torch.zeros(3, 8, 9, dtype=torch.uint8))}, r"target\['mine'\]: .* found Image"),
        ({7: 1}, r"target\[7\]: .* key that is text"),
        ({"masks": Mask(torch.full((2, 8, 9), 2, dtype=torch.uint8))}, r"target\['masks'\]: .* of 0 and 1"),
        ({"masks": Mask(torch.zeros(2, 4, 9, dtype=torch.uint8))}, r"target\['masks'\]: .* of 0 and 1"),
        ({"instance_map": Mask(torch.full((8, 9), 3))}, r"instance_map: expected ids 0 … 2, found 3 … 3"),
        ({"instance_map": Mask(torch.full((8, 9), -1))}, r"instance_map: expected ids 0 … 2, found -1 … -1"),
        ({"instance_map": Mask(torch.zeros(8, 9))}, r"instance_map: expected torch.uint8, .* found torch.float32"),
        ({"instance_map": Mask(torch.zeros(8, 8, dtype=torch.int16))}, r"instance_map: expected the image's size"),
        ({"instance_map": Mask(torch.zeros(8, 9, dtype=torch.int16, device="meta"))}, r"instance_map: .* on meta"),
        ({"instance_map": None}, r"target: expected labels \[N\] and an instance_map"),
    ],
)
def test_what_cannot_be_stored_is_named(changes: dict[Any, Any], message: str) -> None:
    image, target = made_up_target(2, (8, 9))
    with pytest.raises(CacheError, match=f"^0002-000000007: {message}"):
        encode(image, {**target, **changes})


def test_an_id_below_zero_is_none_however_many_rows_there_are() -> None:
    with pytest.raises(CacheError, match=r"x: instance_map: expected ids 0 … 32767, found -32000 … -32000"):
        ids_of(torch.full((8, 9), -32000, dtype=torch.int16), 40_000, "x")


@pytest.mark.parametrize("number", [1e300, 1 / 3])
def test_a_number_that_a_dtype_does_not_hold(number: float) -> None:
    image, target = made_up_target(2, (8, 9))
    members = encode(image, {**target, "mine": torch.ones(1, dtype=torch.bfloat16)})
    record = json.loads(members[RECORD])
    record["target"]["mine"] = [number]
    with pytest.raises(BrokenSampleError, match=r"target.mine: expected numbers of torch.bfloat16"):
        decode({**members, RECORD: json.dumps(record).encode()})
