"""Samples as members of a shard, and back to the bit; and members that are not what they should be."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.tv_tensors import Image, Mask

import sos_online as sos
from sos_online.data.cache.codec import MAP, RECORD, StoredSample, decode_sample, encode_sample
from sos_online.data.cache.description import SampleDescription
from sos_online.data.cache.format import CacheSettings
from sos_online.errors import BrokenSampleError, CacheError
from sos_online.types import Scene, Target
from tests.data.cache.made_up import made_up_target, small_stream
from tests.data.compare import digest

PNG = CacheSettings(image_format="png")


def encode(image: Any, target: Target, how: CacheSettings = PNG, **described: Any) -> dict[str, bytes]:
    return encode_sample(image, target, epoch=2, index=7, settings=how, described=described)


def decode(members: dict[str, bytes], how: CacheSettings = PNG, categories: int = 4) -> StoredSample:
    return decode_sample(members, how, epoch=2, index=7, categories=categories, where="s.tar: sample k")


def check_same(stored: StoredSample, image: Any, target: Target) -> None:
    assert digest((stored.image, stored.target)) == digest((image, target))
    assert isinstance(stored.image, Image)
    assert {key: type(value) for key, value in stored.target.items()} == {
        key: type(value) for key, value in target.items()
    }
    assert stored.target["boxes"].canvas_size == target["boxes"].canvas_size


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
        ({"instance_map": None}, r"target: expected labels \[N\] and an instance_map"),
    ],
)
def test_what_cannot_be_stored_is_named(changes: dict[Any, Any], message: str) -> None:
    image, target = made_up_target(2, (8, 9))
    with pytest.raises(CacheError, match=f"^0002-000000007: {message}"):
        encode(image, {**target, **changes})


GREY = torch.zeros(1, 8, 9, dtype=torch.uint8)


@pytest.mark.parametrize("image", [torch.zeros(3, 8, 9), GREY], ids=["float", "grey"])
def test_a_picture_that_cannot_be_stored(image: torch.Tensor) -> None:
    with pytest.raises(CacheError, match=r"^0002-000000007: image: expected uint8 \[3, H, W\], found torch"):
        encode(image, made_up_target(2, (8, 9))[1])


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, bytes]:
    """Members of two objects on 8 x 9 pixels whose record was changed."""
    image, target = made_up_target(2, (8, 9))
    members = encode(image, target)
    record = json.loads(members[RECORD])
    change(record)
    return {**members, RECORD: json.dumps(record).encode()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.update(epoch=3), "epoch: expected 2, found 3"),
        (lambda r: r.update(index="7"), "index: expected 7, found '7'"),
        (lambda r: r.pop("size_hw"), "size_hw: expected height and width, found None"),
        (lambda r: r.update(size_hw=[8, 9.0]), "size_hw: expected height and width"),
        (lambda r: r.update(size_hw=[10**6, 10**6]), "size_hw: expected at most 67108864 pixels"),
        (lambda r: r.update(size_hw=[9, 8]), "target.masks: expected .* masks of the picture's size"),
        (lambda r: r.pop("target"), "target: expected values and their types"),
        (lambda r: r["types"].update(none=["tensor", "int64", []]), "target: expected values and their types"),
        (lambda r: r["types"].update(labels="int64"), "target.labels: type: expected kind"),
        (lambda r: r["types"]["labels"].__setitem__(1, "object"), "target.labels: type: expected kind"),
        (lambda r: r["types"]["labels"].__setitem__(2, [10**12]), "target.labels: type: expected kind"),
        (lambda r: r["types"]["labels"].__setitem__(2, [2**30, 2**30]), "target.labels: expected at most"),
        (lambda r: r["target"].update(labels=[1, 2, 3]), "target.labels: expected torch.int64"),
        (lambda r: r["target"].update(labels=[1, 1.5]), "target.labels: expected torch.int64"),
        (lambda r: r["target"].update(labels=[1, "2"]), "target.labels: expected torch.int64"),
        (lambda r: r["target"].update(labels=[1, [2]]), "target.labels: "),
        (lambda r: r["target"].update(labels=[1, 2**70]), "target.labels: expected torch.int64"),
        (lambda r: r["target"].update(labels=[1, 5]), r"target.labels: expected 1 … 4, found \[1, 5\]"),
        (lambda r: r["target"].update(labels=[0, 1]), "target.labels: expected 1 … 4"),
        (lambda r: r["target"].update(visibility=[0.5, 0.1]), "target.visibility: expected numbers of torch.float32"),
        (lambda r: (r["target"].pop("labels"), r["types"].pop("labels")), "target.boxes: .* as many rows as labels"),
        (lambda r: (r["target"].update(area=[1]), r["types"]["area"].__setitem__(2, [1])), "target.area: .* rows"),
        (lambda r: r["target"]["boxes"][0].pop(), "target.boxes: "),
        (lambda r: r["types"]["area"].__setitem__(0, "boxes"), r"target.area: expected boxes \[N, 4\]"),
        (lambda r: r["target"]["masks"][1].update(counts="0"), "target.masks: 1: no valid RLE"),
        (lambda r: r["target"]["masks"][1].update(size=[4000, 4000]), "target.masks: 1: no valid RLE"),
        (lambda r: r["target"]["masks"].__setitem__(1, [[0, 0, 9, 0, 9, 9]]), "target.masks: 1: no valid RLE"),
        (lambda r: r.update(map_dtype="torch.float32"), "instance_map: dtype: expected"),
        (lambda r: r.update(light={"relighter": "magic"}), "light.relighter: Input should be"),
        (lambda r: r.update(light={"seed": "1"}), "light.seed: Input should be a valid integer"),
        (lambda r: r.update(light=7), "light.: Input should be"),
    ],
)
def test_a_record_that_says_something_else(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(BrokenSampleError, match=f"^s.tar: sample k: {message}"):
        decode(changed(change))


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'{"a": ' + b"9" * 5000 + b"}"],
    ids=["empty", "list", "cut", "no text", "deep", "nan", "long number"],
)
def test_a_record_that_is_no_json(content: bytes) -> None:
    members = changed(dict)
    with pytest.raises(BrokenSampleError, match=r"^s.tar: sample k: json: "):
        decode({**members, RECORD: content})


def png_header(width: int, height: int) -> bytes:
    """A PNG that states a size and has next to no pixels."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = {b"IHDR": size, b"IDAT": zlib.compress(b"0"), b"IEND": b""}
    body = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks.items())  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def test_a_picture_of_another_size_is_never_decoded() -> None:
    members = changed(dict)
    for suffix in ("png", MAP):
        with pytest.raises(BrokenSampleError, match="expected 9 x 8 pixels, found 60000 x 60000"):
            decode({**members, suffix: png_header(60000, 60000)})
        with pytest.raises(BrokenSampleError, match=r"expected a PNG, found (no picture|WEBP)"):
            decode({**members, suffix: b"GIF89a"})


def test_pictures_of_other_kinds() -> None:
    members = changed(dict)
    with pytest.raises(BrokenSampleError, match="instance_map: expected grey of 16 bits, found uint8"):
        decode({**members, MAP: members["png"]})
    ids = encode(*made_up_target(5, (8, 9)))[MAP]
    with pytest.raises(BrokenSampleError, match="instance_map: expected ids 0 … 2, found 5"):
        decode({**members, MAP: ids})
    webp = encode(*made_up_target(2, (8, 9)), CacheSettings(image_format="webp"))["webp"]
    with pytest.raises(BrokenSampleError, match="expected a PNG, found WEBP"):
        decode({**members, "png": webp})


@settings(max_examples=150)
@given(data=st.data())
def test_damage_is_an_error_of_ours_or_harmless(data: st.DataObject) -> None:
    """Whatever byte changes in whatever member, nothing but ``BrokenSampleError`` comes out of it."""
    members = changed(dict)
    suffix = data.draw(st.sampled_from(sorted(members)))
    content = bytearray(members[suffix])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        stored = decode({**members, suffix: bytes(content)})
    except BrokenSampleError:
        return
    assert stored.image.shape == (3, 8, 9)


@pytest.mark.parametrize(
    ("key", "value"), [("patches", [1]), ("light", 5), ("instance_map", []), ("light_on_segments", True)]
)
def test_keys_that_the_device_stage_would_take_for_its_own_are_refused(key: str, value: Any) -> None:
    members = encode(*made_up_target(2, (8, 9)))
    record = json.loads(members["json"])
    record["target"][key] = value
    with pytest.raises(BrokenSampleError, match=f"target.{key}: expected"):
        decode({**members, "json": json.dumps(record).encode()})


def test_boxes_alone_cannot_be_stored() -> None:
    image, target = made_up_target(2, (8, 9))
    del target["instance_map"]
    with pytest.raises(CacheError, match="a cache keeps an instance map; open the set with masks"):
        encode(image, target)
